//! `keystore`: the certificate is judged that the client showed in TLS.

use tracing::warn;

use super::{Attempt, Brought, Doing, Failure, LoginModule, Name, Shared, Verdict};
use crate::{
    ambient,
    tls::{
        TlsError,
        keystore::{self, KeystoreError, Store},
        names::{self, Names},
        trust::{self, Trust},
    },
};

/// What the module is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who signs certificates of clients. Without it nobody is let in.
    pub truststore: Option<Store>,
    /// The certificates that are let in, and those whose holders are. Without it all of the truststore's.
    pub store: Option<Store>,
    /// The one entry of it that counts.
    pub alias: Option<String>,
    /// What of a certificate names the user.
    pub principal: Principal,
}

/// What of a certificate names the user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Principal {
    /// The common name of its subject.
    CommonName,
    /// The first host.
    Dns,
    /// The first address of mail.
    Email,
    /// The whole subject, as RFC 4514 writes it.
    #[default]
    Subject,
    /// The first name of Microsoft's kind, `user@domain`.
    Upn,
    /// The first URI.
    Uri,
}

/// Why certificates cannot be judged. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificatesError {
    /// No entry has this alias.
    #[error("the keystore {store} has no entry {alias}; see what it has: keytool -list")]
    Alias {
        /// The store.
        store: String,
        /// Which entry.
        alias: String,
    },
    /// A store cannot be read.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// A store has no authorities.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Why a certificate is not good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum Unfit {
    #[error("the client has shown no certificate; have the address ask for one (ssl.verify-client)")]
    Absent,
    #[error("the certificate has a name that cannot be written, or is too long; give its holder another")]
    Name,
    #[error("the certificate has no name of the kind that <principal> asks for; choose one that it has")]
    Nameless,
    #[error(
        "the certificate is not in the keystore of the module, nor is who signed it: {0}; add one of them"
    )]
    Unlisted(rustls::Error),
    #[error("the certificate is not good: {0}; have the client show another")]
    Unverified(rustls::Error),
}

/// The module.
#[derive(Debug)]
pub struct Certificates {
    trust: Option<Trust>,
    listed: Option<Trust>,
    principal: Principal,
}

impl Certificates {
    /// Reads the stores.
    ///
    /// # Errors
    ///
    /// Any [`CertificatesError`].
    pub fn open(settings: Settings) -> Result<Self, CertificatesError> {
        let Settings { truststore, store, alias, principal } = settings;
        let trust = match truststore {
            Some(store) => Some(Trust::by(keystore::roots(&store)?).map_err(TlsError::from)?),
            None => {
                warn!(
                    "The login module keystore lets nobody in: there is no <truststore> to judge certificates by"
                );
                None
            }
        };
        let listed = match store {
            Some(store) => {
                let listed = trust::listed(&store, alias.as_deref())?;
                if let (Some(alias), true) = (alias, listed.is_empty()) {
                    return Err(CertificatesError::Alias { store: store.path.display().to_string(), alias });
                }
                Some(Trust::among(listed).map_err(TlsError::from)?)
            }
            None => None,
        };
        Ok(Self { trust, listed, principal })
    }

    fn judge(&self, attempt: &Attempt<'_>) -> Result<Brought, Unfit> {
        let shown = attempt.visitor.certificates.as_deref().ok_or(Unfit::Absent)?;
        let own = shown.first().ok_or(Unfit::Absent)?;
        let now = ambient::time_of_day().0;
        // Once more: a connection may have lived for long, and the truststore has been changed since.
        let trust = self.trust.as_ref().ok_or(Unfit::Absent)?;
        trust.judge(shown, now).map_err(Unfit::Unverified)?;
        if let Some(listed) = &self.listed {
            listed.judge(shown, now).map_err(Unfit::Unlisted)?;
        }
        let names = Names::of(own).ok_or(Unfit::Name)?;
        let ends = shown.iter().filter_map(|der| names::ends(der)).min();
        Ok(Brought { names: self.principals(names)?, ends, ..Brought::default() })
    }

    /// The names of the user, that which names it first.
    fn principals(&self, names: Names) -> Result<Vec<Name>, Unfit> {
        let Names { subject, upns, emails, uris, hosts, common_names } = names;
        // Only the whole subject is nobody else's: who signs certificates sees to that.
        let subject = subject.map(|text| Name { text, is_role: true });
        let other = |text: String| Name { text, is_role: false };
        let first = match self.principal {
            Principal::CommonName => common_names.into_iter().next().map(other),
            Principal::Dns => hosts.first().cloned().map(other),
            Principal::Email => emails.first().cloned().map(other),
            Principal::Subject => subject.clone(),
            Principal::Upn => upns.first().cloned().map(other),
            Principal::Uri => uris.first().cloned().map(other),
        };
        let mut found = vec![first.ok_or(Unfit::Nameless)?];
        let others = [upns, emails, uris, hosts].into_iter().flatten().map(other);
        for name in subject.into_iter().chain(others) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
        let is_sound = |name: &Name| !name.text.is_empty() && !name.text.contains(char::is_control);
        if found.iter().all(is_sound) { Ok(found) } else { Err(Unfit::Name) }
    }
}

impl LoginModule for Certificates {
    fn kind(&self) -> &'static str {
        "keystore"
    }

    fn judges_connection(&self) -> bool {
        true
    }

    fn login<'a>(&'a self, attempt: &'a Attempt<'a>, _shared: &'a mut Shared) -> Doing<'a, Verdict> {
        Box::pin(async {
            match self.judge(attempt) {
                Ok(brought) => Verdict::Success(Box::new(brought)),
                Err(why) => {
                    let word = match why {
                        Unfit::Absent => "no_certificate",
                        _ => "bad_certificate",
                    };
                    // What is signed is no guess.
                    Failure { is_guess: false, ..Failure::peer(word, why) }.into()
                }
            }
        })
    }
}
