//! The four-octet length in front of a Kerberos message on a stream (RFC 4120 section 7.2.2).

/// Longest message a peer may announce, in octets.
///
/// Twice the 64 KiB that Windows allows a token; kdcproxy draws the same line. It bounds what one
/// unauthenticated peer can make us hold.
pub const MAX_MESSAGE: usize = 128 * 1024;

/// Octets of the length.
pub const PREFIX: usize = 4;

/// Why a stream cannot be read any further.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The high bit of the length is set. RFC 5021 extends the protocol with it; no KDC needs it.
    #[error("the high bit of the length is set")]
    Reserved,
    /// The length is above the limit.
    #[error("a message of {announced} octets is announced, allowed are {MAX_MESSAGE}")]
    TooLong {
        /// Octets that were announced.
        announced: usize,
    },
}

/// The length that the first four octets announce; `None` if they are not all there.
///
/// # Errors
///
/// [`FrameError::Reserved`] if the high bit is set, [`FrameError::TooLong`] above [`MAX_MESSAGE`].
pub fn announced(input: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some((length, _)) = input.split_first_chunk::<PREFIX>() else { return Ok(None) };
    let announced = u32::from_be_bytes(*length);
    if announced & 0x8000_0000 != 0 {
        return Err(FrameError::Reserved);
    }
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > MAX_MESSAGE {
        return Err(FrameError::TooLong { announced });
    }
    Ok(Some(announced))
}

/// The four octets that go in front of a message of `length` octets.
///
/// Lengths are bounded by [`MAX_MESSAGE`] long before they reach 2 GiB.
#[must_use]
pub fn prefix(length: usize) -> [u8; PREFIX] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announces_what_was_prefixed() {
        for length in [0, 1, 255, 65_536, MAX_MESSAGE] {
            assert_eq!(announced(&prefix(length)), Ok(Some(length)));
        }
    }

    #[test]
    fn waits_for_all_four_octets() {
        for octets in [&[][..], &[0], &[0, 0, 0]] {
            assert_eq!(announced(octets), Ok(None));
        }
    }

    #[test]
    fn refuses_a_set_reserved_bit() {
        assert_eq!(announced(&[0x80, 0, 0, 1]), Err(FrameError::Reserved));
    }

    #[test]
    fn refuses_a_length_above_the_limit() {
        assert_eq!(
            announced(&prefix(MAX_MESSAGE + 1)),
            Err(FrameError::TooLong { announced: MAX_MESSAGE + 1 })
        );
    }
}
