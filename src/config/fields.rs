//! An element, checked against the vocabulary: what stands in it, each value read as its syntax says.

mod misplaced;
mod syntax;

use std::{ops::Range, time::Duration};

pub(super) use syntax::Value;

use super::{
    problems::Problems,
    report::Problem,
    spanned::Spanned,
    vocabulary::{Entry, Holds, Occurs, Place, Status},
    xml::Element,
};

/// What stands in an element, as far as it is sound. All else has been reported.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) element: &'a Element,
    place: Place,
    /// What would hold these fields, if it is not there.
    absent: Option<&'static str>,
    found: Vec<Field<'a>>,
}

/// One element inside.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) entry: &'static Entry,
    pub(super) element: &'a Element,
    /// Its value, if it holds one and that is sound.
    pub(super) value: Option<Value>,
}

impl<'a> Fields<'a> {
    /// Checks what stands in `element`, which is a `place`.
    pub(super) fn read(element: &'a Element, place: Place, problems: &mut Problems) -> Self {
        let found = Vec::with_capacity(element.children.len());
        let mut fields = Self { element, place, absent: None, found };
        misplaced::attributes(element, problems);
        if element.children.is_empty() && !element.text.value.is_empty() {
            problems.push(misplaced::text(element, place));
        }
        for child in &element.children {
            // Nobody would be told of another, and finding out takes time.
            if problems.is_full() {
                return fields;
            }
            match place.find(&child.name) {
                Some(entry) => fields.take(entry, child, problems),
                None => problems.push(misplaced::unknown(child, place)),
            }
        }
        fields.need(problems);
        fields
    }

    /// Reports what must be there and is not.
    fn need(&self, problems: &mut Problems) {
        for entry in self.place.entries() {
            let needed = matches!(entry.occurs, Occurs::AtLeastOnce | Occurs::Once) && entry.is_honoured();
            if needed && !self.has(entry.name) {
                problems.push(misplaced::missing(self.element, self.absent, entry));
            }
        }
    }

    fn take(&mut self, entry: &'static Entry, element: &'a Element, problems: &mut Problems) {
        match entry.status {
            Status::Honoured => {}
            Status::Ignored(reason) => {
                let says = format!("<{}> does nothing: {reason}", element.name);
                return problems.push(Problem::warning(element.name_span.clone(), says));
            }
            Status::Refused(reason) => {
                let says = format!("<{}> is not supported: {reason}", element.name);
                return problems.push(Problem::error(element.name_span.clone(), says));
            }
        }
        if matches!(entry.occurs, Occurs::AtMostOnce | Occurs::Once)
            && let Some(first) = self.field(entry.name)
        {
            problems.push(misplaced::twice(element, first.element, self.element));
        }
        let value = match entry.holds {
            Holds::Text(syntax) => {
                misplaced::attributes(element, problems);
                syntax::read(element, entry, syntax).map_err(|problem| problems.push(problem)).ok()
            }
            Holds::Nothing => {
                misplaced::attributes(element, problems);
                if !element.children.is_empty() || !element.text.value.is_empty() {
                    let says = format!("<{}> holds nothing", element.name);
                    let help = format!("write it as <{}/>", element.name);
                    problems.push(Problem::error(element.name_span.clone(), says).help(help));
                }
                None
            }
            Holds::Elements(_) | Holds::OptionsOfModule | Holds::PropertiesOfType => None,
        };
        self.found.push(Field { entry, element, value });
    }

    /// Everything that was found, in the order of the file.
    pub(super) fn all(&self) -> &[Field<'a>] {
        &self.found
    }

    /// The first element of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields(name).next()
    }

    /// All elements of this name, under any of its names.
    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        debug_assert!(self.place.entries().any(|entry| entry.name == name), "{name} in {:?}", self.place);
        self.found.iter().filter(move |field| field.entry.name == name)
    }

    /// Whether there is one of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// The first element of this name, to be read further.
    pub(super) fn child(&self, name: &str) -> Option<&'a Element> {
        self.field(name).map(|field| field.element)
    }

    /// All elements of this name, to be read further.
    pub(super) fn children(&self, name: &str) -> impl Iterator<Item = &'a Element> {
        self.fields(name).map(|field| field.element)
    }

    /// The same where `holder` does not have the element `absent`, which would be a `place`.
    pub(super) fn none(
        holder: &'a Element,
        absent: &'static str,
        place: Place,
        problems: &mut Problems,
    ) -> Self {
        let fields = Self { element: holder, place, absent: Some(absent), found: Vec::new() };
        fields.need(problems);
        fields
    }

    /// What the first element of this name says.
    pub(super) fn text(&self, name: &str) -> Option<Spanned<String>> {
        self.field(name).and_then(Field::text)
    }

    /// What all elements of this name say.
    pub(super) fn texts(&self, name: &str) -> Vec<Spanned<String>> {
        self.fields(name).filter_map(Field::text).collect()
    }

    /// The values in the first element of this name, between its commas.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        Some(self.items(name)?.into_iter().map(|item| item.value).collect())
    }

    /// The same, each with its place.
    pub(super) fn items(&self, name: &str) -> Option<Vec<Spanned<String>>> {
        match &self.field(name)?.value {
            Some(Value::List(list)) => Some(list.clone()),
            _ => None,
        }
    }

    /// The word in the first element of this name: one of those that the vocabulary has.
    pub(super) fn word(&self, name: &str) -> Option<&'static str> {
        self.field(name)?.word()
    }

    /// What the first element of this name says of `true` and `false`, or of `enabled` and `disabled`.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.field(name)?.value {
            Some(Value::Flag(flag)) => Some(flag),
            _ => None,
        }
    }

    /// The number in the first element of this name.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        match self.field(name)?.value {
            Some(Value::Count(count)) => Some(count),
            _ => None,
        }
    }

    /// The time in the first element of this name.
    pub(super) fn time(&self, name: &str) -> Option<Duration> {
        match self.field(name)?.value {
            Some(Value::Time(time)) => Some(time),
            _ => None,
        }
    }

    /// Where the element itself is named.
    pub(super) fn name_span(&self) -> Range<usize> {
        self.element.name_span.clone()
    }
}

impl Field<'_> {
    /// What it says.
    pub(super) fn text(&self) -> Option<Spanned<String>> {
        match &self.value {
            Some(Value::Text(text)) => Some(Spanned::new(text.clone(), self.element.text.span.clone())),
            _ => None,
        }
    }

    /// The word that it is.
    pub(super) fn word(&self) -> Option<&'static str> {
        match self.value {
            Some(Value::Word(word)) => Some(word),
            _ => None,
        }
    }
}
