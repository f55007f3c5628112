//! From a principal to a local name, by the rules that krb5.conf calls auth_to_local.
//!
//! `RULE:[n:string](regexp)s/pattern/replacement/g` and `DEFAULT`. Unlike in MIT krb5 the expressions are searched
//! in linear time, and the name that comes out must be one: not empty, no control characters.

use std::str::FromStr;

use krb::name::Principal;
use regex::{NoExpand, Regex, RegexBuilder};

/// Octets of a compiled expression.
const MAX_PROGRAM: usize = 256 * 1024;
/// Octets of a name on its way.
const MAX_NAME: usize = 1024;

/// Rules in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// The realm whose users are called by their name alone.
    default_realm: String,
}

/// One rule.
#[derive(Clone, Debug)]
pub enum Rule {
    /// `DEFAULT`: a principal of one component in the default realm, but no machine's, is called by it.
    Default,
    /// `RULE:…`.
    Mapping(Mapping),
}

/// What stands behind `RULE:`.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Components that the principal must have.
    components: usize,
    /// The text to make: literals, and components by their number, of which 0 is the realm.
    selection: Vec<Piece>,
    /// What that text must be, as a whole.
    must_match: Option<Regex>,
    substitutions: Vec<Substitution>,
}

#[derive(Clone, Debug)]
enum Piece {
    Component(usize),
    Literal(String),
}

#[derive(Clone, Debug)]
struct Substitution {
    pattern: Regex,
    replacement: String,
    all: bool,
}

/// Why text is no rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// An expression that is none.
    #[error("{0}")]
    Expression(String),
    /// Neither of the two kinds.
    #[error("write it as DEFAULT or RULE:[n:string](regexp)s/pattern/replacement/g")]
    Form,
}

impl Rules {
    /// These rules; `default_realm` is the realm that `DEFAULT` means.
    #[must_use]
    pub const fn new(rules: Vec<Rule>, default_realm: String) -> Self {
        Self { rules, default_realm }
    }

    /// The local name of `client`, by the first rule that fits; `None` if none does.
    ///
    /// Rules read `@` and `/` as what separates a name's parts: with one inside a component, `alice\@x@REALM` would come
    /// out as `alice`. Such a client has no local name.
    #[must_use]
    pub fn local_name(&self, client: &Principal) -> Option<String> {
        let krb_realm = client.krb_realm.as_str()?;
        let components: Option<Vec<&str>> =
            client.name.name_string.iter().map(|part| part.as_str()).collect();
        let components =
            components.filter(|all| !all.iter().any(|component| component.contains(['@', '/'])))?;
        let name = self.rules.iter().find_map(|rule| match rule {
            Rule::Default => match components.as_slice() {
                // Active Directory's accounts of machines end in a dollar; no local user is meant by them.
                [only] if krb_realm == self.default_realm && !only.ends_with('$') => Some((*only).to_owned()),
                _ => None,
            },
            Rule::Mapping(mapping) => mapping.apply(krb_realm, &components),
        })?;
        let sound = !name.is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control);
        sound.then_some(name)
    }
}

impl Rule {
    /// Whether it is `DEFAULT`, which needs a default realm.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

impl Mapping {
    fn apply(&self, krb_realm: &str, components: &[&str]) -> Option<String> {
        if components.len() != self.components {
            return None;
        }
        let mut text = String::new();
        for piece in &self.selection {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Component(0) => text.push_str(krb_realm),
                Piece::Component(number) => text.push_str(components.get(number - 1)?),
            }
        }
        if text.len() > MAX_NAME || self.must_match.as_ref().is_some_and(|must| !must.is_match(&text)) {
            return None;
        }
        for Substitution { pattern, replacement, all } in &self.substitutions {
            let replaced = if *all {
                pattern.replace_all(&text, NoExpand(replacement))
            } else {
                pattern.replace(&text, NoExpand(replacement))
            };
            text = replaced.into_owned();
            if text.len() > MAX_NAME {
                return None;
            }
        }
        Some(text)
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text == "DEFAULT" {
            return Ok(Self::Default);
        }
        let rest = text.strip_prefix("RULE:[").ok_or(RuleError::Form)?;
        let (count, rest) = rest.split_once(':').ok_or(RuleError::Form)?;
        let components = count.parse().map_err(|_| RuleError::Form)?;
        let (selection, mut rest) = rest.split_once(']').ok_or(RuleError::Form)?;
        let selection = pieces(selection).ok_or(RuleError::Form)?;
        let in_range = |piece: &Piece| !matches!(piece, Piece::Component(number) if *number > components);
        if !selection.iter().all(in_range) {
            return Err(RuleError::Form);
        }
        let mut must_match = None;
        if let Some(bracketed) = rest.strip_prefix('(') {
            let (expression, after) = closing(bracketed).ok_or(RuleError::Form)?;
            // The whole text, as MIT has it: a part that fits is not enough.
            must_match = Some(compile(&format!("^(?:{expression})$"))?);
            rest = after;
        }
        let mut substitutions = Vec::new();
        while let Some(after) = rest.trim_start().strip_prefix("s/") {
            let (pattern, after) = after.split_once('/').ok_or(RuleError::Form)?;
            let (replacement, after) = after.split_once('/').ok_or(RuleError::Form)?;
            let (all, after) = after.strip_prefix('g').map_or((false, after), |after| (true, after));
            substitutions.push(Substitution {
                pattern: compile(pattern)?,
                replacement: replacement.to_owned(),
                all,
            });
            rest = after;
        }
        if !rest.trim().is_empty() {
            return Err(RuleError::Form);
        }
        Ok(Self::Mapping(Mapping { components, selection, must_match, substitutions }))
    }
}

