//! The numbers that every message starts with: protocol version and message type.

/// The protocol version of every message, `pvno` and `tkt-vno`.
pub const PVNO: i64 = 5;

/// Message types, which are the application tags too (RFC 4120 section 7.5.7).
pub mod msg_type {
    /// AS-REQ.
    pub const AS_REQ: i64 = 10;
    /// AS-REP.
    pub const AS_REP: i64 = 11;
    /// TGS-REQ.
    pub const TGS_REQ: i64 = 12;
    /// TGS-REP.
    pub const TGS_REP: i64 = 13;
    /// AP-REQ.
    pub const AP_REQ: i64 = 14;
    /// AP-REP.
    pub const AP_REP: i64 = 15;
    /// KRB-PRIV.
    pub const KRB_PRIV: i64 = 21;
    /// KRB-ERROR.
    pub const KRB_ERROR: i64 = 30;
}
