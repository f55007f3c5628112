//! How the client's long-term key is made from its password, as the KDC says
//! (RFC 4120 section 5.2.7.5).

use krb::crypto::{CryptoError, Enctype, Key, string_to_key};
use krb::msg::padata::{EtypeInfo2, PA_ETYPE_INFO2, PaData};
use krb::name::Principal;

use crate::error::ClientError;

/// Which key to make, and from which salt and parameters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    enctype: Enctype,
    salt: Vec<u8>,
    parameters: Option<Vec<u8>>,
}

impl Recipe {
    /// The first recipe among `padata` whose enctype is one of `accepted`: the
    /// KDC lists them in the order it prefers.
    ///
    /// Without PA-ETYPE-INFO2 it is the first of `accepted` with the usual
    /// salt.
    pub(crate) fn choose(
        padata: &[PaData],
        accepted: &[Enctype],
        client: &Principal,
    ) -> Result<Self, ClientError> {
        let Some(info) = padata.iter().find(|data| data.padata_type == PA_ETYPE_INFO2) else {
            let enctype = accepted.first().copied().ok_or(ClientError::NoEnctypeInCommon)?;
            return Ok(Self { enctype, salt: usual_salt(client), parameters: None });
        };
        for entry in EtypeInfo2::decode(&info.padata_value)?.0 {
            let Some(enctype) = accepted.iter().find(|enctype| entry.etype == i64::from(enctype.number()))
            else {
                continue;
            };
            return Ok(Self {
                enctype: *enctype,
                salt: entry.salt.map_or_else(|| usual_salt(client), |salt| salt.0),
                parameters: entry.s2kparams.map(Into::into),
            });
        }
        Err(ClientError::NoEnctypeInCommon)
    }

    /// The key, which takes milliseconds to seconds to make: at most so many
    /// rounds.
    pub(crate) fn key(&self, password: &str, most: u32) -> Result<Key, ClientError> {
        let parameters = self.parameters.as_deref();
        if let Some(count) = parameters.and_then(|octets| octets.try_into().ok()).map(u32::from_be_bytes)
            && count > most
        {
            let least = self.enctype.default_iterations();
            return Err(CryptoError::IterationCount { count, least, most }.into());
        }
        Ok(string_to_key(self.enctype, password.as_bytes(), &self.salt, parameters)?)
    }
}

/// The salt if the KDC names none: the realm and the components of the name,
/// without separators.
fn usual_salt(client: &Principal) -> Vec<u8> {
    let mut salt = client.krb_realm.as_octets().to_vec();
    for component in &client.name.name_string {
        salt.extend_from_slice(component.as_octets());
    }
    salt
}

#[cfg(test)]
mod tests {
    use krb::msg::padata::EtypeInfo2Entry;
    use krb::name::{NT_PRINCIPAL, PrincipalName};

    use super::*;

    fn client() -> Principal {
        Principal {
            name: PrincipalName::new(NT_PRINCIPAL, ["alice", "admin"]),
            krb_realm: "CLIENT.TEST".into(),
        }
    }

    fn info(entries: &[(i64, Option<&str>)]) -> Vec<PaData> {
        let entries = entries.iter().map(|(etype, salt)| EtypeInfo2Entry {
            etype: *etype,
            salt: salt.map(Into::into),
            s2kparams: None,
        });
        let value = EtypeInfo2(entries.collect()).encode().unwrap();
        vec![PaData { padata_type: PA_ETYPE_INFO2, padata_value: value.into() }]
    }

    #[test]
    fn the_first_enctype_that_both_know_is_taken() {
        let padata = info(&[(23, None), (18, Some("salt")), (20, None)]);
        let recipe = Recipe::choose(&padata, &Enctype::ALL, &client()).unwrap();
        assert_eq!((recipe.enctype, &recipe.salt[..]), (Enctype::Aes256CtsHmacSha1_96, &b"salt"[..]));
    }

    #[test]
    fn without_a_salt_it_is_realm_and_name() {
        let recipe = Recipe::choose(&info(&[(17, None)]), &Enctype::ALL, &client()).unwrap();
        assert_eq!(recipe.salt, b"CLIENT.TESTaliceadmin");
        let recipe = Recipe::choose(&[], &[Enctype::Aes128CtsHmacSha1_96], &client()).unwrap();
        assert_eq!(recipe.salt, b"CLIENT.TESTaliceadmin");
    }

    #[test]
    fn a_kdc_cannot_ask_for_more_rounds_than_the_caller_has_time_for() {
        let enctype = Enctype::Aes128CtsHmacSha1_96;
        let recipe = |count: u32| Recipe {
            enctype,
            salt: b"salt".to_vec(),
            parameters: Some(count.to_be_bytes().to_vec()),
        };
        assert!(recipe(5000).key("password", 5000).is_ok());
        let refused = recipe(5001).key("password", 5000);
        assert!(matches!(
            refused,
            Err(ClientError::Crypto(CryptoError::IterationCount { count: 5001, most: 5000, .. }))
        ));
    }

    #[test]
    fn an_enctype_that_was_not_offered_is_not_taken() {
        let chosen = Recipe::choose(&info(&[(17, None), (3, None)]), &Enctype::ALL[..3], &client());
        assert!(matches!(chosen, Err(ClientError::NoEnctypeInCommon)));
    }
}
