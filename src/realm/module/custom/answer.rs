//! What modules of the operator's own answer. Whatever is not understood in full is refused: a time limit that is
//! misspelt would be none.

use std::{collections::BTreeSet, fmt, time::Duration};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::realm::{
    credentials::Password,
    module::{Brought, Facts, Name},
    roles::is_role,
    scheme::is_sendable,
};

/// Octets of the longest answer.
pub const MAX_ANSWER: usize = 64 * 1024;

/// Octets of the longest name of a user.
const MAX_NAME: usize = 1024;

/// Octets of all words of a challenge: clients read fields of 8 KiB.
const MAX_CHALLENGE: usize = 4 * 1024;

/// What a module says of a login.
#[derive(Clone, Debug)]
pub enum Said {
    /// The client is to present something else.
    Challenge {
        /// The words behind the scheme, in their order.
        data: Vec<String>,
        /// For the log.
        why: Option<String>,
    },
    /// The credentials are not good.
    Failure {
        /// For the log.
        why: Option<String>,
    },
    /// It is not for this module to judge.
    Ignored,
    /// They are good.
    Success {
        /// Whose they are.
        brought: Box<Brought>,
        /// A name and a password for the modules behind.
        password: Option<Password>,
    },
}

/// Why an answer makes no sense. The operator's fault, who has to mend the module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It says too much for a field of HTTP, or what cannot stand in one.
    #[error("`data` of the answer must be visible US-ASCII, and no more than {MAX_CHALLENGE} octets in all")]
    Challenge,
    /// It is no JSON object, or says something twice.
    #[error("the answer is no JSON object, by its octet {0}; write one, each of its members once")]
    Json(usize),
    /// It is too long.
    #[error("the answer has more than {MAX_ANSWER} octets; write less")]
    Long,
    /// It is of another login.
    #[error("the answer is of another login; repeat the `login` of the question")]
    Login,
    /// A member is of another type, or has what cannot stand there.
    #[error("the answer's `{0}` is not as it must be; see docs/login-modules.md")]
    Member(&'static str),
    /// A good login of nobody.
    #[error("the answer has no `principals`; name the user")]
    Nobody,
    /// The word is not known.
    #[error("the answer's `result` is none of success, failure, challenge and ignored")]
    Result,
    /// A member that nobody knows, or that does not go with the result.
    #[error("the answer has a member `{0}`, which does not belong there; see docs/login-modules.md")]
    Unknown(String),
}

/// Reads the answer about a login. `login` is the number that it must repeat: `required` says whether it must be there.
///
/// # Errors
///
/// Any [`AnswerError`].
pub fn read(octets: &[u8], login: &str, required: bool) -> Result<Said, AnswerError> {
    if octets.len() > MAX_ANSWER {
        return Err(AnswerError::Long);
    }
    let Object(members) =
        serde_json::from_slice(octets).map_err(|error| AnswerError::Json(error.column()))?;
    let mut members = Members(members);
    match members.text("login")? {
        Some(said) if said != login => return Err(AnswerError::Login),
        None if required => return Err(AnswerError::Login),
        _ => {}
    }
    let said = match members.text("result")?.as_deref() {
        Some("success") => success(&mut members)?,
        Some("failure") => Said::Failure { why: members.why()? },
        Some("challenge") => {
            Said::Challenge { data: challenge(members.texts("data")?)?, why: members.why()? }
        }
        Some("ignored") => Said::Ignored,
        _ => return Err(AnswerError::Result),
    };
    match members.0.into_iter().next() {
        Some((name, _)) => Err(AnswerError::Unknown(name.chars().take(64).collect())),
        None => Ok(said),
    }
}

/// Reads the answer to `commit`: of a success it says no more.
///
/// # Errors
///
/// Any [`AnswerError`].
pub fn read_committed(octets: &[u8], login: &str, required: bool) -> Result<Said, AnswerError> {
    match read(octets, login, required) {
        Err(AnswerError::Nobody) => Ok(Said::Success { brought: Box::default(), password: None }),
        read => read,
    }
}

