//! Tickets in a credential cache: between what exchanges give and what the file
//! of [`krb::ccache`] has.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use krb::ccache::{Ccache, Credential as Entry, Times as EntryTimes};
use krb::crypto::{Enctype, Key};
use krb::msg::opened::EncryptionKey;
use krb::msg::ticket::Ticket;
use krb::name::{Principal, PrincipalName, RealmName};

use crate::credential::{Credential, Times};
use crate::error::ClientError;

/// The name of the entry that says how the client proved who it is, a type of
/// pre-authentication data in digits. MIT's `kinit` writes it.
pub const PA_TYPE: &str = "pa_type";

/// The name of the entry that says that the KDC speaks FAST, `yes`. MIT's `kinit`
/// writes it.
pub const FAST_AVAIL: &str = "fast_avail";

/// The entry for a credential.
///
/// # Errors
///
/// [`ClientError::TimeOutOfRange`] for times before 1970 and after 2106,
/// [`ClientError::Message`] for a ticket that has no encoding.
pub fn entry(credential: &Credential) -> Result<Entry, ClientError> {
    let times = &credential.times;
    Ok(Entry {
        client: credential.client.clone(),
        server: credential.server.clone(),
        key: EncryptionKey::from(&credential.key),
        times: EntryTimes {
            auth: seconds(times.auth)?,
            start: seconds(times.start)?,
            end: seconds(times.end)?,
            renew_till: times.renew_till.map_or(Ok(0), seconds)?,
        },
        is_skey: false,
        flags: credential.flags.word().into(),
        addresses: credential.addresses.clone(),
        authdata: Vec::new(),
        ticket: credential.ticket.encode()?.into(),
        second_ticket: Vec::new().into(),
    })
}

/// The credential of an entry.
///
/// # Errors
///
/// [`ClientError::Message`] if the ticket cannot be read,
/// [`ClientError::Crypto`] if there is no cipher for its key.
pub fn credential(entry: &Entry) -> Result<Credential, ClientError> {
    // Who wrote the file may have asked for a weak one by name.
    let enctype = Enctype::allowing_weak(entry.key.keytype)?;
    let times = &entry.times;
    let auth = moment(times.auth);
    Ok(Credential {
        client: entry.client.clone(),
        server: entry.server.clone(),
        key: Key::new(enctype, entry.key.keyvalue.as_octets())?,
        times: Times {
            auth,
            start: if times.start == 0 { auth } else { moment(times.start) },
            end: moment(times.end),
            renew_till: (times.renew_till != 0).then(|| moment(times.renew_till)),
        },
        flags: entry.flags.clone(),
        addresses: entry.addresses.clone(),
        ticket: Ticket::decode(&entry.ticket)?,
    })
}

/// The ticket for `service` that lives longest beyond `now`, if there is one that
/// can be used. Without a realm it may be of any.
#[must_use]
pub fn find(
    ccache: &Ccache,
    service: &PrincipalName,
    krb_realm: Option<&RealmName>,
    now: SystemTime,
) -> Option<Credential> {
    let is_meant = |entry: &&Entry| {
        !entry.is_config()
            && !entry.is_skey
            && entry.server.name.same_name(service)
            && is_same(&entry.client, &ccache.principal)
            && krb_realm.is_none_or(|krb_realm| entry.server.krb_realm == *krb_realm)
            && moment(entry.times.end) > now
    };
    let mut found: Vec<&Entry> = ccache.credentials.iter().filter(is_meant).collect();
    found.sort_by_key(|entry| std::cmp::Reverse(entry.times.end));
    found.into_iter().find_map(|entry| credential(entry).ok())
}

/// Puts a ticket into the cache, in the place of those that it follows.
///
/// # Errors
///
/// As for [`entry`].
pub fn store(ccache: &mut Ccache, credential: &Credential) -> Result<(), ClientError> {
    let new = entry(credential)?;
    ccache.credentials.retain(|old| {
        old.is_config()
            || old.is_skey
            || !is_same(&old.server, &new.server)
            || !is_same(&old.client, &new.client)
    });
    ccache.credentials.push(new);
    Ok(())
}

