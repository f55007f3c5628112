//! One server of the realm, which tests can kill, freeze and start again.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::control::Control;
use crate::error::Error;
use crate::port::Port;

/// A `krb5kdc`, or the `kadmind` that changes passwords.
///
/// Every method returns when its effect is there. The server ends with its
/// realm, not with this value.
#[derive(Debug)]
pub struct Daemon {
    control: Arc<Control>,
    name: String,
    port: Port,
}

impl Daemon {
    /// A server that is running already.
    pub(crate) fn adopt(control: Arc<Control>, name: impl Into<String>, port: Port) -> Self {
        Self { control, name: name.into(), port }
    }

    /// Starts another KDC on the same database.
    pub(crate) fn start(control: Arc<Control>, name: String, port: Port) -> Result<Self, Error> {
        control.order(&format!("start {name} {}", port.addr.port()))?;
        Ok(Self { control, name, port })
    }

    /// Where it listens, with UDP and with TCP.
    pub fn addr(&self) -> SocketAddr {
        self.port.addr
    }

    /// Ends it in the middle of whatever it does (SIGKILL). Its port then refuses.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] if it does not run.
    pub fn kill(&self) -> Result<(), Error> {
        self.signal("KILL")
    }

    /// Makes it hang (SIGSTOP): its port still takes datagrams and connections, and nothing answers.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] if it does not run.
    pub fn freeze(&self) -> Result<(), Error> {
        self.signal("STOP")
    }

    /// Lets it go on after [`freeze`](Self::freeze) (SIGCONT): it then answers what has piled up.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] if it does not run.
    pub fn thaw(&self) -> Result<(), Error> {
        self.signal("CONT")
    }

    /// Starts it again on the same port after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// [`Error::Server`] if it does not come up.
    pub fn restart(&self) -> Result<(), Error> {
        self.control.order(&format!("start {}", self.name))
    }

    /// Everything it has logged so far.
    pub fn log(&self) -> String {
        let file = self.control.dir().join(format!("{}.log", self.name));
        let text = fs::read(file).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn signal(&self, signal: &str) -> Result<(), Error> {
        self.control.order(&format!("signal {} {signal}", self.name))
    }
}
