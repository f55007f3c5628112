//! What surrounds the elements: encoding, declaration, comments, processing instructions
//! (XML 1.0 sections 2.5, 2.6, 2.8 and 4.3.3).

use super::{
    MAX_OCTETS, Span,
    characters::{is_name, is_permitted},
    tag::{self, Raw},
};
use crate::config::report::{Problem, quoted};

/// How many characters that may not stand in a file are told; a file with more is something else.
const MAX_CHARACTERS: usize = 10;

/// The file as text, a byte order mark included.
pub(super) fn decode(octets: &[u8]) -> Result<&str, Problem> {
    if octets.len() > MAX_OCTETS {
        let says = format!("the file has {} octets; at most {MAX_OCTETS} are read", octets.len());
        return Err(Problem::error(0..0, says).help("name the configuration, not another file"));
    }
    if octets.starts_with(&[0xfe, 0xff]) || octets.starts_with(&[0xff, 0xfe]) {
        let help = "save it as UTF-8: iconv -f UTF-16 -t UTF-8 OLD > NEW";
        return Err(Problem::error(0..2, "the file is UTF-16").help(help));
    }
    std::str::from_utf8(octets).map_err(|error| {
        let at = error.valid_up_to();
        let octet = octets.get(at).copied().unwrap_or_default();
        let says = format!("the octet 0x{octet:02x} is not UTF-8 here");
        let help = "save the file as UTF-8; if it is ISO 8859-1: iconv -f ISO-8859-1 -t UTF-8 OLD > NEW";
        Problem::error(at..at + 1, says).help(help)
    })
}

/// The characters that may not stand in a file.
pub(super) fn forbidden(source: &str) -> impl Iterator<Item = Problem> {
    source.char_indices().filter(|(_, letter)| !is_permitted(*letter)).take(MAX_CHARACTERS).map(
        |(at, letter)| {
            let says = format!("the character U+{:04X} cannot stand in a configuration", u32::from(letter));
            Problem::error(at..at + letter.len_utf8(), says)
                .help("take it out; of control characters XML has only blanks")
        },
    )
}

/// What is wrong with a declaration, `<?xml … ?>`; `content` is what is between the question marks.
///
/// # Errors
///
/// It cannot be read, so that what follows it could be a part of it.
pub(super) fn declaration(content: &str, at: usize) -> Result<Vec<Problem>, Problem> {
    let unreadable =
        |problem: Problem| Problem::error(problem.span, "the declaration cannot be read").help(WHOLE);
    let tag = tag::scan(content, at).map_err(unreadable)?;
    let mut problems = Vec::new();
    // Their order is fixed, and only the first must be there.
    let mut names = ["version", "encoding", "standalone"].into_iter();
    for attribute in &tag.attributes {
        if names.any(|name| name == attribute.name) {
            problems.extend(setting(attribute));
        } else {
            let says = format!("{} cannot stand here in the declaration", quoted(attribute.name));
            problems.push(Problem::error(attribute.name_span.clone(), says).help(WHOLE));
        }
    }
    if !tag.attributes.iter().any(|attribute| attribute.name == "version") {
        problems.push(Problem::error(tag.name_span, "the declaration names no version").help(WHOLE));
    }
    Ok(problems)
}

const WHOLE: &str = r#"write <?xml version="1.0" encoding="UTF-8"?>"#;

/// What is wrong with what a declaration says.
fn setting(attribute: &Raw<'_>) -> Option<Problem> {
    // Each octet of US-ASCII is the same in UTF-8.
    let (permitted, help): (&[&str], _) = match attribute.name {
        "version" => (&["1.0"], "write version=\"1.0\""),
        "encoding" => {
            (&["UTF-8", "UTF8", "US-ASCII"], "save the file as UTF-8, and write encoding=\"UTF-8\"")
        }
        _ => (&["yes", "no"], "write standalone=\"yes\", or leave it out"),
    };
    if permitted.iter().any(|value| value.eq_ignore_ascii_case(attribute.value)) {
        return None;
    }
    let says = format!("the {} of the file is {}", attribute.name, quoted(attribute.value));
    Some(Problem::error(attribute.value_span.clone(), says).help(help))
}

/// What is wrong with a comment; `content` is what is between `<!--` and `-->`.
pub(super) fn comment(content: &str, at: usize) -> Option<Problem> {
    let found = content.find("--").or_else(|| content.ends_with('-').then(|| content.len() - 1))?;
    let start = at + found;
    let says = "a comment cannot have two hyphens inside, nor one at its end";
    Some(Problem::error(start..start + 2, says).help("take one out, or write = instead"))
}

/// What is wrong with a processing instruction; `content` is what is between the question marks.
pub(super) fn instruction(content: &str, span: Span) -> Option<Problem> {
    let target = content.split(super::characters::is_blank).next().unwrap_or_default();
    if target.eq_ignore_ascii_case("xml") {
        let says = "a declaration stands only at the very beginning of a file, in small letters";
        return Some(
            Problem::error(span, says).help("take out what stands before it, blanks and empty lines too"),
        );
    }
    if is_name(target) {
        return None;
    }
    let says = format!("{} is not the name of a processing instruction", quoted(target));
    Some(Problem::error(span, says).help("take it out: none has a meaning here"))
}
