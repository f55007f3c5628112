//! The initiator of Kerberos exchanges, without sockets.
