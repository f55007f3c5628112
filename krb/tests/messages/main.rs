//! Tests of the message types against real traffic, hand-made oddities, another reader and noise.

#[cfg(test)]
mod captures;
#[cfg(test)]
mod edge_cases;
#[cfg(test)]
mod emitted;
#[cfg(test)]
mod mutated;
#[cfg(test)]
mod rasn_kerberos;
#[cfg(test)]
mod real;
#[cfg(test)]
mod reference;
