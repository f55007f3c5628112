//! Compares two independent readers of Kerberos messages.
