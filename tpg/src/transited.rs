//! Which realms a ticket went through, and whether the path is trusted (RFC 4120 sections 1.2, 2.7 and 3.3.3.2).
//!
//! Compressed by DOMAIN-X500-COMPRESS: names with commas between them, where a name that ends with a dot or starts
//! with a slash leans on the one before it, and an empty name stands for all realms between its neighbours.

use krb::{
    msg::opened::TransitedEncoding,
    name::{KerberosString, RealmName},
};

use crate::{policy::CaPath, refusal::Refusal};

/// The one kind of list (RFC 4120 section 3.3.3.2).
const DOMAIN_X500_COMPRESS: i32 = 1;

/// Realms on one path. No hierarchy is deeper, and each may be as long as the list.
const MAX_REALMS: usize = 64;
/// Octets of a list before and after it is expanded.
const MAX_OCTETS: usize = 8 * 1024;

/// Judges the path from `client` to `service` where no KDC has.
///
/// # Errors
///
/// [`Refusal::Transited`] names the first realm that is not trusted, [`Refusal::TransitedEncoding`].
pub(crate) fn judge(
    transited: &TransitedEncoding,
    client: &RealmName,
    service: &RealmName,
    capaths: &[CaPath],
) -> Result<(), Refusal> {
    let on_the_way = realms(transited, client, service).ok_or(Refusal::TransitedEncoding)?;
    let trusted = |realm: &RealmName| {
        realm == client
            || realm == service
            || capaths.iter().any(|path| path.client == *client && path.via.contains(realm))
            || hierarchy(client.as_octets(), service.as_octets()).any(|on_it| on_it == realm.as_octets())
    };
    match on_the_way.into_iter().find(|realm| !trusted(realm)) {
        Some(krb_realm) => {
            Err(Refusal::Transited { krb_realm, client: client.clone(), service: service.clone() })
        }
        None => Ok(()),
    }
}

/// The realms of the list; `None` if it cannot be read.
fn realms(transited: &TransitedEncoding, client: &RealmName, service: &RealmName) -> Option<Vec<RealmName>> {
    // MIT krb5 counts the NUL of a C string in some tickets.
    let contents = transited.contents.strip_suffix(b"\0").unwrap_or(&transited.contents);
    if contents.is_empty() {
        return Some(Vec::new());
    }
    if transited.tr_type != DOMAIN_X500_COMPRESS || contents.len() > MAX_OCTETS {
        return None;
    }
    let mut found = Vec::<Vec<u8>>::new();
    // What the next name leans on, and whether the realms from there to it are left out.
    let (mut before, mut gap) = (Vec::new(), false);
    for (place, field) in fields(contents)?.into_iter().enumerate() {
        if field.octets.is_empty() {
            // An empty name at the start stands for what follows the client's realm.
            if place == 0 {
                before = client.as_octets().to_vec();
            }
            gap = true;
            continue;
        }
        let realm = expand(field, &before);
        if std::mem::take(&mut gap) {
            found.extend(between(&before, &realm)?);
        }
        found.push(realm.clone());
        before = realm;
        if found.len() > MAX_REALMS || found.iter().map(Vec::len).sum::<usize>() > MAX_OCTETS {
            return None;
        }
    }
    if gap {
        found.extend(between(&before, service.as_octets())?);
    }
    Some(found.into_iter().map(KerberosString::from).collect())
}

/// A name, with what it leans on.
fn expand(Field { mut octets, absolute }: Field, before: &[u8]) -> Vec<u8> {
    match (octets.first(), octets.last()) {
        _ if absolute => octets,
        // `/COM,/HP` is /COM and /COM/HP.
        (Some(b'/'), _) => [before, &octets].concat(),
        // `EDU,MIT.` is EDU and MIT.EDU.
        (_, Some(b'.')) => {
            octets.extend_from_slice(before);
            octets
        }
        _ => octets,
    }
}

/// A name as the list has it.
#[derive(Default)]
struct Field {
    octets: Vec<u8>,
    /// It began with a space: it leans on nothing.
    absolute: bool,
}

/// The names of a list; `None` if it ends within one. A backslash takes the meaning from what follows it.
fn fields(contents: &[u8]) -> Option<Vec<Field>> {
    let (mut fields, mut last, mut escaped) = (Vec::new(), Field::default(), false);
    for &octet in contents {
        match octet {
            _ if escaped => {
                last.octets.push(octet);
                escaped = false;
            }
            b'\\' => escaped = true,
            b',' => fields.push(std::mem::take(&mut last)),
            b' ' if last.octets.is_empty() => last.absolute = true,
            _ => last.octets.push(octet),
        }
    }
    fields.push(last);
    (!escaped).then_some(fields)
}

/// The realms that an empty name stands for: those strictly between a realm and one above it. `None` if neither
/// is above the other, for then nobody can say what was left out.
fn between(one: &[u8], other: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (above, below) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let path: Vec<_> = ancestors(below).take_while(|realm| *realm != above).map(<[u8]>::to_vec).collect();
    ancestors(below).any(|realm| realm == above).then(|| path.into_iter().skip(1).collect())
}

