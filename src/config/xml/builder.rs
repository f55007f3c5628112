//! The tree, built from what `quick-xml` finds, and the checks that need to know what is open.

use std::{mem, ops::ControlFlow};

use quick_xml::{Reader, events::Event};

use super::{
    Attribute, Document, Element, MAX_DEPTH, MAX_ELEMENTS, MAX_PROBLEMS, Span,
    characters::{inner, refer, split_name},
    namespaces::Scopes,
    outside,
    tag::{self, Raw},
    text::{self, Pieces, Text},
    unreadable::unreadable,
};
use crate::config::report::{Problem, quoted};

/// The byte order mark that some editors put in front of UTF-8.
const MARK: char = '\u{feff}';

/// Reads the tree of a file, and tells what is wrong with it. Without a tree, there is always something wrong.
pub(super) fn build(source: &str) -> (Option<Document>, Vec<Problem>) {
    let mut builder = Builder {
        source,
        problems: outside::forbidden(source).collect(),
        scopes: Scopes::new(),
        open: Vec::new(),
        root: None,
        elements: 0,
        is_whole: true,
    };
    if builder.run().is_break() {
        builder.is_whole = false;
    } else {
        builder.end();
    }
    let document = builder.root.filter(|_| builder.is_whole).map(|root| Document { root });
    (document, builder.problems)
}

struct Builder<'a> {
    source: &'a str,
    problems: Vec<Problem>,
    scopes: Scopes,
    open: Vec<Open>,
    root: Option<Element>,
    elements: usize,
    /// Whether the tree is what its author meant: every tag could be read and is closed where it should be.
    is_whole: bool,
}

/// An element whose end tag is yet to come.
struct Open {
    /// As it is written, prefix and all: the end tag must be the same.
    tag: String,
    tag_span: Span,
    element: Element,
    pieces: Pieces,
}

