//! Starts a MIT KDC with a test realm, natively or in a container.
