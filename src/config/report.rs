//! What is wrong with a configuration, where, and what could stand there instead; as text for people and for tools.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Longest part of a file that [`quoted`] repeats, in characters.
const MAX_QUOTED: usize = 60;

/// Longest word for which [`nearest`] looks for another: what is longer is no misspelt name.
const MAX_WORD: usize = 100;

/// Whether a problem keeps the gateway from starting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but it does not do all that it seems to.
    Warning,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The octets of the file that it is about.
    pub span: Range<usize>,
    /// Whether it can be lived with.
    pub severity: Severity,
    /// What stands there, and what is wrong with it.
    pub says: String,
    /// What could stand there, or what to run.
    pub help: Option<String>,
    /// Other places that belong to it, and what is there: "first here".
    pub also: Vec<(Range<usize>, String)>,
}

impl Problem {
    /// What keeps the configuration from being used.
    #[must_use]
    pub fn error(span: Range<usize>, says: impl Into<String>) -> Self {
        Self { span, severity: Severity::Error, says: says.into(), help: None, also: Vec::new() }
    }

    /// What the operator should know, and can leave as it is.
    #[must_use]
    pub fn warning(span: Range<usize>, says: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, says) }
    }

    /// The same with what could stand there.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with another place that belongs to it.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, what: impl Into<String>) -> Self {
        self.also.push((span, what.into()));
        self
    }
}

/// Text of the file in back quotes, for a message: on one line, and cut where it is long.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{}`", one_line(&shown))
}

/// The word that was probably meant: equal but for its case or the order of its parts, or else at most a third of its
/// letters away, where two letters that changed places count as one.
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = lower.chars().count().max(3) / 3;
    among
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance =
                if parts(&lower) == parts(&other) { 0 } else { strsim::damerau_levenshtein(&lower, &other) };
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn parts(word: &str) -> Vec<&str> {
    let mut parts: Vec<_> = word.split(|letter: char| !letter.is_alphanumeric()).collect();
    parts.sort_unstable();
    parts
}

/// All problems of one file, ready to be shown in the order of their places.
#[derive(Debug)]
pub struct Report<'a> {
    file: &'a str,
    source: Cow<'a, str>,
    /// Where each line begins.
    lines: Vec<usize>,
    problems: Vec<&'a Problem>,
}

impl<'a> Report<'a> {
    /// `file` is how the operator named it; `octets` is what was read from it.
    #[must_use]
    pub fn new(file: &'a str, octets: &'a [u8], problems: &'a [Problem]) -> Self {
        let source = legible(octets);
        let ends = source.bytes().enumerate().filter(|(_, octet)| *octet == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let mut problems: Vec<_> = problems.iter().collect();
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        Self { file, source, lines, problems }
    }

    /// For tools and logs: `FILE:LINE:COLUMN: error: message; help`, one line a problem.
    ///
    /// Lines and columns count from 1, columns in characters.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut out = String::new();
        for problem in &self.problems {
            let (line, column) = self.place(problem.span.start);
            let mut text = problem.says.clone();
            if let Some(help) = &problem.help {
                text.push_str("; ");
                text.push_str(help);
            }
            for (span, what) in &problem.also {
                let (line, column) = self.place(span.start);
                // Writing to a String cannot fail.
                let _ = write!(text, " ({line}:{column}: {what})");
            }
            let word = problem.severity.word();
            let _ = writeln!(out, "{}:{line}:{column}: {word}: {}", self.file, one_line(&text));
        }
        out
    }

    /// For a terminal: each problem with its line of the file, marked as `rustc` marks it.
    #[must_use]
    pub fn shown(&self, colours: bool) -> String {
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for problem in &self.problems {
            let group = self.group(problem);
            out.push_str(&renderer.render(&[group]));
            out.push_str("\n\n");
        }
        out
    }

    fn group<'r>(&'r self, problem: &'r Problem) -> Group<'r> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let marks = || std::iter::once(&problem.span).chain(problem.also.iter().map(|(span, _)| span));
        let first = marks().map(|span| self.line(span.start)).min().unwrap_or(0);
        let last = marks().map(|span| self.line(span.start)).max().unwrap_or(0);
        // Only the lines between the marks are handed over: the file may be large, and have many problems.
        let from = self.lines.get(first).copied().unwrap_or(0);
        let to = self.lines.get(last + 1).copied().unwrap_or(self.source.len());
        let excerpt = self.source.get(from..to).unwrap_or_default();
        let mut snippet = Snippet::source(excerpt)
            .line_start(first + 1)
            .path(self.file)
            .annotation(AnnotationKind::Primary.span(self.mark(&problem.span, from)));
        for (span, what) in &problem.also {
            snippet = snippet.annotation(AnnotationKind::Context.span(self.mark(span, from)).label(what));
        }
        let group = level.primary_title(one_line(&problem.says)).element(snippet);
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(one_line(help))),
            None => group,
        }
    }

    /// What is marked of a place: no more than its first line, counted from where the excerpt begins.
    fn mark(&self, span: &Range<usize>, from: usize) -> Range<usize> {
        let start = self.source.floor_char_boundary(span.start);
        let line = self.source.get(start..).unwrap_or_default();
        let end = start + line.find(['\r', '\n']).unwrap_or(line.len());
        let end = self.source.floor_char_boundary(span.end.clamp(start, end));
        start.saturating_sub(from)..end.saturating_sub(from)
    }

    /// The line of an octet, from 0.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at.min(self.source.len())).saturating_sub(1)
    }

    /// Line and column of an octet, as an editor counts them.
    fn place(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let before = self.source.get(start..self.source.floor_char_boundary(at)).unwrap_or_default();
        (line + 1, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }
}