impl<'a> Builder<'a> {
    /// Reads to the end, or to what cannot be read past.
    fn run(&mut self) -> ControlFlow<()> {
        // The reader skips a byte order mark and does not count it.
        let mark = if self.source.starts_with(MARK) { MARK.len_utf8() } else { 0 };
        let mut reader = Reader::from_str(self.source);
        let config = reader.config_mut();
        // These are judged here, where the places of both tags are known.
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).saturating_add(mark);
        loop {
            let start = place(reader.buffer_position());
            let event = reader.read_event();
            let span = start..place(reader.buffer_position());
            match event {
                Ok(Event::Eof) => return ControlFlow::Continue(()),
                Ok(event) => self.take(&event, span, mark)?,
                Err(error) => {
                    let start = place(reader.error_position());
                    return self.stop(unreadable(&error, self.source, start));
                }
            }
            if self.problems.len() >= MAX_PROBLEMS {
                return ControlFlow::Break(());
            }
        }
    }

    fn take(&mut self, event: &Event<'_>, span: Span, mark: usize) -> ControlFlow<()> {
        match event {
            Event::Start(_) => self.start(&span, 1)?,
            Event::Empty(_) => {
                self.start(&span, 2)?;
                self.close(span.end);
            }
            Event::End(_) => self.finish(&span),
            Event::Text(_) => self.text(&span),
            Event::GeneralRef(_) => self.reference(&span),
            Event::CData(_) => self.cdata(&span),
            Event::Comment(_) => {
                let (content, at) = self.inside(&span, 4, 3);
                self.problems.extend(outside::comment(content, at));
            }
            Event::Decl(_) if span.start == mark => {
                let (content, at) = self.inside(&span, 2, 2);
                match outside::declaration(content, at) {
                    Ok(problems) => self.problems.extend(problems),
                    Err(problem) => return self.stop(problem),
                }
            }
            Event::Decl(_) | Event::PI(_) => {
                let (content, _) = self.inside(&span, 2, 2);
                self.problems.extend(outside::instruction(content, span));
            }
            Event::DocType(_) => {
                let help = "take it out: entities and files that it names are not read, for safety";
                self.problems
                    .push(Problem::error(span, "a document type definition is not permitted").help(help));
            }
            Event::Eof => {}
        }
        ControlFlow::Continue(())
    }

    /// Says what is wrong, and that nothing after it can be told.
    fn stop(&mut self, problem: Problem) -> ControlFlow<()> {
        self.problems.push(problem);
        ControlFlow::Break(())
    }

    fn written(&self, span: &Span) -> &'a str {
        self.source.get(span.clone()).unwrap_or_default()
    }

    /// What is written there but for so many octets at both ends, and where that begins.
    fn inside(&self, span: &Span, before: usize, after: usize) -> (&'a str, usize) {
        let start = span.start + before;
        (self.written(&(start..span.end.saturating_sub(after).max(start))), start)
    }

    /// A start tag, whose end has so many octets.
    fn start(&mut self, span: &Span, end: usize) -> ControlFlow<()> {
        let (content, at) = self.inside(span, 1, end);
        let tag = match tag::scan(content, at) {
            Ok(tag) => tag,
            Err(problem) => return self.stop(problem),
        };
        let Some((prefix, local)) = split_name(tag.name) else {
            let help = "a name begins with a letter; a < that begins no tag is written &lt;";
            let says = format!("{} is not the name of an element", quoted(tag.name));
            return self
                .stop(Problem::error(span.start..tag.name_span.end.max(span.start + 1), says).help(help));
        };
        if let Some(root) = self.root.as_ref().filter(|_| self.open.is_empty()) {
            let says = format!("{} stands after the end of {}", quoted(tag.name), quoted(&root.name));
            let help = format!("a file has one root: move it in front of </{}>", root.name);
            let root = root.name_span.clone();
            return self.stop(Problem::error(tag.name_span, says).help(help).also(root, "the root"));
        }
        self.elements += 1;
        if self.open.len() >= MAX_DEPTH || self.elements > MAX_ELEMENTS {
            let says =
                format!("a file has at most {MAX_ELEMENTS} elements, at most {MAX_DEPTH} deep in each other");
            return self.stop(Problem::error(tag.name_span, says));
        }

        self.scopes.open();
        let (declarations, attributes): (Vec<_>, Vec<_>) =
            tag.attributes.iter().partition(|raw| raw.name == "xmlns" || raw.name.starts_with("xmlns:"));
        for raw in declarations {
            self.declare(raw);
        }
        let namespace = if prefix.is_empty() {
            self.scopes.default()
        } else {
            self.scopes.prefixed(prefix, &tag.name_span).map_err(|problem| self.problems.push(problem)).ok()
        };
        let attributes = self.attributes(&attributes);
        let inside = at + content.len();
        let element = Element {
            name: local.to_owned(),
            name_span: tag.name_span.end - local.len()..tag.name_span.end,
            span: span.clone(),
            namespace,
            attributes,
            children: Vec::new(),
            text: Text::new("", inside..inside),
        };
        let tag_span = tag.name_span;
        self.open.push(Open { tag: tag.name.to_owned(), tag_span, element, pieces: Pieces::default() });
        ControlFlow::Continue(())
    }

    /// Declares a namespace.
    fn declare(&mut self, raw: &Raw<'_>) {
        let name = text::attribute(raw.value, &raw.value_span, &mut self.problems);
        let declared = match split_name(raw.name) {
            Some(("", _)) => self.scopes.declare("", &raw.name_span, &name),
            Some((_, prefix)) => self.scopes.declare(prefix, &raw.name_span, &name),
            None => Err(no_attribute(raw)),
        };
        self.problems.extend(declared.err());
    }

    fn attributes(&mut self, all: &[&Raw<'_>]) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        for raw in all {
            match self.attribute(raw, &attributes) {
                Ok(attribute) => attributes.push(attribute),
                Err(problem) => self.problems.push(problem),
            }
        }
        attributes
    }

    fn attribute(&mut self, raw: &Raw<'_>, others: &[Attribute]) -> Result<Attribute, Problem> {
        let (prefix, name) = split_name(raw.name).ok_or_else(|| no_attribute(raw))?;
        let namespace = match prefix {
            "" => None,
            prefix => Some(self.scopes.prefixed(prefix, &raw.name_span)?.0),
        };
        if let Some(first) = others.iter().find(|other| other.name == name && other.namespace == namespace) {
            let says = format!("the attribute {} is there twice", quoted(raw.name));
            let problem = Problem::error(raw.name_span.clone(), says).help("take one of them out");
            return Err(problem.also(first.name_span.clone(), "first here"));
        }
        let name_span = raw.name_span.end - name.len()..raw.name_span.end;
        let value = text::attribute(raw.value, &raw.value_span, &mut self.problems);
        Ok(Attribute { name: name.to_owned(), name_span, namespace, value })
    }

    /// An end tag. It closes the element of its name, even if others in between are still open.
    fn finish(&mut self, span: &Span) {
        let (content, _) = self.inside(span, 2, 1);
        let name = content.get(..inner(content).end).unwrap_or_default();
        let Some(innermost) = self.open.last() else {
            self.is_whole = false;
            let says = format!("{} closes nothing", quoted(&format!("</{name}>")));
            self.problems.push(Problem::error(span.clone(), says).help("take it out"));
            return;
        };
        if innermost.tag != name {
            self.is_whole = false;
            let is_outer = self.open.iter().any(|open| open.tag == name);
            let expected = format!("</{}>", innermost.tag);
            let says = format!("{} stands where {expected} should", quoted(&format!("</{name}>")));
            let help =
                if is_outer { format!("write {expected} before it") } else { format!("write {expected}") };
            let begun = innermost.tag_span.clone();
            self.problems
                .push(Problem::error(span.clone(), says).help(help).also(begun, "this is to be closed"));
            while is_outer && self.open.last().is_some_and(|open| open.tag != name) {
                self.close(span.start);
            }
        }
        self.close(span.end);
    }

    /// Puts the innermost open element, which ends there, where it belongs.
    fn close(&mut self, end: usize) {
        let Some(Open { mut element, mut pieces, .. }) = self.open.pop() else { return };
        self.scopes.close();
        element.span.end = end;
        if !element.children.is_empty()
            && let Some(first) = mem::take(&mut pieces).first
        {
            let says = format!("text stands beside the elements of {}", quoted(&element.name));
            let help = "take it out, or put it into an element or a comment: <!-- … -->";
            self.problems.push(Problem::error(first, says).help(help));
        }
        element.text = pieces.finish(element.text.span.start);
        match self.open.last_mut() {
            Some(parent) => parent.element.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, span: &Span) {
        let text = self.written(span);
        let inner = inner(text);
        let Some(open) = self.open.last_mut() else {
            if !inner.is_empty() {
                self.outside(span.start + inner.start..span.start + inner.end);
            }
            return;
        };
        // The reader begins a text there only if it found no reference.
        if text.starts_with('&') {
            self.problems.push(text::bare_ampersand(span.start));
        }
        if let Some(at) = text.find("]]>") {
            let start = span.start + at;
            let problem = Problem::error(start..start + 3, "`]]>` cannot stand in text");
            self.problems.push(problem.help("write ]]&gt;"));
        }
        open.pieces.literal(text, span.start);
    }

    fn reference(&mut self, span: &Span) {
        let (name, _) = self.inside(span, 1, 1);
        let Some(open) = self.open.last_mut() else { return self.outside(span.clone()) };
        match refer(name) {
            Ok(letter) => open.pieces.character(letter, span.clone()),
            Err(why) => self.problems.push(text::no_reference(name, why, span.start)),
        }
    }

    fn cdata(&mut self, span: &Span) {
        let (content, _) = self.inside(span, 9, 3);
        let Some(open) = self.open.last_mut() else { return self.outside(span.clone()) };
        open.pieces.resolved(content, span.clone());
    }

    /// Says that something stands where only elements and comments may.
    fn outside(&mut self, span: Span) {
        let says = match &self.root {
            Some(root) => format!("text stands after the end of {}", quoted(&root.name)),
            None => "text stands before the first element".to_owned(),
        };
        self.problems
            .push(Problem::error(span, says).help("take it out, or put it into a comment: <!-- … -->"));
    }

    /// The file ends.
    fn end(&mut self) {
        for open in &self.open {
            let says = format!("{} is not closed", quoted(&format!("<{}>", open.tag)));
            let problem = Problem::error(open.tag_span.clone(), says);
            self.problems.push(problem.help(format!("write </{}> where it ends", open.tag)));
        }
        if self.problems.is_empty() && self.root.is_none() {
            let at = self.source.len();
            self.problems
                .push(Problem::error(at..at, "the file has no element").help("is it the right file?"));
        }
    }
}

fn no_attribute(raw: &Raw<'_>) -> Problem {
    let says = format!("{} is not the name of an attribute", quoted(raw.name));
    Problem::error(raw.name_span.clone(), says)
        .help("a name begins with a letter, and has at most one colon inside")
}
