//! Keytabs: the long-term keys of services, in the file format of MIT krb5 and everybody after it.
//!
//! The format is described in MIT krb5's doc/formats/keytab_file_format.rst; where that is silent, its
//! src/lib/krb5/keytab/kt_file.c decides. Only version 0502 is read. Version 0501 has numbers in the byte order
//! of a machine that the file does not name, and no current writer makes it.
//!
//! A file that ends within an entry is refused whole: it is being written, and what its last half says is not
//! known yet.

use zeroize::Zeroizing;

use crate::fields::{Cut, Fields};
use crate::msg::opened::EncryptionKey;
use crate::name::{KerberosString, Principal, PrincipalName};

/// The longest file that is read, in octets: tens of thousands of keys.
pub const MAX_LENGTH: usize = 4 * 1024 * 1024;

/// The most components that a name may have. Those of services have two or three.
pub const MAX_COMPONENTS: u16 = 16;

/// The first octet of every version of the format.
const FORMAT: u8 = 5;

/// The only version in use.
const VERSION: u16 = 0x0502;

/// The keys of one file, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keytab {
    /// The entries. The same name, version and encryption type may stand in it more than once.
    pub entries: Vec<Entry>,
}

/// One key of one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose key it is.
    pub principal: Principal,
    /// When the entry was written, in seconds since 1970; 0 where the writer did not say.
    pub timestamp: u32,
    /// The version of the key. Files without the 32-bit version have only its last octet; 0 may mean that the
    /// writer did not know it.
    pub kvno: u32,
    /// The key, of whatever encryption type: types that nothing here can use are kept too.
    pub key: EncryptionKey,
}

/// Why octets are no keytab, or a keytab has no octets.
///
/// [`Self::Truncated`] may go away when the file is read again later, no other does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeytabError {
    /// An entry is too short for what it should hold.
    #[error("the entry at octet {entry} ends {missing} octets before its field at octet {at} does")]
    Entry {
        /// Where in the file the entry begins.
        entry: usize,
        /// Where in the file the field begins.
        at: usize,
        /// How many octets the field lacks.
        missing: usize,
    },
    /// It does not begin as a keytab does.
    #[error("not a keytab: the first octet is {found:#04x}, not 0x05")]
    NotAKeytab {
        /// The first octet.
        found: u8,
    },
    /// The file is longer than [`MAX_LENGTH`].
    #[error("a keytab of {length} octets is too long; {MAX_LENGTH} are the most")]
    TooLong {
        /// Its length in octets.
        length: usize,
    },
    /// A name has more components than [`MAX_COMPONENTS`].
    #[error("the name in the entry at octet {entry} has {count} components; {MAX_COMPONENTS} are the most")]
    TooManyComponents {
        /// Where in the file the entry begins.
        entry: usize,
        /// The components it claims.
        count: u16,
    },
    /// The file ends within an entry.
    #[error("the file ends {missing} octets before its entry at octet {entry} does; it is only half written")]
    Truncated {
        /// Where in the file the entry begins; at the start it may be the version that is cut.
        entry: usize,
        /// How many octets of it are not there.
        missing: usize,
    },
    /// The entry has a part that the format has no room for.
    #[error("entry number {index} does not fit into a keytab: a part is too long or a number too great")]
    Unwritable {
        /// Its place among the entries, from 0.
        index: usize,
    },
    /// It is a keytab of a version that is not read.
    #[error("the keytab has version {found:04x}, not {VERSION:04x}; export it again")]
    Version {
        /// The version.
        found: u16,
    },
}

impl Keytab {
    /// Reads a whole file.
    ///
    /// As in MIT krb5, an entry of length 0 ends the keytab: its writer fills in the length last.
    ///
    /// # Errors
    ///
    /// [`KeytabError::Truncated`] if the file ends within an entry: read it again when its writer is done.
    /// The others but [`KeytabError::Unwritable`] say what is wrong with the file for good.
    pub fn read(octets: &[u8]) -> Result<Self, KeytabError> {
        if octets.len() > MAX_LENGTH {
            return Err(KeytabError::TooLong { length: octets.len() });
        }
        let mut file = Fields::new(octets);
        read_version(&mut file)?;
        let mut entries = Vec::new();
        // Zeros that are too few for a length are those that end the file.
        while !file.rest().iter().take(4).all(|octet| *octet == 0) {
            let place = file.at();
            let truncated = |cut: Cut| KeytabError::Truncated { entry: place, missing: cut.missing };
            let length = file.i32().map_err(truncated)?;
            let octets = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
            let entry = file.part(octets).map_err(truncated)?;
            // A negative length is that of a hole, where an entry was removed.
            if length > 0 {
                entries.push(Entry::read(entry, place)?);
            }
        }
        Ok(Self { entries })
    }

