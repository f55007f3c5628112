//! What Kerberos bytes mean. Pure: no sockets, no clock, no randomness.