/// `$1@$0` and the like.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    let mut parts = text.split('$');
    let first = parts.next().unwrap_or_default();
    if !first.is_empty() {
        found.push(Piece::Literal(first.to_owned()));
    }
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, literal) = part.split_at_checked(digits)?;
        found.push(Piece::Component(number.parse().ok()?));
        if !literal.is_empty() {
            found.push(Piece::Literal(literal.to_owned()));
        }
    }
    Some(found)
}

/// What stands before the parenthesis that closes, and after it.
fn closing(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut escaped) = (1_usize, false);
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return Some((text.get(..place)?, text.get(place + 1..)?));
                }
            }
            _ => {}
        }
    }
    None
}

fn compile(expression: &str) -> Result<Regex, RuleError> {
    RegexBuilder::new(expression)
        .size_limit(MAX_PROGRAM)
        .build()
        .map_err(|error| RuleError::Expression(error.to_string()))
}

#[cfg(test)]
mod tests {
    use krb::name::{NT_PRINCIPAL, PrincipalName};

    use super::*;

    fn local(rules: &[&str], name: &[&str], krb_realm: &str) -> Option<String> {
        let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let name = PrincipalName::new(NT_PRINCIPAL, name.iter().copied());
        Rules::new(rules, "TGG.TEST".to_owned()).local_name(&Principal { name, krb_realm: krb_realm.into() })
    }

    #[test]
    fn by_default_only_users_of_the_default_realm_have_a_name() {
        assert_eq!(local(&["DEFAULT"], &["alice"], "TGG.TEST").as_deref(), Some("alice"));
        assert_eq!(local(&["DEFAULT"], &["alice"], "OTHER.TEST"), None, "a foreign realm is never stripped");
        assert_eq!(local(&["DEFAULT"], &["alice", "admin"], "TGG.TEST"), None, "alice/admin is not alice");
        assert_eq!(local(&[], &["alice"], "TGG.TEST"), None);
    }

    #[test]
    fn a_machine_has_a_name_only_by_a_rule_of_its_own() {
        assert_eq!(local(&["DEFAULT"], &["DESK7$"], "TGG.TEST"), None);
        assert_eq!(
            local(&["RULE:[1:$1](.*\\$)s/\\$//", "DEFAULT"], &["DESK7$"], "TGG.TEST").as_deref(),
            Some("DESK7")
        );
    }

    #[test]
    fn the_examples_of_the_mit_manual_come_out_as_there() {
        // MIT krb5, doc/admin/host_config.rst: the johndoe and */admin examples.
        let rules = [
            "RULE:[2:$1](johndoe)s/^.*$/guest/",
            "RULE:[2:$1;$2](^.*;admin$)s/;admin$//",
            "RULE:[2:$2](root)",
            "DEFAULT",
        ];
        assert_eq!(local(&rules, &["johndoe", "x"], "TGG.TEST").as_deref(), Some("guest"));
        assert_eq!(local(&rules, &["alice", "admin"], "TGG.TEST").as_deref(), Some("alice"));
        assert_eq!(local(&rules, &["alice", "root"], "TGG.TEST").as_deref(), Some("root"));
        assert_eq!(local(&rules, &["alice"], "TGG.TEST").as_deref(), Some("alice"));
        assert_eq!(local(&rules, &["alice", "other"], "TGG.TEST"), None);
    }

    #[test]
    fn an_expression_must_fit_the_whole_text() {
        assert_eq!(local(&["RULE:[1:$1@$0](alice@TGG)s/@.*//"], &["alice"], "TGG.TEST"), None);
        let rule = "RULE:[1:$1@$0](.*@OTHER\\.TEST)s/@.*//";
        assert_eq!(local(&[rule], &["alice"], "OTHER.TEST").as_deref(), Some("alice"));
        assert_eq!(local(&[rule], &["alice@OTHER.TEST"], "EVIL.TEST"), None);
    }

    #[test]
    fn every_occurrence_is_replaced_only_with_g() {
        assert_eq!(local(&["RULE:[1:$1]s/a/o/"], &["banana"], "X").as_deref(), Some("bonana"));
        assert_eq!(local(&["RULE:[1:$1]s/a/o/g"], &["banana"], "X").as_deref(), Some("bonono"));
        assert_eq!(local(&["RULE:[1:$1]s/a/$0/"], &["banana"], "X").as_deref(), Some("b$0nana"));
    }

    #[test]
    fn what_cannot_be_a_name_is_none() {
        assert_eq!(local(&["RULE:[1:$1]s/.*//"], &["alice"], "X"), None);
        assert_eq!(local(&["RULE:[1:$1]"], &["a\nb"], "X"), None);
    }

    #[test]
    fn a_component_that_looks_like_several_does_not_come_out_as_somebody_else() {
        let rules = ["RULE:[1:$1@$0](.*@TGG\\.TEST)s/@.*//", "DEFAULT"];
        for name in ["alice@evil", "carol@OTHER.TEST", "alice/admin"] {
            assert_eq!(local(&rules, &[name], "TGG.TEST"), None, "{name}");
        }
    }

    #[test]
    fn an_expression_that_backtracks_elsewhere_takes_no_time_here() {
        let long = "a".repeat(1000);
        assert_eq!(local(&["RULE:[1:$1]((a+)+b)"], &[&long], "X"), None);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in [
            "",
            "default",
            "RULE:",
            "RULE:[x:$1]",
            "RULE:[1:$2]",
            "RULE:[1:$]",
            "RULE:[1:$1](a",
            "RULE:[1:$1]s/a/b",
            "RULE:[1:$1]x",
        ] {
            assert!(matches!(rule.parse::<Rule>(), Err(RuleError::Form)), "{rule}");
        }
        assert!(matches!("RULE:[1:$1]([)".parse::<Rule>(), Err(RuleError::Expression(_))));
    }
}
