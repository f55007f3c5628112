//! What is said of elements that stand where they cannot, too often, or not at all.

use crate::config::{
    problems::Problems,
    report::{Problem, nearest, quoted},
    vocabulary::{Entry, Holds, Place, Syntax},
    xml::Element,
};

/// Names that are listed when nothing better is known: more would not be read.
const MAX_LISTED: usize = 14;

/// An element that the vocabulary does not have here.
pub(super) fn unknown(element: &Element, place: Place) -> Problem {
    let name = &element.name;
    let holder = place.holder();
    let problem = |says: String| Problem::error(element.name_span.clone(), says);
    if let Some(meant) = nearest(name, honoured(place)) {
        return problem(format!("<{name}> is not known in {holder}"))
            .help(format!("did you mean <{meant}>?"));
    }
    let places = place.of_its_file();
    let elsewhere: Vec<String> = places
        .iter()
        .copied()
        .filter(|other| other.find(name).is_some_and(|entry| entry.name != "*" && entry.is_honoured()))
        .map(Place::holder)
        .take(3)
        .collect();
    if !elsewhere.is_empty() {
        return problem(format!("<{name}> does not stand in {holder}"))
            .help(format!("it stands in {}", elsewhere.join(" or in ")));
    }
    let words: Vec<_> = places.into_iter().flat_map(honoured).collect();
    let problem = problem(format!("<{name}> is not known in {holder}"));
    match nearest(name, words) {
        Some(meant) => problem.help(format!("did you mean <{meant}>?")),
        None => match listed(place) {
            Some(list) => problem.help(list),
            None => problem,
        },
    }
}

/// Text where elements should be.
pub(super) fn text(element: &Element, place: Place) -> Problem {
    let says = format!("<{}> holds elements, and here {}", element.name, quoted(&element.text.value));
    let problem = Problem::error(element.text.span.clone(), says);
    match listed(place) {
        Some(list) => problem.help(list),
        None => problem,
    }
}

/// An element that should be there, inside of `absent` if even that is not.
pub(super) fn missing(element: &Element, absent: Option<&str>, entry: &Entry) -> Problem {
    let (holder, name) = (&element.name, entry.name);
    let says = match absent {
        None => format!("<{holder}> has no <{name}>"),
        Some(absent) => format!("<{holder}> has no <{absent}> with <{name}>"),
    };
    let example = format!("<{name}>{}</{name}>", entry.example);
    let help = match (entry.holds, absent) {
        (Holds::Text(_), None) => format!("add one, such as {example}"),
        (Holds::Text(_), Some(absent)) => format!("add them, such as <{absent}>{example}</{absent}>"),
        _ => format!("add one: {}", lower(entry.says)),
    };
    Problem::error(element.name_span.clone(), says).help(help)
}

/// An element that stands there a second time.
pub(super) fn twice(element: &Element, first: &Element, holder: &Element) -> Problem {
    let says = format!("<{}> stands twice in <{}>", element.name, holder.name);
    Problem::error(element.name_span.clone(), says)
        .help("leave one of them")
        .also(first.name_span.clone(), "first here")
}

/// Attributes: the vocabulary has none. What belongs to another namespace, such as the place of a schema, is not ours.
pub(super) fn attributes(element: &Element, problems: &mut Problems) {
    for attribute in element.attributes.iter().filter(|attribute| attribute.namespace.is_none()) {
        let name = &attribute.name;
        let says = format!("<{}> takes no attributes, and here {}", element.name, quoted(name));
        problems.push(
            Problem::error(attribute.name_span.clone(), says)
                .help(format!("write it as an element inside: <{name}>…</{name}>")),
        );
    }
}

/// What an operator can write for a value of this syntax.
pub(super) fn how(entry: &Entry, syntax: Syntax) -> String {
    match syntax {
        Syntax::Words(words) => one_of(words),
        Syntax::Only(word, why) => format!("use {word}: {why}"),
        _ => format!("write it as <{0}>{1}</{0}>", entry.name, entry.example),
    }
}

/// `use a, b or c`.
pub(super) fn one_of(words: &[&str]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => format!("use {only}"),
        Some((last, others)) => format!("use {} or {last}", others.join(", ")),
    }
}

fn honoured(place: Place) -> impl Iterator<Item = &'static str> {
    place.entries().filter(|entry| entry.is_honoured()).flat_map(Entry::names)
}

/// What may stand there, if it is few enough to read.
fn listed(place: Place) -> Option<String> {
    let names: Vec<_> = place
        .entries()
        .filter(|entry| entry.is_honoured())
        .map(|entry| format!("<{}>", entry.name))
        .collect();
    let (last, others) = names.split_last()?;
    match others.len() {
        0 => Some(format!("it may hold {last}")),
        1..MAX_LISTED => Some(format!("it may hold {} and {last}", others.join(", "))),
        _ => None,
    }
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
