//! Whom the embedded KDC knows: users, services, and what each of them may have.

use std::fmt;
use std::time::{Duration, SystemTime};

use krb::crypto::{CryptoError, Enctype, Key, string_to_key};
use krb::name::{NT_PRINCIPAL, NT_SRV_HST, NT_SRV_INST, PrincipalName, RealmName};
use krb::pac::Sid;
use zeroize::Zeroizing;

use super::dice::{self, Dice};

/// One principal of the realm, before the KDC makes its keys.
#[derive(Clone, Debug)]
#[must_use = "it is known to nobody until it is added to a database"]
pub struct Account {
    pub(super) name: PrincipalName,
    pub(super) kind: Kind,
    pub(super) secret: Secret,
    pub(super) enctypes: Vec<Enctype>,
    pub(super) groups: Vec<u32>,
    pub(super) other_groups: Vec<Sid>,
    pub(super) upn: Option<String>,
    pub(super) preauth: bool,
    pub(super) disabled: bool,
    pub(super) sensitive: bool,
    pub(super) delegate: bool,
    pub(super) expires: Option<SystemTime>,
    pub(super) password_expires: Option<SystemTime>,
    pub(super) max_life: Option<Duration>,
    pub(super) max_renew: Option<Duration>,
}

/// What a principal is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// `kadmin/changepw`: the one service that an expired password opens, by the AS exchange alone.
    ChangePassword,
    /// `krbtgt` of this realm, or of one that trusts it.
    Granting,
    /// A service: everybody gets tickets for it.
    Service,
    /// A user: others get tickets for it from user to user only, since a password is easier to guess than a key.
    User,
}

/// Where the keys come from.
#[derive(Clone)]
pub(super) enum Secret {
    Keys(Vec<Key>),
    Password(Zeroizing<String>),
    Random,
}

impl Account {
    /// A user with a password, who must prove to know it. Components of `name` are parted by `/`.
    pub fn user(name: &str, password: &str) -> Self {
        Self::new(name, Kind::User, Secret::Password(Zeroizing::new(password.to_owned())))
    }

    /// A service with random keys, such as `HTTP/localhost`.
    pub fn service(name: &str) -> Self {
        Self::new(name, Kind::Service, Secret::Random)
    }

    /// `krbtgt`, which grants tickets of `krb_realm`.
    pub(super) fn granting(krb_realm: &str, secret: Secret) -> Self {
        let mut account = Self::new("", Kind::Granting, secret);
        account.name = PrincipalName::krbtgt(&krb_realm.into());
        account
    }

    /// `kadmin/changepw`. Its tickets are good for five minutes, as those of MIT's.
    pub(super) fn change_password() -> Self {
        Self::new("kadmin/changepw", Kind::ChangePassword, Secret::Random).max_life(Duration::from_secs(300))
    }

    fn new(name: &str, kind: Kind, secret: Secret) -> Self {
        let name_type = match (kind, name.contains('/')) {
            (Kind::ChangePassword | Kind::Granting, _) => NT_SRV_INST,
            (_, true) => NT_SRV_HST,
            (_, false) => NT_PRINCIPAL,
        };
        Self {
            name: PrincipalName::new(name_type, name.split('/')),
            kind,
            secret,
            enctypes: Enctype::ALL.to_vec(),
            groups: Vec::new(),
            other_groups: Vec::new(),
            upn: None,
            preauth: true,
            disabled: false,
            sensitive: false,
            delegate: false,
            expires: None,
            password_expires: None,
            max_life: None,
            max_renew: None,
        }
    }

    /// Sets a password in place of whatever its keys were to be made of.
    pub fn password(mut self, password: &str) -> Self {
        self.secret = Secret::Password(Zeroizing::new(password.to_owned()));
        self
    }

    /// Sets the keys themselves, best first; [`enctypes`](Self::enctypes) means nothing then.
    pub fn keys(mut self, keys: &[Key]) -> Self {
        self.secret = Secret::Keys(keys.to_vec());
        self
    }

    /// The enctypes to make keys of, best first. All of [`Enctype::ALL`] unless told.
    pub fn enctypes(mut self, enctypes: &[Enctype]) -> Self {
        self.enctypes = enctypes.to_vec();
        self
    }

    /// The groups of its own domain that it is in, by their numbers: the last ones of their SIDs.
    pub fn groups(mut self, groups: &[u32]) -> Self {
        self.groups = groups.to_vec();
        self
    }

    /// Groups of other domains that it is in.
    pub fn other_groups(mut self, groups: &[Sid]) -> Self {
        self.other_groups = groups.to_vec();
        self
    }

    /// Its user principal name, under which it can be asked for as an enterprise name (`kinit -E`). Without one it
    /// is the name, `@` and the realm in lower case.
    pub fn upn(mut self, upn: &str) -> Self {
        self.upn = Some(upn.to_owned());
        self
    }

    /// Lets anybody ask for its tickets, who may then guess its password in peace.
    pub fn without_preauth(mut self) -> Self {
        self.preauth = false;
        self
    }

    /// Refuses it and tickets for it.
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// Gives it no ticket that others could use in its name: none that can be forwarded or proxied.
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Tells its clients that they may forward their tickets to it (RFC 4120 section 2.8).
    pub fn trusted_for_delegation(mut self) -> Self {
        self.delegate = true;
        self
    }

    /// When the account ends.
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// When the password must be changed before it is good for anything else.
    pub fn password_expires(mut self, at: SystemTime) -> Self {
        self.password_expires = Some(at);
        self
    }

    /// The longest time that tickets of it and for it are valid; the database's unless told.
    pub fn max_life(mut self, life: Duration) -> Self {
        self.max_life = Some(life);
        self
    }

    /// The longest time that tickets of it and for it can be renewed; the database's unless told.
    pub fn max_renew(mut self, life: Duration) -> Self {
        self.max_renew = Some(life);
        self
    }

    /// Its keys in this realm.
    pub(super) fn make_keys(&self, krb_realm: &RealmName, dice: Dice<'_>) -> Result<Vec<Key>, CryptoError> {
        match &self.secret {
            Secret::Keys(keys) => Ok(keys.clone()),
            Secret::Password(password) => {
                let salt = self.salt(krb_realm);
                let of = |enctype: &Enctype| string_to_key(*enctype, password.as_bytes(), &salt, None);
                self.enctypes.iter().map(of).collect()
            }
            Secret::Random => self.enctypes.iter().map(|enctype| dice::key(*enctype, dice)).collect(),
        }
    }

    /// The usual salt: the realm and the components of the name, without separators (RFC 4120 section 4).
    pub(super) fn salt(&self, krb_realm: &RealmName) -> Vec<u8> {
        let components = self.name.name_string.iter().map(|component| component.as_octets());
        [krb_realm.as_octets()].into_iter().chain(components).collect::<Vec<_>>().concat()
    }
}

/// How many keys, or that there is a password.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(keys) => write!(f, "[{} keys]", keys.len()),
            Self::Password(password) => write!(f, "[a password of {} octets]", password.len()),
            Self::Random => f.write_str("[random keys]"),
        }
    }
}