/// The realms on the way from one to another: up to the one that both have in common, and down. Two without
/// anything in common have nothing between them.
fn hierarchy<'a>(from: &'a [u8], to: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let common = ancestors(from).find(|realm| ancestors(to).any(|other| other == *realm));
    let up_to_it = move |realm: &&[u8]| common.is_some_and(|common| realm.len() >= common.len());
    ancestors(from).chain(ancestors(to)).filter(up_to_it)
}

/// A realm, its parent, its parent's parent. Realms in domain style have their parent after the first dot; those in
/// the style of X.500 before the last slash.
fn ancestors(realm: &[u8]) -> impl Iterator<Item = &[u8]> {
    let x500 = realm.first() == Some(&b'/');
    std::iter::successors(Some(realm).filter(|realm| !realm.is_empty()), move |realm| {
        if x500 {
            let place = realm.iter().rposition(|octet| *octet == b'/')?;
            realm.get(..place).filter(|parent| !parent.is_empty())
        } else {
            let place = realm.iter().position(|octet| *octet == b'.')?;
            realm.get(place + 1..).filter(|parent| !parent.is_empty())
        }
    })
    .take(MAX_REALMS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn expanded(client: &str, service: &str, contents: &str) -> Option<Vec<String>> {
        let transited = TransitedEncoding { tr_type: 1, contents: contents.as_bytes().into() };
        let realms = realms(&transited, &client.into(), &service.into())?;
        let mut realms: Vec<String> =
            realms.iter().map(|realm| String::from_utf8(realm.as_octets().to_vec()).unwrap()).collect();
        realms.sort();
        Some(realms)
    }

    /// MIT krb5 1.20.1, src/lib/krb5/krb/transit-tests: all of it; its licence is in tests/data/krb5/NOTICE. The
    /// order of realms does not count there either.
    #[test]
    fn lists_are_expanded_as_mit_krb5_does() {
        for (client, service, contents, wanted) in [
            (
                "ATHENA.MIT.EDU",
                "HACK.FOOBAR.COM",
                ",EDU,BLORT.COM,COM,",
                "MIT.EDU EDU BLORT.COM COM FOOBAR.COM",
            ),
            ("ATHENA.MIT.EDU", "EDU", ",", "MIT.EDU"),
            ("EDU", "ATHENA.MIT.EDU", ",", "MIT.EDU"),
            ("x", "x", "/COM,/HP,/APOLLO, /COM/DEC", "/COM /COM/HP /COM/HP/APOLLO /COM/DEC"),
            (
                "x",
                "x",
                "EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.",
                "EDU MIT.EDU ATHENA.MIT.EDU WASHINGTON.EDU CS.WASHINGTON.EDU",
            ),
            ("ATHENA.MIT.EDU", "/COM/HP/APOLLO", ",EDU, /COM,", "EDU MIT.EDU /COM /COM/HP"),
            ("ATHENA.MIT.EDU", "CS.CMU.EDU", ",EDU,", "EDU MIT.EDU CMU.EDU"),
            (
                "XYZZY.ATHENA.MIT.EDU",
                "XYZZY.CS.CMU.EDU",
                ",EDU,",
                "EDU MIT.EDU ATHENA.MIT.EDU CMU.EDU CS.CMU.EDU",
            ),
        ] {
            let mut wanted: Vec<String> = wanted.split(' ').map(str::to_owned).collect();
            wanted.sort();
            assert_eq!(expanded(client, service, contents), Some(wanted), "{contents}");
        }
        assert_eq!(expanded("ATHENA.MIT.EDU", "/COM/HP/APOLLO", ",EDU,/COM,"), None);
    }

    #[test]
    fn a_backslash_makes_a_comma_part_of_a_name() {
        assert_eq!(expanded("A", "B", r"X\,Y,Z"), Some(vec!["X,Y".to_owned(), "Z".to_owned()]));
        assert_eq!(expanded("A", "B", r"X\"), None);
    }

    #[test]
    fn the_nul_of_a_c_string_is_no_part_of_a_name() {
        assert_eq!(expanded("A", "B", "EDU\0"), Some(vec!["EDU".to_owned()]));
        assert_eq!(expanded("A", "B", "\0"), Some(Vec::new()));
    }

    #[test]
    fn a_list_that_grows_beyond_reason_is_not_read() {
        assert_eq!(expanded("A", "B", &format!("A{}", ",A.".repeat(64))), None);
        let long = format!("{},B.,C.,D.", "A".repeat(4000));
        assert_eq!(expanded("A", "B", &long), None);
        assert_eq!(expanded("A.B", "B", &",".repeat(MAX_OCTETS + 1)), None);
    }

    #[test]
    fn another_kind_of_list_is_not_read() {
        let transited = TransitedEncoding { tr_type: 2, contents: b"EDU"[..].into() };
        assert_eq!(realms(&transited, &"A".into(), &"B".into()), None);
    }

    fn judged(client: &str, service: &str, contents: &str, capaths: &[CaPath]) -> Result<(), String> {
        let transited = TransitedEncoding { tr_type: 1, contents: contents.as_bytes().into() };
        judge(&transited, &client.into(), &service.into(), capaths).map_err(|refusal| match refusal {
            Refusal::Transited { krb_realm, .. } => krb_realm.to_string(),
            other => other.word().to_owned(),
        })
    }

    #[test]
    fn the_realms_of_the_hierarchy_are_trusted() {
        assert_eq!(judged("A.X.TEST", "B.Y.TEST", "X.TEST,TEST,Y.", &[]), Ok(()));
        assert_eq!(judged("A.X.TEST", "B.Y.TEST", "", &[]), Ok(()));
    }

    /// MIT krb5 1.20.1, src/lib/krb5/krb/walktree-tests; its licence is in tests/data/krb5/NOTICE. Some names end
    /// like others without being below them.
    #[test]
    fn the_hierarchy_is_the_path_that_mit_krb5_walks() {
        for (client, service, between) in [
            ("ATHENA.MIT.EDU", "CSAIL.MIT.EDU", "MIT.EDU"),
            ("FOO.EXAMPLE.COM", "BAR.EXAMPLE.COM", "EXAMPLE.COM"),
            ("FOZ.EXAMPLE.COM", "BAZ.EXAMPLE.COM", "EXAMPLE.COM"),
            ("FOZ.EXAMPLE.COM", "BOZ.EXAMPLE.COM", "EXAMPLE.COM"),
            ("FOZ.EXAMPLE.COM", "OZ.EXAMPLE.COM", "EXAMPLE.COM"),
            ("OZ.EXAMPLE.COM", "FOZ.EXAMPLE.COM", "EXAMPLE.COM"),
            ("A.FOZ.EXAMPLE.COM", "A.OZ.EXAMPLE.COM", "FOZ.EXAMPLE.COM EXAMPLE.COM OZ.EXAMPLE.COM"),
            ("A.OZ.EXAMPLE.COM", "A.FOZ.EXAMPLE.COM", "OZ.EXAMPLE.COM EXAMPLE.COM FOZ.EXAMPLE.COM"),
            ("A.FOZ.EXAMPLE.COM", "A.BOZ.EXAMPLE.COM", "FOZ.EXAMPLE.COM EXAMPLE.COM BOZ.EXAMPLE.COM"),
            ("A.BOZ.EXAMPLE.COM", "A.FOZ.EXAMPLE.COM", "BOZ.EXAMPLE.COM EXAMPLE.COM FOZ.EXAMPLE.COM"),
            ("A.FOZ.EXAMPLE.COM", "OZ.EXAMPLE.COM", "FOZ.EXAMPLE.COM EXAMPLE.COM"),
            ("OZ.EXAMPLE.COM", "A.FOZ.EXAMPLE.COM", "EXAMPLE.COM FOZ.EXAMPLE.COM"),
            ("A.B", "B.B", "B"),
            ("AB.B", "B.B", "B"),
            ("A.B", "BA.B", "B"),
            ("EXAMPLE.COM", "A.EXAMPLE.COM", ""),
            ("A.EXAMPLE.COM", "EXAMPLE.COM", ""),
        ] {
            let wanted: HashSet<_> = between.split_whitespace().chain([client, service]).collect();
            let walked = hierarchy(client.as_bytes(), service.as_bytes());
            let walked: HashSet<_> = walked.map(|realm| str::from_utf8(realm).unwrap()).collect();
            assert_eq!(walked, wanted, "{client} to {service}");
        }
    }

    /// There is a path from EDU to COM there; whoever wants it here says so.
    #[test]
    fn the_path_that_mit_krb5_walks_between_two_hierarchies_has_to_be_configured() {
        let path = "MIT.EDU,EDU,COM,EXAMPLE.COM";
        let (client, service) = ("ATHENA.MIT.EDU", "HACK.EXAMPLE.COM");
        assert_eq!(judged(client, service, path, &[]), Err("MIT.EDU".to_owned()));
        let via = path.split(',').map(RealmName::from).collect();
        assert_eq!(judged(client, service, path, &[CaPath { client: client.into(), via }]), Ok(()));
    }

    #[test]
    fn a_realm_beside_the_hierarchy_is_not_trusted() {
        assert_eq!(judged("A.X.TEST", "B.Y.TEST", "X.TEST,EVIL.TEST", &[]), Err("EVIL.TEST".to_owned()));
        assert_eq!(judged("ONE.TEST", "OTHER.EXAMPLE", "EXAMPLE", &[]), Err("EXAMPLE".to_owned()));
        assert_eq!(
            judged("A.X.TEST", "B.X.TEST", "TEST", &[]),
            Err("TEST".to_owned()),
            "above what they share"
        );
    }

    #[test]
    fn a_path_that_is_configured_is_trusted_for_that_client_alone() {
        let paths = [CaPath { client: "ONE.TEST".into(), via: vec!["HUB.EXAMPLE".into()] }];
        assert_eq!(judged("ONE.TEST", "GW.TEST", "HUB.EXAMPLE", &paths), Ok(()));
        assert_eq!(judged("TWO.TEST", "GW.TEST", "HUB.EXAMPLE", &paths), Err("HUB.EXAMPLE".to_owned()));
    }
}
