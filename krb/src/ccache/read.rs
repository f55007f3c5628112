//! Credential caches: from octets to tickets.

use crate::fields::{Cut, Fields};
use crate::flags::Flags;
use crate::msg::HostAddress;
use crate::msg::opened::{AuthorizationDataElement, EncryptionKey};
use crate::name::{KerberosString, Principal, PrincipalName};
use crate::octets::Octets;

use super::{
    Ccache, CcacheError, Credential, FORMAT, MAX_COUNT, MAX_LENGTH, TAG_TIME_OFFSET, TimeOffset, Times,
};

/// The versions that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Keys have their encryption type twice.
    Three,
    /// There is a header.
    Four,
}

/// Why a name or a credential cannot be read. Where it begins is added by who knows.
enum Fault {
    Cut(Cut),
    TooMany { at: usize, count: u32 },
}

impl From<Cut> for Fault {
    fn from(cut: Cut) -> Self {
        Self::Cut(cut)
    }
}

impl Fault {
    /// The error, where the name or the credential begins at octet `entry`.
    fn within(self, entry: usize) -> CcacheError {
        match self {
            Self::Cut(Cut { at, missing }) => CcacheError::Truncated { entry, at, missing },
            Self::TooMany { at, count } => CcacheError::TooMany { at, count },
        }
    }
}

impl Ccache {
    /// Reads a whole file.
    ///
    /// Entries that were removed in place are left out.
    ///
    /// # Errors
    ///
    /// [`CcacheError::Truncated`] if the file ends too early: it may still be written. The others say what is
    /// wrong with the file for good.
    pub fn read(octets: &[u8]) -> Result<Self, CcacheError> {
        if octets.len() > MAX_LENGTH {
            return Err(CcacheError::TooLong { length: octets.len() });
        }
        let mut file = Fields::new(octets);
        let version = version(&mut file)?;
        let time_offset = match version {
            Version::Three => None,
            Version::Four => header(&mut file)?,
        };
        let start = file.at();
        let principal = principal(&mut file).map_err(|fault| fault.within(start))?;
        let mut credentials = Vec::new();
        while !file.rest().is_empty() {
            let start = file.at();
            let credential = credential(&mut file, version).map_err(|fault| fault.within(start))?;
            if !credential.is_removed() {
                credentials.push(credential);
            }
        }
        Ok(Self { time_offset, principal, credentials })
    }
}

fn version(file: &mut Fields<'_>) -> Result<Version, CcacheError> {
    match *file.rest() {
        [found, ..] if found != FORMAT => Err(CcacheError::NotACcache { found }),
        _ => match file.u16() {
            Ok(0x0503) => Ok(Version::Three),
            Ok(0x0504) => Ok(Version::Four),
            Ok(found) => Err(CcacheError::Version { found }),
            Err(cut) => Err(Fault::Cut(cut).within(0)),
        },
    }
}

/// Reads the header. Fields with tags that are not known are passed over, as the format asks.
fn header(file: &mut Fields<'_>) -> Result<Option<TimeOffset>, CcacheError> {
    let start = file.at();
    let length = file.u16().map_err(|cut| Fault::Cut(cut).within(start))?;
    let mut fields = file.part(length.into()).map_err(|cut| Fault::Cut(cut).within(start))?;
    let mut offset = None;
    while !fields.rest().is_empty() {
        let at = fields.at();
        let impossible = |_| CcacheError::Header { at };
        let tag = fields.u16().map_err(impossible)?;
        let value = fields.counted_by_two().map_err(impossible)?;
        if tag == TAG_TIME_OFFSET {
            let mut value = Fields::new(value);
            let seconds = value.i32().map_err(impossible)?;
            let microseconds = value.i32().map_err(impossible)?;
            if !value.rest().is_empty() {
                return Err(CcacheError::Header { at });
            }
            offset = Some(TimeOffset { seconds, microseconds });
        }
    }
    Ok(offset)
}

fn principal(file: &mut Fields<'_>) -> Result<Principal, Fault> {
    let name_type = file.i32()?;
    let count = count(file)?;
    let krb_realm = file.counted_by_four()?.into();
    let name_string = (0..count).map(|_| file.counted_by_four().map(KerberosString::from));
    let name_string = name_string.collect::<Result<_, _>>()?;
    Ok(Principal { name: PrincipalName { name_type, name_string }, krb_realm })
}

fn credential(file: &mut Fields<'_>, version: Version) -> Result<Credential, Fault> {
    // In the order of the file, which struct expressions keep.
    Ok(Credential {
        client: principal(file)?,
        server: principal(file)?,
        key: key(file, version)?,
        times: Times { auth: file.u32()?, start: file.u32()?, end: file.u32()?, renew_till: file.u32()? },
        is_skey: file.u8()? != 0,
        flags: Flags::from(file.u32()?),
        addresses: list(file, |number, address| HostAddress { addr_type: number.into(), address })?,
        authdata: list(file, |number, ad_data| AuthorizationDataElement {
            // Signed, as MIT krb5 has it: private types are negative.
            ad_type: number.cast_signed().into(),
            ad_data,
        })?,
        ticket: file.counted_by_four()?.into(),
        second_ticket: file.counted_by_four()?.into(),
    })
}

fn key(file: &mut Fields<'_>, version: Version) -> Result<EncryptionKey, Cut> {
    // Signed, as MIT krb5 has it: private encryption types are negative.
    let keytype = file.u16()?.cast_signed();
    if version == Version::Three {
        file.u16()?;
    }
    Ok(EncryptionKey::new(keytype.into(), file.counted_by_four()?))
}

/// Reads how many elements a list has.
fn count(file: &mut Fields<'_>) -> Result<u32, Fault> {
    let at = file.at();
    let count = file.u32()?;
    if count > MAX_COUNT { Err(Fault::TooMany { at, count }) } else { Ok(count) }
}

/// Reads a list of octets with a number each.
fn list<T>(file: &mut Fields<'_>, element: impl Fn(u16, Octets) -> T) -> Result<Vec<T>, Fault> {
    let count = count(file)?;
    (0..count).map(|_| Ok(element(file.u16()?, file.counted_by_four()?.into()))).collect()
}
