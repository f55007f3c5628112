//! Chains, judged as JAAS judges them.
