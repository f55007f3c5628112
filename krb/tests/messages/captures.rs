//! The captured messages in `tests/data/mit-1.20.1` (origin in its README), and which type each one is.

use std::fs;
use std::path::Path;

use krb::msg::MsgError;
use krb::msg::ap::ApReq;
use krb::msg::kdc::{AsRep, AsReq, TgsRep, TgsReq};
use krb::msg::krb_error::KrbError;
use krb::msg::opened::{Authenticator, EncTicketPart};

/// The types that the captures hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ApReq,
    AsRep,
    AsReq,
    Authenticator,
    EncTicketPart,
    KrbError,
    TgsRep,
    TgsReq,
}

/// One captured message.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) octets: Vec<u8>,
}

impl Kind {
    /// Reads one message of this type and writes it again; what was read must have an encoding.
    pub(crate) fn reread(self, octets: &[u8]) -> Result<Vec<u8>, MsgError> {
        let written = match self {
            Self::ApReq => ApReq::decode(octets)?.encode(),
            Self::AsRep => AsRep::decode(octets)?.encode(),
            Self::AsReq => AsReq::decode(octets)?.encode(),
            Self::Authenticator => Authenticator::decode(octets)?.encode(),
            Self::EncTicketPart => EncTicketPart::decode(octets)?.encode(),
            Self::KrbError => KrbError::decode(octets)?.encode(),
            Self::TgsRep => TgsRep::decode(octets)?.encode(),
            Self::TgsReq => TgsReq::decode(octets)?.encode(),
        };
        Ok(written.expect("what was read has an encoding"))
    }

    /// The type that a capture's file name tells; `None` for GSS tokens and parts of FAST and S4U, which are
    /// not messages of RFC 4120.
    fn of(name: &str) -> Option<Self> {
        let suffixes = [
            ("-ApReq.bin", Self::ApReq),
            ("-Authenticator.bin", Self::Authenticator),
            ("-EncTicketPart.bin", Self::EncTicketPart),
            ("-req-app10.bin", Self::AsReq),
            ("-rep-app11.bin", Self::AsRep),
            ("-req-app12.bin", Self::TgsReq),
            ("-rep-app13.bin", Self::TgsRep),
            ("-rep-app30.bin", Self::KrbError),
        ];
        suffixes.into_iter().find(|(suffix, _)| name.ends_with(suffix)).map(|(_, kind)| kind)
    }
}

/// The captured messages of one folder, `wire` or `decrypted`, by name.
///
/// The opened des3 ticket (enctype 16) carries zero octets behind the message: that enctype pads to whole
/// blocks inside what it encrypts, and only a reader of the message can tell where the padding starts. We do
/// not offer it, so our readers refuse what follows; here the padding is taken off.
pub(crate) fn folder(folder: &str) -> Vec<Capture> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mit-1.20.1").join(folder);
    let mut captures: Vec<_> = fs::read_dir(&path)
        .expect("captures are in the repository")
        .map(|entry| entry.expect("the folder can be read"))
        .filter_map(|entry| {
            let name = entry.file_name().into_string().expect("names are ASCII");
            let kind = Kind::of(&name)?;
            let mut octets = fs::read(entry.path()).expect("the capture can be read");
            if name.contains("-et16-") {
                let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
                octets.truncate(end);
            }
            Some(Capture { name, kind, octets })
        })
        .collect();
    captures.sort_by(|one, other| one.name.cmp(&other.name));
    captures
}

/// All captured messages.
pub(crate) fn all() -> Vec<Capture> {
    [folder("wire"), folder("decrypted")].concat()
}
