//! The database as the KDC uses it: each principal with its keys, and who may ask whom for what.

use std::collections::BTreeMap;
use std::time::Duration;

use krb::crypto::{CryptoError, Key};
use krb::name::{KerberosString, NT_ENTERPRISE, PrincipalName, RealmName};
use krb::pac::Sid;
use zeroize::Zeroizing;

use super::account::{Account, Kind, Secret};
use super::database::Database;
use super::dice::Dice;

/// A principal and its current keys.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) account: Account,
    /// The number of its SID in the domain.
    pub(super) rid: u32,
    pub(super) kvno: u32,
    /// Best first.
    pub(super) keys: Vec<Key>,
    /// What a password was or would be made a key with.
    pub(super) salt: KerberosString,
}

/// An account with a new password, and the keys that it makes.
pub(super) struct Rekeyed {
    account: Account,
    keys: Vec<Key>,
}

/// All principals of the realm.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) krb_realm: RealmName,
    pub(super) domain: Sid,
    /// How far clocks may be apart, in seconds.
    pub(super) skew: i64,
    max_life: Duration,
    max_renew: Duration,
    principals: BTreeMap<Vec<KerberosString>, Record>,
    /// The keys of `krbtgt/THIS@OTHER`: what another realm seals its tickets for this one with.
    inbound: BTreeMap<RealmName, Record>,
    domains: Vec<(String, RealmName)>,
}

impl Records {
    pub(super) fn new(database: Database, dice: Dice<'_>) -> Result<Self, CryptoError> {
        let krb_realm = RealmName::from(&*database.krb_realm);
        let mut principals = BTreeMap::new();
        let mut inbound = BTreeMap::new();
        let mut domains = Vec::new();
        let outbound = database.trusts.iter();
        let outbound = outbound.map(|trust| Account::granting(&trust.krb_realm, trust.secret.clone()));
        for (place, account) in database.accounts.into_iter().chain(outbound).enumerate() {
            let record = Record::new(account, Database::rid(place), &krb_realm, dice)?;
            principals.insert(record.account.name.name_string.clone(), record);
        }
        for trust in database.trusts {
            let other = RealmName::from(&*trust.krb_realm);
            let account = Account::granting(&database.krb_realm, trust.secret);
            inbound.insert(other.clone(), Record::new(account, 0, &other, dice)?);
            domains.extend(trust.domains.into_iter().map(|domain| (domain, other.clone())));
        }
        Ok(Self {
            krb_realm,
            domain: database.domain,
            skew: i64::try_from(database.skew.as_secs()).unwrap_or(i64::MAX),
            max_life: database.max_life,
            max_renew: database.max_renew,
            principals,
            inbound,
            domains,
        })
    }

    /// The principal with this name. An enterprise name that is nobody's own is looked for among the user principal
    /// names (RFC 6806 section 5).
    pub(super) fn find(&self, name: &PrincipalName) -> Option<&Record> {
        self.exact(name).or_else(|| match name.name_string.as_slice() {
            [upn] if name.name_type == NT_ENTERPRISE => {
                let upn = upn.as_str()?;
                self.principals.values().find(|record| self.upn(record).eq_ignore_ascii_case(upn))
            }
            _ => None,
        })
    }

    /// The principal with just these components.
    pub(super) fn exact(&self, name: &PrincipalName) -> Option<&Record> {
        self.principals.get(name.name_string.as_slice())
    }

    /// The keys that a new password makes for a principal that is known.
    pub(super) fn rekey(
        &self,
        name: &PrincipalName,
        password: Zeroizing<String>,
        dice: Dice<'_>,
    ) -> Result<Option<Rekeyed>, CryptoError> {
        let Some(record) = self.find(name) else { return Ok(None) };
        let mut account = record.account.clone();
        account.secret = Secret::Password(password);
        account.password_expires = None;
        let keys = account.make_keys(&self.krb_realm, dice)?;
        Ok(Some(Rekeyed { account, keys }))
    }

    /// Puts new keys in the place of the old.
    pub(super) fn install(&mut self, Rekeyed { account, keys }: Rekeyed) {
        if let Some(record) = self.principals.get_mut(&account.name.name_string) {
            record.kvno = record.kvno.saturating_add(1);
            record.keys = keys;
            record.account = account;
        }
    }

    /// The service of this realm that grants tickets.
    pub(super) fn granting(&self) -> Option<&Record> {
        self.exact(&PrincipalName::krbtgt(&self.krb_realm))
    }

    /// The keys with which `issuer` seals tickets for this realm's KDC.
    pub(super) fn inbound(&self, issuer: &RealmName) -> Option<&Record> {
        self.inbound.get(issuer)
    }

    /// The realm that a service on this host belongs to, if it is one that is trusted.
    pub(super) fn realm_of_host(&self, host: &KerberosString) -> Option<&RealmName> {
        let host = host.as_str()?.to_ascii_lowercase();
        let is_in = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        };
        self.domains.iter().find(|(domain, _)| is_in(domain)).map(|(_, krb_realm)| krb_realm)
    }

    /// The user principal name.
    pub(super) fn upn(&self, record: &Record) -> String {
        let constructed = || {
            let krb_realm = String::from_utf8_lossy(self.krb_realm.as_octets()).to_ascii_lowercase();
            format!("{}@{krb_realm}", record.account_name())
        };
        record.account.upn.clone().unwrap_or_else(constructed)
    }

    /// The longest life of a ticket between these, in seconds.
    pub(super) fn max_life(&self, parties: [Option<&Record>; 2]) -> i64 {
        least(self.max_life, parties, |account| account.max_life)
    }

    /// The longest time that one can be renewed, in seconds.
    pub(super) fn max_renew(&self, parties: [Option<&Record>; 2]) -> i64 {
        least(self.max_renew, parties, |account| account.max_renew)
    }
}

