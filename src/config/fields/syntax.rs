//! From the text of an element to a value, as its entry in the vocabulary says that it is written.

use std::time::Duration;

use super::misplaced;
use crate::config::{
    report::{Problem, nearest, quoted},
    spanned::Spanned,
    value::{self, Bind, ValueError},
    vocabulary::{Entry, Syntax},
    xml::Element,
};

/// A value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::config) enum Value {
    /// An address to listen on or to dial from.
    Bind(Bind),
    /// A number; of octets, or of octets a second, for a size or a rate.
    Count(u64),
    /// On or off.
    Flag(bool),
    /// What stands between commas.
    List(Vec<Spanned<String>>),
    /// Text that stands in the element alone, and is not copied.
    Secret,
    /// Text whose meaning the vocabulary does not know.
    Text(String),
    /// A time.
    Time(Duration),
    /// One of the words of the vocabulary.
    Word(&'static str),
}

impl Value {
    /// Whether both say the same, wherever they stand.
    pub(in crate::config) fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(one), Self::List(other)) => {
                one.iter().map(|item| &item.value).eq(other.iter().map(|item| &item.value))
            }
            _ => self == other,
        }
    }
}

/// Reads the value that `element` holds.
pub(super) fn read(element: &Element, entry: &Entry, syntax: Syntax) -> Result<Value, Problem> {
    let name = element.name.as_str();
    if let Some(child) = element.children.first() {
        let says = format!("<{name}> holds a value, and here <{}>", child.name);
        return Err(Problem::error(child.name_span.clone(), says).help(misplaced::how(entry, syntax)));
    }
    let text = element.text.value.as_str();
    if text.is_empty() {
        let says = format!("<{name}> is empty");
        return Err(Problem::error(element.name_span.clone(), says).help(misplaced::how(entry, syntax)));
    }
    let wrong = |error: ValueError| error.problem(name, &element.text);
    match syntax {
        Syntax::Bind => value::bind(text).map(Value::Bind).map_err(wrong),
        Syntax::Count { least, most } => value::count(text, least..=most).map(Value::Count).map_err(wrong),
        Syntax::List => {
            let items = value::list(&element.text).map_err(wrong)?;
            Ok(Value::List(items.into_iter().map(|item| Spanned::new(item.value, item.span)).collect()))
        }
        Syntax::Rate => value::rate(text).map(Value::Count).map_err(wrong),
        Syntax::Size { least } => match value::size(text).map_err(wrong)? {
            size if size < least => {
                let says = format!("<{name}> is {}, and nothing fits below {least} octets", quoted(text));
                Err(Problem::error(element.text.span.clone(), says)
                    .help(format!("write a larger one, such as {}", entry.example)))
            }
            size => Ok(Value::Count(size)),
        },
        Syntax::Switch | Syntax::Truth => value::switch(text).map(Value::Flag).map_err(wrong),
        Syntax::File | Syntax::ModuleType | Syntax::ServiceType | Syntax::Text => {
            Ok(Value::Text(text.to_owned()))
        }
        Syntax::Secret => Ok(Value::Secret),
        Syntax::Time => match value::time(text).map_err(wrong)? {
            time if time.is_zero() => {
                let says = format!("<{name}> is {}, which is no time at all", quoted(text));
                Err(Problem::error(element.text.span.clone(), says)
                    .help(format!("write a longer one, such as {}", entry.example)))
            }
            time => Ok(Value::Time(time)),
        },
        Syntax::TimeOrNone => value::time(text).map(Value::Time).map_err(wrong),
        Syntax::Only(word, _) => one_of(element, entry, syntax, &[word]),
        Syntax::Words(words) => one_of(element, entry, syntax, words),
    }
}

fn one_of(
    element: &Element,
    entry: &Entry,
    syntax: Syntax,
    words: &[&'static str],
) -> Result<Value, Problem> {
    let text = element.text.value.as_str();
    if let Some(word) = words.iter().copied().find(|word| *word == text) {
        return Ok(Value::Word(word));
    }
    let help = match nearest(text, words.iter().copied()) {
        Some(meant) if words.len() > 1 => {
            format!("did you mean `{meant}`? {}", misplaced::how(entry, syntax))
        }
        _ => misplaced::how(entry, syntax),
    };
    let says = format!("<{}> is {}", element.name, quoted(text));
    Err(Problem::error(element.text.span.clone(), says).help(help))
}
