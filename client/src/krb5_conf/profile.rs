//! The form of krb5.conf: sections, relations and the braces around them, as
//! MIT krb5's src/util/profile/prof_parse.c reads them.

use super::Krb5ConfError;

/// Longest file that is read, in octets.
pub const MAX_LENGTH: usize = 1024 * 1024;

/// Most relations of all files together.
pub const MAX_RELATIONS: usize = 65_536;

/// How deep braces may nest.
const MAX_DEPTH: usize = 16;

/// What a file says, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// The file of this name is to be read here.
    Include(String),
    /// The files of this directory are to be read here, those that
    /// [`is_included`] accepts.
    IncludeDir(String),
    /// A value.
    Relation(Relation),
    /// All that follows in later files below this path is to be passed over
    /// (`[realms]*`, `}*`).
    Final(Vec<String>),
}

/// One value, and under which names it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The section, the names in front of its braces, the tag.
    pub path: Vec<String>,
    /// The value, without the quotes around it.
    pub value: String,
    /// Whether later values of the same path are to be passed over.
    pub is_final: bool,
}

/// Whether a file of this name counts in a directory that is included: letters,
/// digits, dashes and underscores alone, or `.conf` at its end.
#[must_use]
pub fn is_included(name: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    !name.starts_with('.') && (name.ends_with(".conf") || (!name.is_empty() && name.chars().all(plain)))
}

/// Reads one file.
///
/// # Errors
///
/// [`Krb5ConfError::Syntax`] with the first line that does not belong,
/// [`Krb5ConfError::TooLong`] above [`MAX_LENGTH`] or [`MAX_RELATIONS`].
pub fn read(text: &str) -> Result<Vec<Item>, Krb5ConfError> {
    if text.len() > MAX_LENGTH {
        return Err(Krb5ConfError::TooLong);
    }
    let mut reader = Reader::default();
    for (number, line) in text.lines().enumerate() {
        reader.line(line.trim()).map_err(|fault| Krb5ConfError::Syntax { line: number + 1, fault })?;
        if reader.items.len() > MAX_RELATIONS {
            return Err(Krb5ConfError::TooLong);
        }
    }
    Ok(reader.items)
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A name with nothing behind it, where only a brace can follow.
    #[error("a {{ is missing after the line before")]
    Brace,
    /// More braces are opened than can be meant.
    #[error("braces nest deeper than {MAX_DEPTH}")]
    Depth,
    /// No equals sign.
    #[error("there is no = in it")]
    Equals,
    /// A section within braces.
    #[error("a section begins while a brace is open; close it with }}")]
    Open,
    /// A section's name has no end, or something stands behind it.
    #[error("a section is written as [name]")]
    Section,
    /// A tag is empty or has blanks in it.
    #[error("what stands before the = must be one word")]
    Tag,
    /// A brace that was not opened.
    #[error("a }} closes what was not opened")]
    Unopened,
}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    /// The section and the names of the braces that are open.
    path: Vec<String>,
    /// A name that stands alone: its brace is on the next line.
    waiting: Option<Name>,
}

/// A tag, and whether a star follows it.
struct Name {
    tag: String,
    is_final: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        if let Some(name) = line.strip_prefix("includedir").and_then(argument) {
            self.items.push(Item::IncludeDir(name.to_owned()));
            return Ok(());
        }
        if let Some(name) = line.strip_prefix("include").and_then(argument) {
            self.items.push(Item::Include(name.to_owned()));
            return Ok(());
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(());
        }
        if let Some(name) = self.waiting.take() {
            return if line == "{" { self.open(name) } else { Err(Fault::Brace) };
        }
        if let Some(name) = line.strip_prefix('[') {
            return self.section(name);
        }
        // Whatever stands in front of the first section is a comment.
        if self.path.is_empty() {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('}') {
            return self.close(rest);
        }
        self.relation(line)
    }

    fn section(&mut self, rest: &str) -> Result<(), Fault> {
        if self.path.len() > 1 {
            return Err(Fault::Open);
        }
        let (name, behind) = rest.split_once(']').ok_or(Fault::Section)?;
        let name = name.trim();
        self.path = vec![name.to_owned()];
        let star = behind.strip_prefix('*');
        if star.is_some() {
            self.items.push(Item::Final(self.path.clone()));
        }
        if star.unwrap_or(behind).trim().is_empty() { Ok(()) } else { Err(Fault::Section) }
    }

    fn close(&mut self, rest: &str) -> Result<(), Fault> {
        if self.path.len() < 2 {
            return Err(Fault::Unopened);
        }
        if rest.starts_with('*') {
            self.items.push(Item::Final(self.path.clone()));
        }
        self.path.pop();
        Ok(())
    }

    fn relation(&mut self, line: &str) -> Result<(), Fault> {
        let (tag, value) = line.split_once('=').ok_or(Fault::Equals)?;
        let tag = tag.trim_end();
        let (tag, is_final) = tag.strip_suffix('*').map_or((tag, false), |tag| (tag, true));
        if tag.is_empty() || tag.contains(char::is_whitespace) {
            return Err(Fault::Tag);
        }
        let name = Name { tag: tag.to_owned(), is_final };
        match value.trim_start() {
            "" => self.waiting = Some(name),
            "{" => self.open(name)?,
            value => {
                let mut path = self.path.clone();
                path.push(name.tag);
                let value = value.strip_prefix('"').map_or_else(|| value.to_owned(), unquoted);
                self.items.push(Item::Relation(Relation { path, value, is_final }));
            }
        }
        Ok(())
    }