/// The least of what the realm and both parties allow, in seconds. What a party says goes before what the realm does.
fn least(ours: Duration, parties: [Option<&Record>; 2], of: impl Fn(&Account) -> Option<Duration>) -> i64 {
    let theirs = parties.into_iter().flatten().map(|record| of(&record.account).unwrap_or(ours)).min();
    i64::try_from(theirs.unwrap_or(ours).as_secs()).unwrap_or(i64::MAX)
}

impl Record {
    fn new(account: Account, rid: u32, krb_realm: &RealmName, dice: Dice<'_>) -> Result<Self, CryptoError> {
        let (keys, salt) = (account.make_keys(krb_realm, dice)?, account.salt(krb_realm).into());
        Ok(Self { account, rid, kvno: 1, keys, salt })
    }

    /// Its key of the enctype with this number.
    pub(super) fn key(&self, etype: i64) -> Option<&Key> {
        self.keys.iter().find(|key| i64::from(key.enctype().number()) == etype)
    }

    /// Its keys of enctypes that the client can use, in the order of the client. An enctype that is asked for a
    /// thousand times is one.
    pub(super) fn keys_for(&self, etypes: &[i64]) -> Vec<&Key> {
        let mut keys: Vec<&Key> = Vec::with_capacity(self.keys.len());
        for key in etypes.iter().filter_map(|etype| self.key(*etype)) {
            if !keys.iter().any(|known| known.enctype() == key.enctype()) {
                keys.push(key);
            }
        }
        keys
    }

    /// Whether it is a user, whose password would be given away by tickets that it seals.
    pub(super) fn is_user(&self) -> bool {
        self.account.kind == Kind::User
    }

    /// Whether the PAC of its tickets has the signatures for services: over the ticket and over the whole (MS-PAC
    /// section 2.8.3).
    pub(super) fn is_service(&self) -> bool {
        matches!(self.account.kind, Kind::Service | Kind::User)
    }

    /// The components with `/` between them, without escapes, as a PAC has it.
    pub(super) fn account_name(&self) -> String {
        plain(&self.account.name)
    }
}

/// The components with `/` between them, without escapes.
pub(super) fn plain(name: &PrincipalName) -> String {
    let components: Vec<_> = name.name_string.iter().map(|part| part.as_octets()).collect();
    String::from_utf8_lossy(&components.join(&b'/')).into_owned()
}

#[cfg(test)]
mod tests {
    use krb::name::{NT_PRINCIPAL, NT_SRV_HST};

    use super::*;

    fn records(database: Database) -> Records {
        Records::new(database, &mut |octets: &mut [u8]| octets.fill(7)).unwrap()
    }

    fn found(records: &Records, name_type: i32, name: &str) -> Option<String> {
        records.find(&PrincipalName::new(name_type, name.split('/'))).map(Record::account_name)
    }

    #[test]
    fn a_user_is_found_by_name_and_as_an_enterprise_by_more() {
        let bob = Account::user("bob", "pw").upn("Bob@corp.example").enctypes(&[]);
        let records = records(Database::new("R.TEST").account(bob).service("HTTP/www"));
        assert_eq!(found(&records, NT_PRINCIPAL, "bob").as_deref(), Some("bob"));
        assert_eq!(found(&records, NT_PRINCIPAL, "HTTP/www").as_deref(), Some("HTTP/www"));
        for name in ["bob", "bob@CORP.example"] {
            assert_eq!(found(&records, NT_ENTERPRISE, name).as_deref(), Some("bob"));
        }
        for (name_type, name) in
            [(NT_PRINCIPAL, "Bob"), (NT_PRINCIPAL, "bob@corp.example"), (NT_ENTERPRISE, "bob@r.test")]
        {
            assert_eq!(found(&records, name_type, name), None);
        }
        assert_eq!(found(&records, NT_SRV_HST, "HTTP/ww"), None);
    }

    #[test]
    fn a_host_is_of_the_realm_whose_domain_it_is_in() {
        let trusting =
            Database::new("R.TEST").trust("A.TEST", "a", &["A.test"]).trust("B.TEST", "b", &["b.test"]);
        let records = records(trusting);
        let realm = |host: &str| records.realm_of_host(&host.into()).map(ToString::to_string);
        for host in ["a.test", "www.a.test", "WWW.x.A.TEST"] {
            assert_eq!(realm(host).as_deref(), Some("A.TEST"));
        }
        assert_eq!(realm("www.b.test").as_deref(), Some("B.TEST"));
        for host in ["", "test", "aa.test", "a.test.", "www.c.test"] {
            assert_eq!(realm(host), None, "{host}");
        }
    }

    #[test]
    fn the_shorter_life_of_two_is_that_of_a_ticket() {
        let short = Account::service("HTTP/short").max_life(Duration::from_secs(60));
        let long = Account::service("HTTP/long").max_life(Duration::from_secs(600)).max_renew(Duration::ZERO);
        let database =
            Database::new("R.TEST").max_life(Duration::from_secs(300)).account(short).account(long);
        let records = records(database);
        let of = |name: &str| records.exact(&PrincipalName::new(NT_SRV_HST, name.split('/')));
        let (short, long, plain) = (of("HTTP/short"), of("HTTP/long"), of("krbtgt/R.TEST"));
        assert_eq!(records.max_life([short, plain]), 60);
        assert_eq!(records.max_life([short, long]), 60);
        assert_eq!(records.max_life([long, None]), 600);
        assert_eq!(records.max_life([long, plain]), 300);
        assert_eq!((records.max_renew([long, plain]), records.max_renew([plain, None])), (0, 604_800));
    }
}
