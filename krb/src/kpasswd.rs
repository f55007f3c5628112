//! The framing of a password change (RFC 3244 section 2): a header, an AP-REQ or AP-REP, a KRB-PRIV.

use crate::{
    der,
    peek::{self, PeekError},
};

/// Version of the protocol of RFC 3244 section 2, `change password` as all servers answer it.
const CHANGE: u16 = 1;
/// Version that asks to set another principal's password.
const SET: u16 = 0xff80;
/// Octets in front of the AP-REQ: message length, version, AP-REQ length.
const HEADER: usize = 6;

const KRB_PRIV: u8 = der::application(21);

/// Why octets are not a message of the protocol. All are final.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KpasswdError {
    /// The lengths in the header do not fit the message.
    #[error("the lengths in the header do not fit the message")]
    Length,
    /// A part is not the message that must stand there.
    #[error("a part is not well-formed: {0}")]
    Part(#[from] PeekError),
    /// Neither of the two versions.
    #[error("version {0:#06x} is neither 0x0001 nor 0xff80")]
    Version(u16),
}

/// What can be read of a request without a key.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Whether another principal's password is to be set.
    pub set: bool,
    /// The ticket, which must be for kadmin/changepw.
    pub ap_req: peek::ApReq<'a>,
    /// The octets of the AP-REQ.
    pub presented: &'a [u8],
    /// The octets of the KRB-PRIV.
    pub private: &'a [u8],
}

/// How it ended, in front of the text of a reply (RFC 3244 section 2).
pub mod result {
    /// The password is changed.
    pub const SUCCESS: u16 = 0;
    /// The request could not be read.
    pub const MALFORMED: u16 = 1;
    /// The server failed.
    pub const HARDERROR: u16 = 2;
    /// The client could not be authenticated.
    pub const AUTHERROR: u16 = 3;
    /// The new password is not good enough; another may be.
    pub const SOFTERROR: u16 = 4;
    /// It is not the client's to change.
    pub const ACCESSDENIED: u16 = 5;
    /// The version of the protocol is not known.
    pub const BAD_VERSION: u16 = 6;
    /// The ticket was not got with the password.
    pub const INITIAL_FLAG_NEEDED: u16 = 7;
}

/// Whether a message can only be a password change: a version and an AP-REQ where they must stand.
///
/// No KDC request looks so, since those start with an application tag.
#[must_use]
pub fn looks_like_request(octets: &[u8]) -> bool {
    matches!(octets, [_, _, 0, 1, _, _, peek::AP_REQ, ..] | [_, _, 0xff, 0x80, _, _, peek::AP_REQ, ..])
}

/// Reads a request, well-formed to its last octet.
///
/// # Errors
///
/// Any [`KpasswdError`].
pub fn request(octets: &[u8]) -> Result<Request<'_>, KpasswdError> {
    let (version, ap_req, private) = split(octets)?;
    let set = match version {
        CHANGE => false,
        SET => true,
        other => return Err(KpasswdError::Version(other)),
    };
    krb_priv(private)?;
    Ok(Request { set, ap_req: peek::ap_req(ap_req)?, presented: ap_req, private })
}

/// The octets of a reply: an AP-REP and a KRB-PRIV, or nothing and a KRB-ERROR. `None` if two octets cannot count
/// them.
#[must_use]
pub fn write_reply(ap_rep: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    write(CHANGE, ap_rep, rest)
}

/// The octets of a request to change the password of whose ticket is in `ap_req`. `None` if two octets cannot count
/// them.
#[must_use]
pub fn write_change(ap_req: &[u8], krb_priv: &[u8]) -> Option<Vec<u8>> {
    write(CHANGE, ap_req, krb_priv)
}

fn write(version: u16, ap: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(HEADER + ap.len() + rest.len()).ok()?;
    let ap_length = u16::try_from(ap.len()).ok()?;
    Some([&length.to_be_bytes()[..], &version.to_be_bytes(), &ap_length.to_be_bytes(), ap, rest].concat())
}

/// What a server answered, as far as it can be read without a key.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Reply<'a> {
    /// Sealed: whether the password was changed only the client can read.
    Sealed {
        /// The AP-REP, whole.
        ap_rep: &'a [u8],
        /// The KRB-PRIV, whole.
        krb_priv: &'a [u8],
    },
    /// An error in clear.
    Error {
        /// What can be read of it.
        error: peek::KrbError<'a>,
        /// The KRB-ERROR, whole.
        octets: &'a [u8],
    },
}

/// Reads a reply, well-formed to its last octet.
///
/// # Errors
///
/// Any [`KpasswdError`].
pub fn reply(octets: &[u8]) -> Result<Reply<'_>, KpasswdError> {
    // Some servers send an error without the header.
    if peek::application_tag(octets) == Some(peek::KRB_ERROR) {
        return Ok(Reply::Error { error: peek::krb_error(octets)?, octets });
    }
    let (version, ap_rep, rest) = split(octets)?;
    if version != CHANGE && version != SET {
        return Err(KpasswdError::Version(version));
    }
    if ap_rep.is_empty() {
        return Ok(Reply::Error { error: peek::krb_error(rest)?, octets: rest });
    }
    der::well_formed(ap_rep).map_err(PeekError::from)?;
    expect(ap_rep, peek::AP_REP)?;
    krb_priv(rest)?;
    Ok(Reply::Sealed { ap_rep, krb_priv: rest })
}

fn split(octets: &[u8]) -> Result<(u16, &[u8], &[u8]), KpasswdError> {
    let (&[l0, l1, v0, v1, a0, a1], rest) =
        octets.split_first_chunk::<HEADER>().ok_or(KpasswdError::Length)?;
    if usize::from(u16::from_be_bytes([l0, l1])) != octets.len() {
        return Err(KpasswdError::Length);
    }
    let (ap, private) =
        rest.split_at_checked(usize::from(u16::from_be_bytes([a0, a1]))).ok_or(KpasswdError::Length)?;
    Ok((u16::from_be_bytes([v0, v1]), ap, private))
}

fn krb_priv(octets: &[u8]) -> Result<(), KpasswdError> {
    der::well_formed(octets).map_err(PeekError::from)?;
    expect(octets, KRB_PRIV)
}

fn expect(octets: &[u8], tag: u8) -> Result<(), KpasswdError> {
    let element = der::Reader::new(octets).element().map_err(PeekError::from)?;
    element.expect(tag).map_err(PeekError::from)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msg::krb_error::KrbError;
    use crate::time::KerberosTime;

    #[test]
    fn a_reply_that_is_written_is_read_as_what_it_is() {
        // An AP-REP and a KRB-PRIV as far as anybody can read them without a key: well-formed.
        let (ap_rep, private) = ([peek::AP_REP, 2, 0x30, 0], [KRB_PRIV, 2, 0x30, 0]);
        assert!(matches!(reply(&write_reply(&ap_rep, &private).unwrap()), Ok(Reply::Sealed { .. })));
        let stime = KerberosTime::from_seconds(0).unwrap();
        let error = KrbError::new(37, "R.TEST".into(), ["kadmin", "changepw"], stime, 0, None);
        match reply(&write_reply(&[], &error.encode().unwrap()).unwrap()) {
            Ok(Reply::Error { error, .. }) => assert_eq!(error.code, 37),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_two_octets_cannot_count_is_not_written() {
        assert_eq!(write_reply(&[0; 10], &vec![0; 65_536 - HEADER - 10]), None);
        assert!(write_reply(&[0; 10], &vec![0; 65_535 - HEADER - 10]).is_some());
    }
}
