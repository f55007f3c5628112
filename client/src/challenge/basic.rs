//! `Basic`: a name and a password (RFC 7617).

use std::{fmt, future::Future, pin::Pin};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{Answering, ChallengeError, ChallengeHandler, ChallengeRequest, Credentials};

/// A name and its password.
#[derive(Clone, Eq, PartialEq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, password } = self;
        f.debug_struct("Login").field("user", user).field("password", &password.len()).finish()
    }
}

/// Knows names and passwords, or whom to ask for them.
pub trait LoginHandler: Send {
    /// A login for the realm that the server names, the attempt of this number, from 0; `None` to give up.
    fn login<'a>(
        &'a mut self,
        realm: Option<String>,
        attempt: u32,
    ) -> Pin<Box<dyn Future<Output = Option<Login>> + Send + 'a>>;
}

/// The same login for every realm, tried once.
impl LoginHandler for Login {
    fn login<'a>(
        &'a mut self,
        _: Option<String>,
        attempt: u32,
    ) -> Pin<Box<dyn Future<Output = Option<Login>> + Send + 'a>> {
        let login = (attempt == 0).then(|| self.clone());
        Box::pin(async move { login })
    }
}

/// Answers `Basic` with logins.
#[derive(Debug)]
pub struct Basic<L> {
    logins: L,
    attempts: u32,
}

impl<L: LoginHandler> Basic<L> {
    /// With the logins of this handler.
    pub const fn new(logins: L) -> Self {
        Self { logins, attempts: 0 }
    }
}

impl<L: LoginHandler> ChallengeHandler for Basic<L> {
    fn can_handle(&self, request: &ChallengeRequest<'_>) -> bool {
        request.challenge.is("Basic")
    }

    fn handle<'a>(&'a mut self, request: ChallengeRequest<'a>) -> Answering<'a> {
        let attempt = self.attempts;
        self.attempts = self.attempts.saturating_add(1);
        Box::pin(async move {
            let Some(login) = self.logins.login(request.challenge.parameter("realm"), attempt).await else {
                return Ok(None);
            };
            if login.user.contains(|character: char| character == ':' || character.is_control()) {
                return Err(ChallengeError::UserName);
            }
            let pair = Zeroizing::new(format!("{}:{}", login.user, *login.password));
            let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
            Ok(Some(Credentials::new(format!("Basic {}", *encoded))))
        })
    }

    fn begin(&mut self) {
        self.attempts = 0;
    }
}
