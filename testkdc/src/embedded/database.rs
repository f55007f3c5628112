//! What the embedded KDC is told at its start: its realm, its accounts, and the realms that it trusts.

use std::time::Duration;

use krb::pac::Sid;

use super::account::{Account, Secret};

/// The first number of an account in the domain: above those that groups are given by hand.
const FIRST_RID: u32 = 100_000;

/// The accounts of one realm, built in code.
///
/// ```
/// use testkdc::embedded::{Account, Database};
///
/// let database = Database::new("DEMO.TEST")
///     .user("demo", "demo", &[1105])
///     .service("HTTP/localhost")
///     .account(Account::user("old", "old").password_expires(std::time::UNIX_EPOCH));
/// ```
#[derive(Clone, Debug)]
#[must_use = "nobody is known until a KDC is made of it"]
pub struct Database {
    pub(super) krb_realm: String,
    pub(super) domain: Sid,
    pub(super) accounts: Vec<Account>,
    pub(super) trusts: Vec<Trust>,
    pub(super) max_life: Duration,
    pub(super) max_renew: Duration,
    pub(super) skew: Duration,
}

/// A realm whose users get tickets here, and to which users of this one are sent.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    pub(super) krb_realm: String,
    pub(super) secret: Secret,
    /// What is behind the hosts that are its: domains in lower case, without a dot in front.
    pub(super) domains: Vec<String>,
}

impl Database {
    /// A realm that knows `krbtgt` and `kadmin/changepw`.
    ///
    /// Tickets are valid for a day and renewable for a week; clocks may be five minutes apart.
    pub fn new(krb_realm: &str) -> Self {
        Self {
            krb_realm: krb_realm.to_owned(),
            domain: domain_of(krb_realm),
            accounts: vec![Account::granting(krb_realm, Secret::Random), Account::change_password()],
            trusts: Vec::new(),
            max_life: Duration::from_hours(24),
            max_renew: Duration::from_hours(7 * 24),
            skew: Duration::from_secs(300),
        }
    }

    /// Adds a user with a password, in these groups of the realm's [`domain`](Self::domain_sid).
    pub fn user(self, name: &str, password: &str, groups: &[u32]) -> Self {
        self.account(Account::user(name, password).groups(groups))
    }

    /// Adds a service with random keys, such as `HTTP/localhost`.
    pub fn service(self, name: &str) -> Self {
        self.account(Account::service(name))
    }

    /// Adds a principal. One that has the name of another takes its place, `krbtgt` included.
    pub fn account(mut self, account: Account) -> Self {
        let place = self.accounts.iter_mut().find(|other| other.name.same_name(&account.name));
        match place {
            Some(other) => *other = account,
            None => self.accounts.push(account),
        }
        self
    }

    /// Trusts another realm, both ways, with a secret that its KDC has too: the password of `krbtgt/OTHER@THIS`
    /// and of `krbtgt/THIS@OTHER`. Users who ask for a service on a host in one of `domains` are sent there.
    pub fn trust(mut self, krb_realm: &str, secret: &str, domains: &[&str]) -> Self {
        let secret = Secret::Password(secret.to_owned().into());
        self.trusts.push(Trust {
            krb_realm: krb_realm.to_owned(),
            secret,
            domains: domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
        });
        self
    }

    /// The SID in front of the numbers of users and groups, which a PAC names; made of the realm's name unless told.
    pub const fn domain(mut self, domain: Sid) -> Self {
        self.domain = domain;
        self
    }

    /// The longest time that tickets are valid.
    pub const fn max_life(mut self, life: Duration) -> Self {
        self.max_life = life;
        self
    }

    /// The longest time that tickets can be renewed; with none they cannot be.
    pub const fn max_renew(mut self, life: Duration) -> Self {
        self.max_renew = life;
        self
    }

    /// How far clocks may be apart.
    pub const fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// The SID of the realm's domain.
    #[must_use]
    pub const fn domain_sid(&self) -> Sid {
        self.domain
    }

    /// The SID of a group of the realm's domain, as a PAC names it.
    #[must_use]
    pub fn group_sid(&self, group: u32) -> Option<Sid> {
        self.domain.with_rid(group).ok()
    }

    /// The number in the domain of the account at this place.
    pub(super) fn rid(place: usize) -> u32 {
        u32::try_from(place).unwrap_or(u32::MAX).saturating_add(FIRST_RID)
    }
}

/// Three numbers made of the realm's name, so that the domains of two realms differ.
fn domain_of(krb_realm: &str) -> Sid {
    let number = |seed: u32| {
        krb_realm.bytes().fold(seed, |sum, octet| sum.wrapping_mul(0x0100_0193) ^ u32::from(octet))
    };
    let numbers = [21, number(0x811c_9dc5), number(0x9e37_79b9), number(0x85eb_ca6b)];
    Sid::new(5, &numbers).unwrap_or_else(|_| unreachable!("four numbers fit a SID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_realms_have_two_domains() {
        let (one, other) = (Database::new("ONE.TEST"), Database::new("OTHER.TEST"));
        assert_ne!(one.domain_sid(), other.domain_sid());
        assert_eq!(one.domain_sid(), Database::new("ONE.TEST").domain_sid());
        let told = "S-1-5-21-1-2-3".parse().unwrap();
        assert_eq!(
            one.domain(told).group_sid(1105).map(|sid| sid.to_string()).as_deref(),
            Some("S-1-5-21-1-2-3-1105")
        );
    }

    #[test]
    fn the_later_of_two_accounts_with_one_name_counts() {
        let database = Database::new("R.TEST").user("alice", "old", &[]).service("alice");
        assert_eq!(database.accounts.len(), 3);
        assert!(format!("{:?}", database.accounts[2].secret).contains("random"));
    }

    #[test]
    fn debug_tells_no_password() {
        let database = Database::new("R.TEST").user("alice", "hush", &[]).trust("A.TEST", "hush", &[]);
        assert!(!format!("{database:?}").contains("hush"));
    }
}
