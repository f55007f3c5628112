//! A PAC as a KDC makes it: buffers, and the signatures over them (MS-PAC section 2.8).

use super::{
    ALIGNMENT, ClientInfo, INFO, PREFIX, Pac, PacError, SIGNATURE_TYPE, UpnDnsInfo, ValidationInfo, buffer,
};
use crate::crypto::{ChecksumKey, Key, Usage};

/// Buffers on their way into a PAC.
///
/// It writes what it is told, also what no KDC would; it is for the KDC of tests.
#[derive(Clone, Debug, Default)]
pub struct PacBuilder {
    buffers: Vec<(u32, Vec<u8>)>,
}

impl PacBuilder {
    /// A PAC without buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a buffer that holds `kind`, see [`buffer`].
    #[must_use]
    pub fn buffer(mut self, kind: u32, contents: Vec<u8>) -> Self {
        self.buffers.push((kind, contents));
        self
    }

    /// Adds whom the PAC is about.
    #[must_use]
    pub fn client_info(self, info: &ClientInfo) -> Self {
        self.buffer(buffer::CLIENT_INFO, info.encode())
    }

    /// Adds the user's SIDs.
    #[must_use]
    pub fn logon_info(self, info: &ValidationInfo) -> Self {
        self.buffer(buffer::LOGON_INFO, info.encode())
    }

    /// Adds the user's other names.
    #[must_use]
    pub fn upn_dns_info(self, info: &UpnDnsInfo) -> Self {
        self.buffer(buffer::UPN_DNS_INFO, info.encode())
    }

    /// The PAC, signed with the service's key and the KDC's, as a ticket for the KDC itself has it.
    ///
    /// # Errors
    ///
    /// Those of [`Pac::read`] for buffers that no PAC may have, such as signatures of their own, and
    /// [`PacError::Signature`] for a key that cannot sign.
    pub fn sign(self, server: &Key, kdc: &Key) -> Result<Vec<u8>, PacError> {
        self.signed(None, server, kdc)
    }

    /// The PAC with all four signatures, as a ticket for any other service has it: also over the ticket, and over
    /// the whole PAC (MS-PAC sections 2.8.3 and 2.8.4).
    ///
    /// `ticket` is the EncTicketPart that the PAC will stand in, encoded with a single zero octet in its place.
    ///
    /// # Errors
    ///
    /// As for [`sign`](Self::sign).
    pub fn sign_for_service(self, ticket: &[u8], server: &Key, kdc: &Key) -> Result<Vec<u8>, PacError> {
        self.signed(Some(ticket), server, kdc)
    }

    fn signed(mut self, ticket: Option<&[u8]>, server: &Key, kdc: &Key) -> Result<Vec<u8>, PacError> {
        let keys = |key| ChecksumKey::derive(key, Usage::PAC_SIGNATURE).map_err(|_| PacError::Signature);
        let (server, kdc) = (keys(server)?, keys(kdc)?);
        if let Some(ticket) = ticket {
            self.buffers.push((buffer::TICKET_CHECKSUM, signature(&kdc, &kdc.make(ticket))));
            self.buffers.push((buffer::FULL_CHECKSUM, empty_signature(&kdc)));
        }
        self.buffers.push((buffer::SERVER_CHECKSUM, empty_signature(&server)));
        self.buffers.push((buffer::KDC_CHECKSUM, empty_signature(&kdc)));
        let mut octets = self.assemble();
        // Each is over what stands there when it is made: the whole while it and the two below are empty, then the
        // server's, and at last the KDC's over the server's.
        if ticket.is_some() {
            let full = kdc.make(&octets);
            put(&mut octets, buffer::FULL_CHECKSUM, &full)?;
        }
        let server = server.make(&Pac::read(&octets)?.without_signatures()?);
        put(&mut octets, buffer::SERVER_CHECKSUM, &server)?;
        put(&mut octets, buffer::KDC_CHECKSUM, &kdc.make(&server))?;
        Ok(octets)
    }

    /// The octets of all buffers behind one header.
    fn assemble(&self) -> Vec<u8> {
        let align = |length: usize| length.next_multiple_of(usize::try_from(ALIGNMENT).unwrap_or(INFO));
        let mut header = Vec::with_capacity(PREFIX + self.buffers.len() * INFO);
        header.extend_from_slice(&u32::try_from(self.buffers.len()).unwrap_or(u32::MAX).to_le_bytes());
        header.extend_from_slice(&[0; 4]);
        let start = PREFIX + self.buffers.len() * INFO;
        let mut contents = Vec::new();
        for (kind, octets) in &self.buffers {
            let offset = u64::try_from(start + contents.len()).unwrap_or(u64::MAX);
            header.extend_from_slice(&kind.to_le_bytes());
            header.extend_from_slice(&u32::try_from(octets.len()).unwrap_or(u32::MAX).to_le_bytes());
            header.extend_from_slice(&offset.to_le_bytes());
            contents.extend_from_slice(octets);
            contents.resize(align(contents.len()), 0);
        }
        [header, contents].concat()
    }
}

/// A signature with the type that goes with the key.
fn signature(keys: &ChecksumKey, octets: &[u8]) -> Vec<u8> {
    [&keys.enctype().checksum_number().to_le_bytes(), octets].concat()
}

/// The room for a signature.
fn empty_signature(keys: &ChecksumKey) -> Vec<u8> {
    signature(keys, &vec![0; keys.enctype().checksum_length()])
}

/// Puts a signature into its place.
fn put(octets: &mut [u8], kind: u32, signature: &[u8]) -> Result<(), PacError> {
    let start = Pac::read(octets)?.find(kind).ok_or(PacError::Missing { kind })?.offset + SIGNATURE_TYPE;
    let place = octets.get_mut(start..start + signature.len()).ok_or(PacError::OutOfBounds { kind })?;
    place.copy_from_slice(signature);
    Ok(())
}