    fn open(&mut self, name: Name) -> Result<(), Fault> {
        if self.path.len() >= MAX_DEPTH {
            return Err(Fault::Depth);
        }
        self.path.push(name.tag);
        if name.is_final {
            self.items.push(Item::Final(self.path.clone()));
        }
        Ok(())
    }
}

/// What follows a directive, if blanks do.
fn argument(rest: &str) -> Option<&str> {
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// The text up to the closing quote, with what backslashes stand for.
fn unquoted(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('b') => value.push('\u{8}'),
                Some(other) => value.push(other),
                None => {}
            },
            other => value.push(other),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn relation(path: &[&str], value: &str) -> Item {
        let path = path.iter().map(|&name| name.to_owned()).collect();
        Item::Relation(Relation { path, value: value.to_owned(), is_final: false })
    }

    fn fault(text: &str) -> (usize, Fault) {
        match read(text) {
            Err(Krb5ConfError::Syntax { line, fault }) => (line, fault),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn relations_stand_under_their_section_and_braces() {
        let text = "comment = before\n# x\n[libdefaults]\n\tdefault_realm = A # not a comment\n; y\n\
                    [realms]\nA = {\n kdc = one:88\n kdc= two\n v4 =\n {\n  deep=x\n }\n}\n[domain_realm]\n.a=A";
        assert_eq!(
            read(text).unwrap(),
            [
                relation(&["libdefaults", "default_realm"], "A # not a comment"),
                relation(&["realms", "A", "kdc"], "one:88"),
                relation(&["realms", "A", "kdc"], "two"),
                relation(&["realms", "A", "v4", "deep"], "x"),
                relation(&["domain_realm", ".a"], "A"),
            ]
        );
    }

    #[test]
    fn quotes_keep_blanks_and_what_backslashes_stand_for() {
        let text = "[a]\nb = \"x y \\\"z\\n\\\\\" dropped\nc = \"open\n";
        let expected = [relation(&["a", "b"], "x y \"z\n\\"), relation(&["a", "c"], "open")];
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn stars_and_includes_are_told() {
        let text = "include /etc/x\n[a]*\nb* = 1\nc = {\n d = 2\n}*\nincludedir /etc/d\nincluded = 3\n";
        let items = read(text).unwrap();
        let path = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(items[0], Item::Include("/etc/x".to_owned()));
        assert_eq!(items[1], Item::Final(path(&["a"])));
        assert!(matches!(&items[2], Item::Relation(relation) if relation.is_final));
        assert_eq!(items[4], Item::Final(path(&["a", "c"])));
        assert_eq!(items[5], Item::IncludeDir("/etc/d".to_owned()));
        assert_eq!(items[6], relation(&["a", "included"], "3"));
    }

    #[test]
    fn files_of_a_directory_count_by_their_names() {
        for (name, expected) in [
            ("enable_sssd_conf_dir", true),
            ("a-1", true),
            ("x.conf", true),
            (".conf", false),
            (".x.conf", false),
            ("x.conf~", false),
            ("x.rpmnew", false),
            ("", false),
        ] {
            assert_eq!(is_included(name), expected, "{name:?}");
        }
    }

    // That MIT's library refuses these too was tried with kinit of MIT krb5 1.20.1.
    #[test]
    fn the_first_line_that_does_not_belong_is_named() {
        for (text, expected) in [
            ("[libdefaults\n", (1, Fault::Section)),
            ("[a] b\n", (1, Fault::Section)),
            ("[a]\ndefault realm = A\n", (2, Fault::Tag)),
            ("[a]\n\nb\n", (3, Fault::Equals)),
            ("[a]\n= x\n", (2, Fault::Tag)),
            ("[a]\n}\n", (2, Fault::Unopened)),
            ("[a]\nb =\nc = d\n", (3, Fault::Brace)),
            ("[a]\nb = {\n[c]\n", (3, Fault::Open)),
        ] {
            assert_eq!(fault(text), expected, "{text:?}");
        }
    }

    #[test]
    fn braces_cannot_nest_without_end_and_files_are_bounded() {
        let text = format!("[a]\n{}", "b = {\n".repeat(1000));
        assert_eq!(fault(&text), (MAX_DEPTH + 1, Fault::Depth));
        assert_eq!(read(&"#".repeat(MAX_LENGTH + 1)), Err(Krb5ConfError::TooLong));
        let many = format!("[a]\n{}", "b=c\n".repeat(MAX_RELATIONS + 1));
        assert_eq!(read(&many), Err(Krb5ConfError::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            tags in proptest::collection::vec("[a-z_.]{1,12}", 1..6),
            value in "[ -~]{0,40}",
        ) {
            prop_assume!(tags.iter().all(|tag| !tag.starts_with('.') && !tag.starts_with("include")));
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let (section, rest) = tags.split_first().unwrap();
            let (tag, braces) = rest.split_last().unwrap_or((section, &[]));
            let mut text = format!("[{section}]\n");
            text.extend(braces.iter().map(|name| format!("{name} = {{\n")));
            text += &format!("{tag} = \"{quoted}\"\n");
            text += &"}\n".repeat(braces.len());
            let path: Vec<_> = [section].into_iter().chain(braces).chain([tag]).map(String::as_str).collect();
            prop_assert_eq!(read(&text).unwrap(), [relation(&path, &value)]);
        }

        #[test]
        fn no_text_panics(text in "(\\PC|\n|[\\[\\]{}=*\"\\\\#;])*") {
            let _ = read(&text);
        }
    }
}
