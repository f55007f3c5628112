//! argon2id, as the reference implementation writes its hashes (RFC 9106; PHC string format).

use std::cell::RefCell;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Broken, HashError, MAX_MEMORY, MAX_WRITTEN, Recipe, bound, number};

/// What hashes are made with here: the first of the settings that OWASP's Password Storage Cheat Sheet has for
/// argon2id, 19 MiB and two passes.
const MADE: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Octets of a salt that is made, as RFC 9106 section 3.1 recommends.
const SALT: usize = 16;

/// Octets of a hash that is made.
const TAG: usize = 32;

/// Lanes: each may be computed by a thread of its own, and here none is.
const MAX_LANES: u32 = 64;

/// Most memory that a thread keeps for its next hash, in KiB.
const KEPT: usize = 64 * 1024;

thread_local! {
    /// The memory of the last hash. glibc, asked for so much again and again on a boundary of 64 octets, keeps many times
    /// of it.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// A hash.
#[derive(Clone)]
pub struct Argon2id {
    version: Version,
    params: Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Argon2id {
    /// What stands behind `$argon2id$`.
    pub(super) fn read(rest: &str) -> Result<Self, HashError> {
        let malformed = HashError::Malformed("argon2id");
        let mut fields = rest.split('$').peekable();
        // Before version 19 none was written.
        let version = match fields.next_if(|field| field.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(malformed),
        };
        let [Some(costs), Some(salt), Some(tag), None] =
            [fields.next(), fields.next(), fields.next(), fields.next()]
        else {
            return Err(malformed);
        };
        let mut costs = costs.split(',');
        let mut cost = |name| number(costs.next()?.strip_prefix(name)?);
        let (Some(memory), Some(passes), Some(lanes), None) =
            (cost("m="), cost("t="), cost("p="), costs.next())
        else {
            return Err(malformed);
        };
        let octets = u64::from(memory) * 1024;
        bound("octets of memory:", octets, MAX_MEMORY)?;
        bound("octets to write:", octets.saturating_mul(u64::from(passes)), MAX_WRITTEN)?;
        bound("lanes:", lanes.into(), MAX_LANES.into())?;
        let decode = |text: &str, sound: fn(usize) -> bool| {
            STANDARD_NO_PAD.decode(text).ok().filter(|octets| sound(octets.len())).ok_or(malformed)
        };
        let salt = decode(salt, |length| (8..=64).contains(&length))?;
        let tag = decode(tag, |length| (16..=64).contains(&length))?;
        let params = Params::new(memory, passes, lanes, Some(tag.len())).map_err(|_| malformed)?;
        Ok(Self { version, params, salt, tag })
    }

    pub(super) const fn recipe(&self) -> Recipe {
        let version = match self.version {
            Version::V0x10 => 16,
            Version::V0x13 => 19,
        };
        Recipe::Argon2id {
            version,
            memory: self.params.m_cost(),
            passes: self.params.t_cost(),
            lanes: self.params.p_cost(),
        }
    }

    pub(super) fn is_of(&self, password: &[u8]) -> Result<bool, Broken> {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        compute(self.version, &self.params, password, &self.salt, &mut tag)?;
        Ok(tag.ct_eq(&self.tag).into())
    }
}

/// Computes a hash in the memory of the thread.
fn compute(
    version: Version,
    params: &Params,
    password: &[u8],
    salt: &[u8],
    tag: &mut [u8],
) -> Result<(), Broken> {
    MEMORY.with_borrow_mut(|memory| {
        let blocks = params.block_count();
        if memory.len() < blocks {
            *memory = Vec::new();
            memory.try_reserve_exact(blocks).map_err(|_| Broken)?;
            memory.resize(blocks, Block::new());
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, version, params.clone());
        let computed = argon2.hash_password_into_with_memory(password, salt, tag, memory.as_mut_slice());
        if memory.len() > KEPT {
            *memory = Vec::new();
        }
        computed.map_err(|_| Broken)
    })
}

/// A new hash of a password, with this salt.
///
/// # Errors
///
/// [`Broken`] if it cannot be computed.
pub fn make(password: &[u8], salt: [u8; SALT]) -> Result<String, Broken> {
    let (memory, passes, lanes) = MADE;
    let params = Params::new(memory, passes, lanes, Some(TAG)).map_err(|_| Broken)?;
    let mut tag = [0; TAG];
    compute(Version::V0x13, &params, password, &salt, &mut tag)?;
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    Ok(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}"))
}
