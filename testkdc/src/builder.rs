//! What a realm is started with, and where: natively or in a container.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::control::Control;
use crate::daemon::Daemon;
use crate::directory::Directory;
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::port;
use crate::program;
use crate::realm::Realm;

/// Where the servers run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// In a container of this engine.
    Container(Engine),
    /// As processes of this machine.
    Native,
}

/// What a realm is started with. Without any word: `TGG.TEST`, where `TESTKDC` says.
#[derive(Clone, Debug)]
#[must_use = "no realm exists until start"]
pub struct Builder {
    name: String,
    max_dgram_reply: Option<usize>,
    spake: String,
    spake_first: String,
    kind: Option<Kind>,
}

/// How often ports are chosen anew when somebody else was faster.
const ATTEMPTS: u32 = 3;

/// What the caller asks for, or the variable `TESTKDC`.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Container,
    Native,
}

impl Default for Builder {
    fn default() -> Self {
        let name = "TGG.TEST".to_owned();
        Self { name, max_dgram_reply: None, spake: String::new(), spake_first: String::new(), kind: None }
    }
}

impl Builder {
    /// Sets the name of the realm.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Sets the longest reply over UDP in octets (`kdc_max_dgram_reply_size`); beyond it the
    /// KDC answers KRB_ERR_RESPONSE_TOO_BIG. `None` is 4096, the default of MIT's manual.
    pub fn max_dgram_reply(mut self, octets: impl Into<Option<usize>>) -> Self {
        self.max_dgram_reply = octets.into();
        self
    }

    /// Has the KDC offer SPAKE (RFC 9588) in these groups, such as `edwards25519`. It offers none by default.
    pub fn spake(mut self, groups: &str) -> Self {
        groups.clone_into(&mut self.spake);
        self
    }

    /// Has it send a challenge in this group before a client asks for one (`spake_preauth_kdc_challenge`).
    pub fn spake_first(mut self, group: &str) -> Self {
        group.clone_into(&mut self.spake_first);
        self
    }

    /// Runs it in a container, whatever `TESTKDC` says.
    pub fn container(mut self) -> Self {
        self.kind = Some(Kind::Container);
        self
    }

    /// Runs it natively, whatever `TESTKDC` says: it starts faster.
    pub fn native(mut self) -> Self {
        self.kind = Some(Kind::Native);
        self
    }

    /// Creates the realm and starts its servers; returns when they answer.
    ///
    /// Without [`container`](Self::container) or [`native`](Self::native) the variable `TESTKDC`
    /// chooses; without that it is a container if an engine answers and has or builds the image.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Engine`] and [`Error::Image`] name what to install;
    /// the others say what the servers said.
    pub fn start(self) -> Result<Realm, Error> {
        let kind = match self.kind {
            Some(kind) => Some(kind),
            None => chosen()?,
        };
        let (place, image) = match kind {
            Some(Kind::Native) => (Place::Native, String::new()),
            Some(Kind::Container) => in_container(engine::engine().ok_or(Error::Engine)?)?,
            None => match engine::engine().map(in_container) {
                Some(Ok(found)) => found,
                Some(Err(error)) => {
                    eprintln!("testkdc: native, because {error}");
                    (Place::Native, String::new())
                }
                None => (Place::Native, String::new()),
            },
        };
        let mut attempts = ATTEMPTS;
        loop {
            attempts -= 1;
            match self.clone().start_in(place, &image) {
                // Between our look at a port and the server's there is room for somebody else.
                Err(Error::Server { said, .. }) if attempts > 0 && said.contains("Cannot bind") => {}
                result => return result,
            }
        }
    }

    fn start_in(self, place: Place, image: &str) -> Result<Realm, Error> {
        let (kdc, kpasswd, kadmin) = (port::take()?, port::take()?, port::take()?);
        let dir = Directory::create()?;
        let mut variables = vec![
            ("TESTKDC_CONTROL", "1".to_owned()),
            ("TESTKDC_REALM", self.name.clone()),
            ("TESTKDC_LISTEN", "127.0.0.1".to_owned()),
            ("TESTKDC_PORT", kdc.addr.port().to_string()),
            ("TESTKDC_KPASSWD_PORT", kpasswd.addr.port().to_string()),
            ("TESTKDC_KADMIN_PORT", kadmin.addr.port().to_string()),
        ];
        let octets = self.max_dgram_reply.map(|octets| octets.to_string());
        variables.push(("TESTKDC_MAX_DGRAM", octets.unwrap_or_default()));
        variables.push(("TESTKDC_SPAKE", self.spake.clone()));
        variables.push(("TESTKDC_SPAKE_FIRST", self.spake_first.clone()));
        let command = match place {
            Place::Container(engine) => engine::run(engine, image, dir.path(), &variables)?,
            Place::Native => native(dir.path(), &variables)?,
        };
        let control = Arc::new(Control::start(command, dir)?);
        let kdc = Daemon::adopt(Arc::clone(&control), "kdc", kdc);
        let kadmind = Daemon::adopt(Arc::clone(&control), "kadmind", kpasswd);
        Ok(Realm::new(self.name, place, control, kdc, kadmind, kadmin))
    }
}

/// The place and its image.
fn in_container(engine: Engine) -> Result<(Place, String), Error> {
    Ok((Place::Container(engine), engine::image(engine)?))
}

/// What the variable `TESTKDC` says, if it is set.
fn chosen() -> Result<Option<Kind>, Error> {
    match env::var("TESTKDC") {
        Ok(value) if value == "container" => Ok(Some(Kind::Container)),
        Ok(value) if value == "native" => Ok(Some(Kind::Native)),
        Ok(value) if !value.is_empty() => Err(Error::Choice { value }),
        _ => Ok(None),
    }
}

fn native(dir: &Path, variables: &[(&str, String)]) -> Result<Command, Error> {
    program::require(&program::SERVERS)?;
    let mut command = Command::new("sh");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/realm/serve.sh")).arg(dir);
    command.envs(variables.iter().map(|(key, value)| (key, value)));
    command.env_remove("TESTKDC_LOG");
    Ok(command)
}
