//! Credential caches: from tickets to octets, in version 4 of the format.

use zeroize::Zeroizing;

use crate::name::Principal;

use super::{Ccache, CcacheError, Credential, MAX_COUNT, TAG_TIME_OFFSET};

/// The version that is written.
const VERSION: u16 = 0x0504;

/// Octets of the header with a time offset: tag, length, and the two numbers.
const HEADER_LENGTH: u16 = 12;

impl Ccache {
    /// The file that holds these tickets.
    ///
    /// # Errors
    ///
    /// [`CcacheError::UnwritableName`] and [`CcacheError::UnwritableCredential`] if a list has more elements
    /// than [`MAX_COUNT`], or if 16 bits cannot hold the type of a key, an address or authorization data.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, CcacheError> {
        // All at once, so that no key is left behind in an outgrown buffer.
        let credentials: usize = self.credentials.iter().map(credential_length).sum();
        let header = 4 + usize::from(HEADER_LENGTH);
        let mut file =
            Zeroizing::new(Vec::with_capacity(header + principal_length(&self.principal) + credentials));
        file.extend_from_slice(&VERSION.to_be_bytes());
        match self.time_offset {
            None => file.extend_from_slice(&0u16.to_be_bytes()),
            Some(offset) => {
                file.extend_from_slice(&HEADER_LENGTH.to_be_bytes());
                file.extend_from_slice(&TAG_TIME_OFFSET.to_be_bytes());
                file.extend_from_slice(&(HEADER_LENGTH - 4).to_be_bytes());
                file.extend_from_slice(&offset.seconds.to_be_bytes());
                file.extend_from_slice(&offset.microseconds.to_be_bytes());
            }
        }
        principal(&mut file, &self.principal).ok_or(CcacheError::UnwritableName)?;
        for (index, entry) in self.credentials.iter().enumerate() {
            credential(&mut file, entry).ok_or(CcacheError::UnwritableCredential { index })?;
        }
        Ok(file)
    }
}

fn principal_length(principal: &Principal) -> usize {
    let strings = principal.name.name_string.iter().chain([&principal.krb_realm]);
    8 + strings.map(|string| 4 + string.as_octets().len()).sum::<usize>()
}

/// Octets of a credential.
fn credential_length(credential: &Credential) -> usize {
    let addresses: usize = credential.addresses.iter().map(|element| 6 + element.address.len()).sum();
    let authdata: usize = credential.authdata.iter().map(|element| 6 + element.ad_data.len()).sum();
    // Beside the names: encryption type, four times, is_skey, flags, and the counts of five parts.
    let fixed = 2 + 16 + 1 + 4 + 20;
    principal_length(&credential.client)
        + principal_length(&credential.server)
        + fixed
        + credential.key.keyvalue.as_octets().len()
        + addresses
        + authdata
        + credential.ticket.len()
        + credential.second_ticket.len()
}

/// Appends a name; `None` if it has a part that does not fit.
fn principal(file: &mut Vec<u8>, principal: &Principal) -> Option<()> {
    let count = u32::try_from(principal.name.name_string.len()).ok().filter(|count| *count <= MAX_COUNT)?;
    file.extend_from_slice(&principal.name.name_type.to_be_bytes());
    file.extend_from_slice(&count.to_be_bytes());
    counted(file, principal.krb_realm.as_octets())?;
    principal.name.name_string.iter().try_for_each(|component| counted(file, component.as_octets()))
}

/// Appends a credential; `None` if it has a part that does not fit.
fn credential(file: &mut Vec<u8>, credential: &Credential) -> Option<()> {
    principal(file, &credential.client)?;
    principal(file, &credential.server)?;
    file.extend_from_slice(&i16::try_from(credential.key.keytype).ok()?.to_be_bytes());
    counted(file, credential.key.keyvalue.as_octets())?;
    let times = credential.times;
    for time in [times.auth, times.start, times.end, times.renew_till] {
        file.extend_from_slice(&time.to_be_bytes());
    }
    file.push(credential.is_skey.into());
    file.extend_from_slice(&credential.flags.word().to_be_bytes());
    count(file, credential.addresses.len())?;
    for element in &credential.addresses {
        file.extend_from_slice(&u16::try_from(element.addr_type).ok()?.to_be_bytes());
        counted(file, &element.address)?;
    }
    count(file, credential.authdata.len())?;
    for element in &credential.authdata {
        file.extend_from_slice(&i16::try_from(element.ad_type).ok()?.to_be_bytes());
        counted(file, &element.ad_data)?;
    }
    counted(file, &credential.ticket)?;
    counted(file, &credential.second_ticket)
}

/// Appends the length of a list; `None` if it is too long.
fn count(file: &mut Vec<u8>, length: usize) -> Option<()> {
    let count = u32::try_from(length).ok().filter(|count| *count <= MAX_COUNT)?;
    file.extend_from_slice(&count.to_be_bytes());
    Some(())
}

/// Appends `octets` behind their count; `None` if four octets cannot count them.
fn counted(file: &mut Vec<u8>, octets: &[u8]) -> Option<()> {
    file.extend_from_slice(&u32::try_from(octets.len()).ok()?.to_be_bytes());
    file.extend_from_slice(octets);
    Some(())
}
