//! The captured messages in `tests/data/mit-1.20.1` (origin in its README), each with its type.

use std::path::Path;
use std::{fs, io};

use crate::verdict::Kind;

/// One captured message.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The file it is from.
    pub name: String,
    /// The type it has.
    pub kind: Kind,
    /// The message.
    pub octets: Vec<u8>,
}

/// All captured messages of the types that both readers know, by name.
///
/// # Errors
///
/// If the captures cannot be read.
pub fn all() -> io::Result<Vec<Capture>> {
    let mut captures = Vec::new();
    for folder in ["decrypted", "wire"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mit-1.20.1").join(folder);
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(kind) = kind(&name) {
                captures.push(Capture { octets: fs::read(entry.path())?, name, kind });
            }
        }
    }
    captures.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(captures)
}

/// The type that a file name tells; `None` for GSS tokens and parts of FAST and S4U.
fn kind(name: &str) -> Option<Kind> {
    let suffixes = [
        ("-ApReq.bin", Kind::ApReq),
        ("-Authenticator.bin", Kind::Authenticator),
        ("-EncTicketPart.bin", Kind::EncTicketPart),
        ("-req-app10.bin", Kind::AsReq),
        ("-rep-app11.bin", Kind::AsRep),
        ("-req-app12.bin", Kind::TgsReq),
        ("-rep-app13.bin", Kind::TgsRep),
        ("-rep-app30.bin", Kind::KrbError),
    ];
    suffixes.into_iter().find(|(suffix, _)| name.ends_with(suffix)).map(|(_, kind)| kind)
}