fn success(members: &mut Members) -> Result<Said, AnswerError> {
    let names = members.texts("principals")?;
    if !names.iter().all(|name| is_name(name)) {
        return Err(AnswerError::Member("principals"));
    }
    let roles: BTreeSet<String> = members.texts("roles")?.into_iter().collect();
    if !roles.iter().all(|role| is_role(role)) {
        return Err(AnswerError::Member("roles"));
    }
    let local_name = members.text("local_name")?;
    if !local_name.iter().all(|name| is_name(name)) {
        return Err(AnswerError::Member("local_name"));
    }
    let brought = Brought {
        // The module is the operator's own, and says of whom a name is.
        names: names.into_iter().map(|text| Name { text, is_role: true }).collect(),
        local_name,
        roles,
        facts: Facts { claims: members.object("claims")?.unwrap_or_default(), ..Facts::default() },
        ends: members.number("ends")?,
        session_timeout: members.time("session_timeout")?,
        authorization_timeout: members.time("authorization_timeout")?,
        ..Brought::default()
    };
    let password = members.object("shared")?.map(password).transpose()?;
    if brought.names.is_empty() && members.0.is_empty() {
        return Err(AnswerError::Nobody);
    }
    Ok(Said::Success { brought: Box::new(brought), password })
}

fn password(shared: Map<String, Value>) -> Result<Password, AnswerError> {
    let wrong = || AnswerError::Member("shared");
    let mut members = Members(shared);
    let (name, password) = (members.text("user")?, members.text("password")?);
    let (name, password) = (name.ok_or_else(wrong)?, password.ok_or_else(wrong)?);
    let is_sound = members.0.is_empty() && is_name(&name);
    if is_sound { Ok(Password { name, password: Zeroizing::new(password) }) } else { Err(wrong()) }
}

fn challenge(data: Vec<String>) -> Result<Vec<String>, AnswerError> {
    let length: usize = data.iter().map(|word| word.len().saturating_add(1)).sum();
    let is_sound = length <= MAX_CHALLENGE && data.iter().all(|word| is_sendable(word));
    if is_sound { Ok(data) } else { Err(AnswerError::Challenge) }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && !text.contains(char::is_control)
}

/// What is left of an object while it is read. `null` is as good as nothing.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, AnswerError> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(AnswerError::Member(name)),
            None => Ok(None),
        }
    }

    /// A sentence for the log, which is to stay in its line.
    fn why(&mut self) -> Result<Option<String>, AnswerError> {
        let why = self.text("why")?;
        let is_sound = why.iter().all(|why| why.len() <= MAX_NAME && !why.contains(char::is_control));
        if is_sound { Ok(why) } else { Err(AnswerError::Member("why")) }
    }

    fn texts(&mut self, name: &'static str) -> Result<Vec<String>, AnswerError> {
        let values = match self.take(name) {
            Some(Value::Array(values)) => values,
            Some(_) => return Err(AnswerError::Member(name)),
            None => return Ok(Vec::new()),
        };
        let text = |value| match value {
            Value::String(text) => Ok(text),
            _ => Err(AnswerError::Member(name)),
        };
        values.into_iter().map(text).collect()
    }

    fn object(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>, AnswerError> {
        match self.take(name) {
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(AnswerError::Member(name)),
            None => Ok(None),
        }
    }

    fn number(&mut self, name: &'static str) -> Result<Option<i64>, AnswerError> {
        let number = |value: Value| value.as_i64().ok_or(AnswerError::Member(name));
        self.take(name).map(number).transpose()
    }

    /// Whole seconds.
    fn time(&mut self, name: &'static str) -> Result<Option<Duration>, AnswerError> {
        let seconds = self.number(name)?;
        let time = |seconds| u64::try_from(seconds).map(Duration::from_secs);
        seconds.map(time).transpose().map_err(|_| AnswerError::Member(name))
    }
}

/// A JSON object whose members are there once: of two with one name each reader takes another.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Object, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a member is there twice"));
            }
        }
        Ok(Object(members))
    }
}
