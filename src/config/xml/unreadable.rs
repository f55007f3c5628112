//! What a reader cannot read past, because it has no end.

use quick_xml::errors::SyntaxError;

use crate::config::report::Problem;

/// Says it; `start` is where it begins.
pub(super) fn unreadable(error: &quick_xml::Error, source: &str, start: usize) -> Problem {
    let line = source.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let span = start..start + line.len();
    let (says, help) = match error {
        quick_xml::Error::Syntax(SyntaxError::UnclosedComment) => {
            ("this comment has no end", "write --> after it")
        }
        quick_xml::Error::Syntax(SyntaxError::UnclosedCData) => {
            ("this CDATA section has no end", "write ]]> after it")
        }
        quick_xml::Error::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
            ("this declaration or processing instruction has no end", "write ?> after it")
        }
        quick_xml::Error::Syntax(SyntaxError::UnclosedSingleQuotedAttributeValue) => {
            ("in this tag the value of an attribute has no end", "write ' after it")
        }
        quick_xml::Error::Syntax(SyntaxError::UnclosedDoubleQuotedAttributeValue) => {
            ("in this tag the value of an attribute has no end", "write \" after it")
        }
        quick_xml::Error::Syntax(SyntaxError::UnclosedTag) => {
            ("this tag has no end", "write > after it; a < that begins no tag is written &lt;")
        }
        _ => ("this is not XML", "comments are written <!-- … -->; a < that begins no tag is written &lt;"),
    };
    Problem::error(span, says).help(help)
}
