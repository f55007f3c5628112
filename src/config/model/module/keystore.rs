//! The options of `keystore`: certificates of clients, and which of them are let in.

use std::path::PathBuf;

use super::reading::Reading;
use crate::{
    config::{
        report::{Problem, quoted},
        spanned::Spanned,
    },
    realm::module::keystore::Principal,
    tls::keystore::StoreKind,
};

/// Options of `keystore`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keystore {
    /// The certificates that are let in, and those whose holders are; without it all of the truststore's.
    pub store: Option<Spanned<PathBuf>>,
    /// The file with its password.
    pub password: Option<Spanned<PathBuf>>,
    /// The one entry of it that counts.
    pub alias: Option<String>,
    /// Its format.
    pub kind: Option<StoreKind>,
    /// What of a certificate names the user.
    pub principal: Principal,
}

impl Reading<'_, '_> {
    pub(super) fn keystore(&mut self) -> Option<Keystore> {
        let store = self.file_url("keyStoreURL")?;
        let alias = self.fields.text("keyStoreAlias");
        for (name, needs) in
            [("keyStoreAlias", &alias), ("keyStorePasswordURL", &self.fields.text("keyStorePasswordURL"))]
        {
            if let (Some(text), None) = (needs, &store) {
                let says = format!("<{name}> is of a keystore, and there is no <keyStoreURL>");
                self.problems.push(Problem::error(text.span.clone(), says).help("add it, or take this out"));
            }
        }
        Some(Keystore {
            password: self.file_url("keyStorePasswordURL")?,
            alias: alias.map(|text| text.value),
            kind: match self.fields.word("keyStoreType") {
                Some("JKS") => Some(StoreKind::Jks),
                Some("PEM") => Some(StoreKind::Pem),
                Some("PKCS12") => Some(StoreKind::Pkcs12),
                _ => None,
            },
            principal: match self.fields.word("principal") {
                Some("cn") => Principal::CommonName,
                Some("dns") => Principal::Dns,
                Some("email") => Principal::Email,
                Some("upn") => Principal::Upn,
                Some("uri") => Principal::Uri,
                _ => Principal::Subject,
            },
            store,
        })
    }

    /// A file, which may be written as a URL of one (RFC 8089). `None` is a URL of something else.
    fn file_url(&mut self, name: &str) -> Option<Option<Spanned<PathBuf>>> {
        let Some(mut text) = self.fields.text(name) else { return Some(None) };
        let bare = match text.value.split_once(':') {
            Some(("file", path)) => Some(path.strip_prefix("//").unwrap_or(path)),
            Some((scheme, _)) if scheme.chars().all(|letter| letter.is_ascii_alphabetic()) => None,
            _ => Some(text.value.as_str()),
        };
        let Some(bare) = bare.filter(|bare| !bare.is_empty()) else {
            let says = format!("<{name}> is {}", quoted(&text));
            self.problems.push(Problem::error(text.span, says).help("write it as file:PATH, or as a path"));
            return None;
        };
        text.value = bare.to_owned();
        Some(Some(self.folder.path(text)))
    }
}
