//! The characters of XML: which may stand in a file, which in a name, and what a reference stands for
//! (XML 1.0, fifth edition, sections 2.2, 2.3 and 4.1).

/// What XML takes for a blank.
pub(super) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Whether XML has this character as a blank.
pub(super) fn is_blank(letter: char) -> bool {
    BLANKS.contains(&letter)
}

/// Whether a character may stand in a configuration.
///
/// XML 1.0 permits some control characters (U+007F to U+009F) and discourages them. None has a meaning here, and a
/// terminal that shows a message may obey them.
pub(super) fn is_permitted(letter: char) -> bool {
    is_blank(letter) || !(letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}'))
}

/// Whether a name may begin so.
fn begins_name(letter: char) -> bool {
    matches!(letter,
        'A'..='Z' | 'a'..='z' | '_' | ':'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// Whether a name may go on so.
pub(super) fn continues_name(letter: char) -> bool {
    begins_name(letter)
        || matches!(letter, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether this is a name.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(begins_name) && letters.all(continues_name)
}

/// The prefix (empty if there is none) and the local part of a name, if it is one
/// (Namespaces in XML 1.0, section 4).
pub(super) fn split_name(text: &str) -> Option<(&str, &str)> {
    let is_part = |part: &str| is_name(part) && !part.contains(':');
    match text.split_once(':') {
        None => is_name(text).then_some(("", text)),
        Some((prefix, local)) => (is_part(prefix) && is_part(local)).then_some((prefix, local)),
    }
}

/// Why what stands between `&` and `;` means nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoReference {
    /// A number that is no character, or one that may not stand in a file.
    Character,
    /// A name that would have to be declared in a DTD.
    Entity,
}

/// What a reference stands for; `name` is what is between `&` and `;`.
pub(super) fn refer(name: &str) -> Result<char, NoReference> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Ok('&'),
            "apos" => Ok('\''),
            "gt" => Ok('>'),
            "lt" => Ok('<'),
            "quot" => Ok('"'),
            _ => Err(NoReference::Entity),
        };
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // The standard library takes a sign, XML does not.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(NoReference::Character);
    }
    let code = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    code.filter(|letter| is_permitted(*letter)).ok_or(NoReference::Character)
}

/// Where the blanks at both ends of `text` stop: the octets of what is between them.
pub(super) fn inner(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start_matches(BLANKS).len();
    let end = text.trim_end_matches(BLANKS).len().max(start);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_at_most_one_prefix() {
        for (text, parts) in [
            ("service", Some(("", "service"))),
            ("ws.bind", Some(("", "ws.bind"))),
            ("k:service", Some(("k", "service"))),
            ("größe", Some(("", "größe"))),
            ("a:b:c", None),
            (":a", None),
            ("a:", None),
            ("a:1", None),
            ("1a", None),
            ("-a", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(split_name(text), parts, "{text}");
        }
    }

    #[test]
    fn a_reference_is_one_of_five_names_or_a_number() {
        for (name, letter) in [("amp", '&'), ("lt", '<'), ("#65", 'A'), ("#x1F600", '😀'), ("#10", '\n')] {
            assert_eq!(refer(name), Ok(letter), "{name}");
        }
        for name in ["nbsp", "AMP", "", "lt "] {
            assert_eq!(refer(name), Err(NoReference::Entity), "{name}");
        }
    }

    #[test]
    fn a_number_that_is_no_character_of_a_file_is_refused() {
        let names = [
            "#",
            "#x",
            "#+65",
            "#-1",
            "#X41",
            "#0",
            "#7",
            "#x9B",
            "#xD800",
            "#xFFFE",
            "#x110000",
            "#99999999999",
        ];
        for name in names {
            assert_eq!(refer(name), Err(NoReference::Character), "{name}");
        }
    }
}
