//! Challenge schemes: how clients without good credentials are asked for some.

use http::HeaderValue;

/// How clients are asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scheme {
    /// What they are asked for.
    pub kind: Kind,
    /// Whether a script in the page answers (`Application …`), and not the browser.
    pub by_page: bool,
    /// What users are shown beside the question for a password.
    pub description: Option<String>,
}

/// What clients are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A name and a password (RFC 7617).
    Basic,
    /// A Kerberos ticket (RFC 4559).
    Negotiate,
    /// Nothing: their connection shows who they are.
    Nothing,
    /// Whatever the login modules judge.
    Token,
}

/// What a challenge travels in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layer {
    /// A response inside a WebSocket, to the request inside it.
    Inner,
    /// An HTTP response. Browsers know no scheme that begins with `Application`.
    Native,
}

impl Kind {
    /// The scheme on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Negotiate => "Negotiate",
            Self::Nothing => "",
            Self::Token => "Token",
        }
    }
}

impl Scheme {
    /// The challenge (`WWW-Authenticate`), with the words of login modules behind it in their order.
    #[must_use]
    pub fn challenge(&self, words: &[String], layer: Layer) -> HeaderValue {
        let mut text = String::new();
        if self.by_page && layer == Layer::Inner {
            text.push_str("Application ");
        }
        text.push_str(self.kind.word());
        if self.kind == Kind::Basic {
            text.push_str(" realm=\"");
            // As KAAZING Gateway writes it where there is none.
            push_quoted(&mut text, self.description.as_deref().unwrap_or("null"));
            text.push('"');
        }
        for word in words.iter().filter(|word| is_sendable(word)) {
            text.push(' ');
            text.push_str(word);
        }
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(self.kind.word()))
    }
}

/// Text for between quotes (RFC 9110 section 5.6.4). Control characters have no place there, and octets beyond ASCII
/// are read as something else by each client.
fn push_quoted(text: &mut String, words: &str) {
    for character in words.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => text.push('?'),
        }
    }
}

/// Whether a module's words can stand in a field as they are.
#[must_use]
pub fn is_sendable(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(kind: Kind, by_page: bool, words: &[&str], layer: Layer) -> String {
        let scheme = Scheme { kind, by_page, description: Some("Kaazing \"Demo\" \\ \r\nx".to_owned()) };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        scheme.challenge(&words, layer).to_str().unwrap().to_owned()
    }

    #[test]
    fn challenges_are_written_as_kaazing_gateway_writes_them() {
        use Layer::{Inner, Native};
        for (kind, by_page, words, layer, written) in [
            (Kind::Token, true, &[][..], Inner, "Application Token"),
            (
                Kind::Token,
                true,
                &["foo=\"bar\"", "baz=\"quxx\""],
                Inner,
                "Application Token foo=\"bar\" baz=\"quxx\"",
            ),
            (Kind::Token, true, &[], Native, "Token"),
            (Kind::Negotiate, false, &[], Native, "Negotiate"),
            (Kind::Negotiate, false, &["oRQwEg=="], Native, "Negotiate oRQwEg=="),
            (Kind::Negotiate, true, &["oRQwEg=="], Inner, "Application Negotiate oRQwEg=="),
        ] {
            assert_eq!(challenge(kind, by_page, words, layer), written);
        }
        let plain =
            Scheme { kind: Kind::Basic, by_page: true, description: Some("Kaazing Gateway Demo".into()) };
        assert_eq!(plain.challenge(&[], Inner), "Application Basic realm=\"Kaazing Gateway Demo\"");
        assert_eq!(plain.challenge(&[], Native), "Basic realm=\"Kaazing Gateway Demo\"");
        let nameless = Scheme { description: None, ..plain };
        assert_eq!(nameless.challenge(&[], Native), "Basic realm=\"null\"");
    }

    #[test]
    fn a_description_cannot_leave_its_quotes_and_words_cannot_make_a_line() {
        assert_eq!(
            challenge(Kind::Basic, false, &["a=\"1\"", "x\r\ny: z", ""], Layer::Native),
            r#"Basic realm="Kaazing \"Demo\" \\ ??x" a="1""#
        );
    }
}
