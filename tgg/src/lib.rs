//! The granting door: what may be relayed, where to, and what may be believed of the answer.