    /// The file that holds these entries.
    ///
    /// # Errors
    ///
    /// [`KeytabError::Unwritable`] if a component, the realm or a key has more than 65,535 octets, a name more
    /// components than [`MAX_COMPONENTS`], or a key an encryption type that 16 bits cannot hold.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, KeytabError> {
        // All at once, so that no key is left behind in an outgrown buffer.
        let length = self.entries.iter().map(|entry| 4 + entry.length()).sum::<usize>() + 2;
        let mut file = Zeroizing::new(Vec::with_capacity(length));
        file.extend_from_slice(&VERSION.to_be_bytes());
        for (index, entry) in self.entries.iter().enumerate() {
            entry.write(&mut file).ok_or(KeytabError::Unwritable { index })?;
        }
        Ok(file)
    }
}

/// Reads past the version at the start of the file.
fn read_version(file: &mut Fields<'_>) -> Result<(), KeytabError> {
    match *file.rest() {
        [found, ..] if found != FORMAT => Err(KeytabError::NotAKeytab { found }),
        _ => match file.u16() {
            Ok(VERSION) => Ok(()),
            Ok(found) => Err(KeytabError::Version { found }),
            Err(cut) => Err(KeytabError::Truncated { entry: 0, missing: cut.missing }),
        },
    }
}

impl Entry {
    /// Reads the entry that begins at octet `place`; `fields` are what its length holds.
    fn read(mut fields: Fields<'_>, place: usize) -> Result<Self, KeytabError> {
        let short = |cut: Cut| KeytabError::Entry { entry: place, at: cut.at, missing: cut.missing };
        let count = fields.u16().map_err(short)?;
        if count > MAX_COMPONENTS {
            return Err(KeytabError::TooManyComponents { entry: place, count });
        }
        Self::fields(&mut fields, count).map_err(short)
    }

    /// Reads what stands behind the number of components.
    fn fields(fields: &mut Fields<'_>, count: u16) -> Result<Self, Cut> {
        let krb_realm = fields.counted_by_two()?.into();
        let name_string = (0..count).map(|_| fields.counted_by_two().map(KerberosString::from));
        let name_string = name_string.collect::<Result<_, _>>()?;
        let name = PrincipalName { name_type: fields.i32()?, name_string };
        let timestamp = fields.u32()?;
        let low = u32::from(fields.u8()?);
        // Signed, as MIT krb5 has it: private encryption types are negative.
        let keytype = i32::from(fields.u16()?.cast_signed());
        let key = EncryptionKey::new(keytype, fields.counted_by_two()?);
        // Writers that know only eight bits leave the rest to zeros or to nothing, and so do those that put a
        // short entry into a long hole. What follows (Heimdal's flags) is nobody's business here.
        let kvno = fields.u32().ok().filter(|kvno| *kvno != 0).unwrap_or(low);
        Ok(Self { principal: Principal { name, krb_realm }, timestamp, kvno, key })
    }

    /// Octets of the entry, without its length.
    fn length(&self) -> usize {
        let strings = self.principal.name.name_string.iter().chain([&self.principal.krb_realm]);
        let strings: usize = strings.map(|string| 2 + string.as_octets().len()).sum();
        // Count, strings, name type, time, 8-bit version, encryption type, key, 32-bit version.
        2 + strings + 4 + 4 + 1 + 2 + 2 + self.key.keyvalue.as_octets().len() + 4
    }

    /// Appends the entry with its length; `None` if it has a part that does not fit.
    fn write(&self, file: &mut Vec<u8>) -> Option<()> {
        let name = &self.principal.name;
        let count = u16::try_from(name.name_string.len()).ok().filter(|count| *count <= MAX_COMPONENTS)?;
        let keytype = i16::try_from(self.key.keytype).ok()?;
        let [.., low] = self.kvno.to_be_bytes();

        file.extend_from_slice(&u32::try_from(self.length()).ok()?.to_be_bytes());
        file.extend_from_slice(&count.to_be_bytes());
        write_counted(file, self.principal.krb_realm.as_octets())?;
        for component in &name.name_string {
            write_counted(file, component.as_octets())?;
        }
        file.extend_from_slice(&name.name_type.to_be_bytes());
        file.extend_from_slice(&self.timestamp.to_be_bytes());
        file.push(low);
        file.extend_from_slice(&keytype.to_be_bytes());
        write_counted(file, self.key.keyvalue.as_octets())?;
        file.extend_from_slice(&self.kvno.to_be_bytes());
        Some(())
    }
}

/// Appends `octets` behind their count; `None` if two octets cannot count them.
fn write_counted(file: &mut Vec<u8>, octets: &[u8]) -> Option<()> {
    file.extend_from_slice(&u16::try_from(octets.len()).ok()?.to_be_bytes());
    file.extend_from_slice(octets);
    Some(())
}

#[cfg(test)]
mod tests;
