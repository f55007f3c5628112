//! Users, their passwords and roles: whether a name and a password belong together, and what a user may.
//!
//! Nobody learns from the time of an answer whether there is a user. Where a login fails, one hash of each recipe in the
//! file has been computed, the user's own or another's in its place, and for a user that is not there another's of each.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::hash::{Broken, Hash, HashError, Recipe};

/// How many recipes the hashes of a file may have: a login that fails costs one of each.
pub const MAX_RECIPES: usize = 8;

/// What a user must know.
#[derive(Clone)]
pub enum Secret {
    /// A password that is kept as a hash.
    Hashed(Hash),
    /// A password that whoever reads the file can use.
    Plain(Zeroizing<String>),
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// What the password is judged by.
    pub secret: Secret,
    /// Roles, as places in the list of all.
    pub roles: Vec<usize>,
}

/// A role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Roles that whoever has this one has too, as places in the list of all.
    pub roles: Vec<usize>,
}

/// All users.
#[derive(Clone, Debug, Default)]
pub struct Users {
    users: HashMap<String, User>,
    roles: Vec<Role>,
    /// A hash of each recipe.
    stand_ins: Vec<Hash>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// No hash could be computed.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// There is no such user.
    #[error("the file has no user of this name; add one if there should be")]
    UnknownUser,
    /// The password is another.
    #[error("the password is not the user's")]
    WrongPassword,
}

/// Passwords with too many recipes among them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the hashes are of more than {MAX_RECIPES} kinds and costs, and each login that fails computes one of each; make them alike, \
     with `ticketgate passwd`"
)]
pub struct TooManyRecipes;

impl Secret {
    /// Reads what a file says: what begins with a dollar is a hash.
    ///
    /// # Errors
    ///
    /// Any [`HashError`].
    pub fn read(text: &str) -> Result<Self, HashError> {
        if text.starts_with('$') {
            return Hash::read(text).map(Self::Hashed);
        }
        Ok(Self::Plain(Zeroizing::new(text.to_owned())))
    }

    const fn recipe(&self) -> Option<Recipe> {
        match self {
            Self::Hashed(hash) => Some(hash.recipe()),
            Self::Plain(_) => None,
        }
    }
}

impl Users {
    /// These users, with these roles.
    ///
    /// # Errors
    ///
    /// [`TooManyRecipes`].
    pub fn new(users: HashMap<String, User>, roles: Vec<Role>) -> Result<Self, TooManyRecipes> {
        let mut stand_ins: Vec<Hash> = Vec::new();
        for user in users.values() {
            if let Secret::Hashed(hash) = &user.secret
                && stand_ins.iter().all(|known| known.recipe() != hash.recipe())
            {
                if stand_ins.len() == MAX_RECIPES {
                    return Err(TooManyRecipes);
                }
                stand_ins.push(hash.clone());
            }
        }
        Ok(Self { users, roles, stand_ins })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether all passwords are in plain text, so that nothing has to be computed.
    #[must_use]
    pub fn are_all_plain(&self) -> bool {
        self.stand_ins.is_empty()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The roles that the user of this name has once it has logged in; none if there is no such user.
    #[must_use]
    pub fn roles_of(&self, name: &str) -> BTreeSet<String> {
        self.users.get(name).map(|user| self.roles(user)).unwrap_or_default()
    }

    /// The roles of the user of this name, if the password is right. `is_of` computes a hash.
    ///
    /// # Errors
    ///
    /// Any [`Refused`].
    pub fn judge(
        &self,
        name: &str,
        password: &[u8],
        mut is_of: impl FnMut(&Hash, &[u8]) -> Result<bool, Broken>,
    ) -> Result<BTreeSet<String>, Refused> {
        let user = self.users.get(name);
        if let Some(user) = user {
            let is_right = match &user.secret {
                Secret::Hashed(hash) => is_of(hash, password)?,
                Secret::Plain(plain) => is_equal(plain.as_bytes(), password),
            };
            if is_right {
                return Ok(self.roles(user));
            }
        }
        let computed = user.and_then(|user| user.secret.recipe());
        for stand_in in self.stand_ins.iter().filter(|hash| Some(hash.recipe()) != computed) {
            // Whatever it says, it is of another user.
            is_of(stand_in, password)?;
        }
        Err(if user.is_some() { Refused::WrongPassword } else { Refused::UnknownUser })
    }

    /// All roles of a user: those that are named, and what they lead to.
    fn roles(&self, user: &User) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut ahead: Vec<usize> = user.roles.clone();
        while let Some(role) = ahead.pop().and_then(|place| self.roles.get(place)) {
            if found.insert(role.name.clone()) {
                ahead.extend(&role.roles);
            }
        }
        found
    }
}

/// Whether two passwords are equal, in a time that tells neither where they differ nor how long they are.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    digest(&SHA256, one).as_ref().ct_eq(digest(&SHA256, other).as_ref()).into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashed(hash) => hash.fmt(f),
            Self::Plain(plain) => write!(f, "Plain({} octets)", plain.len()),
        }
    }
}

#[cfg(test)]
mod tests;