/// The file as text of the same length in octets, so that places stay right whatever it holds.
fn legible(octets: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(octets) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

/// The text without what would break its line or steer a terminal.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "<a>\n  <größe>1</größe>\n\t<b>x</b>\n</a>\n";

    fn at(word: &str) -> Range<usize> {
        let start = FILE.find(word).unwrap();
        start..start + word.len()
    }

    fn lines(problems: &[Problem]) -> String {
        Report::new("f.xml", FILE.as_bytes(), problems).lines()
    }

    #[test]
    fn columns_count_characters_from_one() {
        for (word, place) in [("<a>", "1:1"), ("1", "2:10"), ("<b>", "3:2"), ("</a>", "4:1")] {
            let text = lines(&[Problem::error(at(word), "no")]);
            assert_eq!(text, format!("f.xml:{place}: error: no\n"), "{word}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let problems = [Problem::error(3..6, "no")];
        assert_eq!(Report::new("f", "\u{feff}<a>".as_bytes(), &problems).lines(), "f:1:1: error: no\n");
    }

    #[test]
    fn a_line_has_what_is_wrong_what_helps_and_where_else_to_look() {
        let problem = Problem::warning(at("<b>"), "twice").help("once").also(at("<größe>"), "first here");
        assert_eq!(lines(&[problem]), "f.xml:3:2: warning: twice; once (2:3: first here)\n");
    }

    #[test]
    fn problems_are_shown_in_the_order_of_their_places() {
        let text = lines(&[Problem::error(at("x"), "second"), Problem::error(at("1"), "first")]);
        assert!(text.find("first") < text.find("second"), "{text}");
    }

    #[test]
    fn nothing_of_a_file_breaks_a_line_or_steers_a_terminal() {
        let problem = Problem::error(0..1, format!("{} is odd", quoted("a\nb\u{1b}[31m"))).help("no\nno");
        let problems = [problem];
        let report = Report::new("f.xml", b"<a\x1b[31m>", &problems);
        assert_eq!(report.lines(), "f.xml:1:1: error: `a\\nb\\u{1b}[31m` is odd; no\\nno\n");
        assert!(!report.shown(false).contains('\u{1b}'));
    }

    #[test]
    fn a_terminal_sees_the_line_with_its_mark() {
        let problem =
            Problem::error(at("x"), "`x` is not a number").help("write 5").also(at("<b>"), "in here");
        let problems = [problem];
        let report = Report::new("f.xml", FILE.as_bytes(), &problems);
        let shown = report.shown(false);
        let expected = [
            "error: `x` is not a number",
            " --> f.xml:3:5",
            "  |",
            "3 |     <b>x</b>",
            "  |     ---^",
            "  |     |",
            "  |     in here",
            "  |",
            "  = help: write 5",
        ];
        assert_eq!(shown.trim_end().lines().collect::<Vec<_>>(), expected, "{shown}");
        assert!(report.shown(true).contains("\u{1b}["));
    }

    #[test]
    fn places_that_are_not_in_the_file_are_shown_all_the_same() {
        for octets in ["".as_bytes(), b"\xff\xfe", "ü".as_bytes(), b"a\r\n\xe9b\n"] {
            for start in 0..8 {
                for length in [0, 1, 90] {
                    let problem = Problem::error(start..start + length, "no").also(start + 1..start, "?");
                    let problems = [problem];
                    let report = Report::new("f", octets, &problems);
                    assert!(report.shown(false).contains("error: no"));
                    assert!(report.lines().starts_with("f:"));
                }
            }
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(quoted(&"ü".repeat(61)), format!("`{}…`", "ü".repeat(60)));
        assert_eq!(quoted(&"ü".repeat(60)), format!("`{}`", "ü".repeat(60)));
    }

    #[test]
    fn the_word_that_was_meant_is_found() {
        let known = ["accept", "connect", "accept-options", "realm-name", "ws.maximum.message.size", "type"];
        for (word, meant) in [
            ("acept", Some("accept")),
            ("conenct", Some("connect")),
            ("Accept", Some("accept")),
            ("accept_options", Some("accept-options")),
            ("name-realm", Some("realm-name")),
            ("ws.message.maximum.size", Some("ws.maximum.message.size")),
            ("tpye", Some("type")),
            ("keystore", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"accept".repeat(100), known), None);
    }
}
