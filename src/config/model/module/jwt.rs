//! The options of `jwt`: whose tokens are accepted, and what they must say.

use std::path::PathBuf;

use super::reading::Reading;
use crate::{
    config::{
        report::{Problem, quoted},
        spanned::Spanned,
    },
    realm::module::jwt::{algorithm::Algorithm, claims::Demands, source::Origin},
};

/// What is accepted where nothing is said.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs256];

/// Options of `jwt`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwt {
    /// Where the keys of the issuer are.
    pub keys: Spanned<Origin>,
    /// Signatures that are accepted.
    pub algorithms: Vec<Algorithm>,
    /// What tokens must say.
    pub demands: Demands,
}

impl Jwt {
    /// The file that keys are read from, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<Spanned<PathBuf>> {
        match &self.keys.value {
            Origin::File(path) => Some(Spanned::new(path.clone(), self.keys.span.clone())),
            Origin::Url(_) => None,
        }
    }
}

impl Reading<'_, '_> {
    /// What the fields come to.
    pub(super) fn jwt(&mut self) -> Option<Jwt> {
        let keys = self.keys();
        let algorithms = self.algorithms();
        let name = |name, default: &str| {
            self.fields.text(name).map_or_else(|| default.to_owned(), |text| text.value)
        };
        let demands = Demands {
            issuer: self.fields.text("issuer")?.value,
            audiences: self.names("audience"),
            user_claim: name("userClaim", "sub"),
            role_claim: name("roleClaim", "roles"),
            skew: self.time("clockSkew", 60),
        };
        Some(Jwt { keys: keys?, algorithms, demands })
    }

    fn keys(&mut self) -> Option<Spanned<Origin>> {
        let text = self.fields.text("keys")?;
        let file = |name: &str| self.folder.path(Spanned::new(name.to_owned(), text.span.clone())).value;
        match Origin::read(&text, file) {
            Ok(origin) => Some(Spanned::new(origin, text.span)),
            Err(error) => {
                let says = format!("<keys> is {}", quoted(&text));
                self.problems.push(Problem::error(text.span, says).help(error.to_string()));
                None
            }
        }
    }

    fn algorithms(&mut self) -> Vec<Algorithm> {
        let Some(words) = self.fields.items("algorithms") else { return ALGORITHMS.to_vec() };
        let mut algorithms = Vec::new();
        for word in words {
            match word.parse::<Algorithm>() {
                Ok(algorithm) => algorithms.push(algorithm),
                Err(error) => {
                    let says = format!("<algorithms> names {}", quoted(&word));
                    self.problems.push(Problem::error(word.span, says).help(error.to_string()));
                }
            }
        }
        algorithms
    }
}