fn is_same(one: &Principal, other: &Principal) -> bool {
    one.krb_realm == other.krb_realm && one.name.same_name(&other.name)
}

fn seconds(time: SystemTime) -> Result<u32, ClientError> {
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| ClientError::TimeOutOfRange)?;
    u32::try_from(since.as_secs()).map_err(|_| ClientError::TimeOutOfRange)
}

fn moment(seconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use krb::crypto::Enctype;

    use super::*;
    use crate::recorded::{now, tgt};

    fn empty(client: &Principal) -> Ccache {
        Ccache { time_offset: None, principal: client.clone(), credentials: Vec::new() }
    }

    /// What stock kinit wrote; its README says how.
    fn stock(name: &str) -> Ccache {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/ccache").join(name);
        Ccache::read(&fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_ticket_comes_back_as_it_was_written() {
        for enctype in Enctype::ALL {
            let (tgt, _) = tgt(enctype);
            assert_eq!(credential(&entry(&tgt).unwrap()).unwrap(), tgt);
        }
    }

    #[test]
    fn tickets_of_other_programs_are_read_and_written_back_as_they_were() {
        for name in ["mit-4.ccache", "mit-3.ccache", "heimdal.ccache", "mit-addresses.ccache"] {
            let ccache = stock(name);
            let tickets: Vec<_> = ccache.credentials.iter().filter(|entry| !entry.is_config()).collect();
            assert!(!tickets.is_empty(), "{name}");
            for ticket in tickets {
                assert_eq!(entry(&credential(ticket).unwrap()).unwrap(), *ticket, "{name}");
            }
        }
    }

    #[test]
    fn a_ticket_is_found_by_its_name_until_it_ends() {
        let (tgt, _) = tgt(Enctype::Aes128CtsHmacSha1_96);
        let mut ccache = empty(&tgt.client);
        store(&mut ccache, &tgt).unwrap();
        let (name, krb_realm) = (&tgt.server.name, &tgt.server.krb_realm);
        for krb_realm in [None, Some(krb_realm)] {
            assert_eq!(find(&ccache, name, krb_realm, now()).as_ref(), Some(&tgt));
        }
        assert_eq!(find(&ccache, name, Some(&"OTHER.TEST".into()), now()), None);
        assert_eq!(find(&ccache, name, None, tgt.times.end), None);
        assert_eq!(find(&ccache, &PrincipalName::krbtgt(&"OTHER.TEST".into()), None, now()), None);
    }

    #[test]
    fn a_new_ticket_takes_the_place_of_the_old_one_alone() {
        let (tgt, _) = tgt(Enctype::Aes128CtsHmacSha1_96);
        let mut ccache = empty(&tgt.client);
        let config = Entry::for_config(tgt.client.clone(), PA_TYPE, Some(&tgt.server), b"2");
        ccache.credentials.push(config.clone());
        store(&mut ccache, &tgt).unwrap();
        let later = Credential {
            times: Times { end: tgt.times.end + Duration::from_secs(60), ..tgt.times },
            ..tgt.clone()
        };
        store(&mut ccache, &later).unwrap();
        assert_eq!(ccache.credentials, [config, entry(&later).unwrap()]);
    }

    #[test]
    fn a_ticket_that_a_file_cannot_hold_is_refused() {
        let (tgt, _) = tgt(Enctype::Aes128CtsHmacSha1_96);
        let far = UNIX_EPOCH + Duration::from_secs(1 << 32);
        for times in [
            Times { end: far, ..tgt.times },
            Times { auth: UNIX_EPOCH - Duration::from_secs(1), ..tgt.times },
        ] {
            let refused = entry(&Credential { times, ..tgt.clone() });
            assert!(matches!(refused, Err(ClientError::TimeOutOfRange)));
        }
    }
}
