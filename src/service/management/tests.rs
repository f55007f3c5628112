//! What operators are answered.
