//! A headless browser with a ticket: it opens pages and runs scripts in them.

mod chromium;
mod driver;
mod firefox;
mod page;
mod webdriver;

use serde_json::{Value, json};
use testkdc::Client;

use crate::error::Error;
use driver::Driver;
use webdriver::WebDriver;

/// A running browser with a profile of its own. It ends, and its driver with it, when dropped.
///
/// It answers `Negotiate` on `localhost` and nowhere else, with the tickets that its client has got, and takes
/// any certificate. No other host is asked for anything.
#[derive(Debug)]
pub struct Browser {
    web: WebDriver,
    session: String,
    // Behind the session, which is ended first.
    _driver: Driver,
}

/// A conversation over a WebSocket that a page opens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Talk<'a> {
    /// Where to, such as `ws://localhost:8080/`.
    pub url: &'a str,
    /// The sub-protocols to offer.
    pub protocols: &'a [&'a str],
    /// Sent as text once it is open, each after the answer to the one before.
    pub messages: &'a [&'a str],
}

/// The server to which tickets are given.
const TRUSTED: &str = "localhost";

/// Runs the body of an asynchronous function and tells its value or its exception apart.
const RUN: &str = "const [body, args, done] = arguments;
    const AsyncFunction = (async () => {}).constructor;
    new AsyncFunction('args', body)(args).then(value => done({ value }), error => done({ error: String(error) }));";

/// The body of a function that talks over a WebSocket.
const TALK: &str = include_str!("browser/talk.js");

impl Talk<'_> {
    fn args(&self) -> Value {
        json!({ "url": self.url, "protocols": self.protocols, "messages": self.messages })
    }
}

impl Browser {
    /// Debian's Chromium, with this client's tickets.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is not installed, [`Error::WebDriver`] if it does not start.
    pub fn chromium(client: &Client) -> Result<Self, Error> {
        let profile = driver::new_dir(client, "chromium")?;
        chromium::prepare(&profile)?;
        let driver = Driver::start_patiently(client, &chromium::driver()?, chromium::port)?;
        Self::begin(driver, &chromium::capabilities(&profile))
    }

    /// Debian's Firefox ESR, with this client's tickets.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is not installed, [`Error::WebDriver`] if it does not start.
    pub fn firefox(client: &Client) -> Result<Self, Error> {
        let profile = driver::new_dir(client, "firefox")?;
        let driver = Driver::start_patiently(client, &firefox::driver(&profile)?, firefox::port)?;
        Self::begin(driver, &firefox::capabilities())
    }

    fn begin(driver: Driver, capabilities: &Value) -> Result<Self, Error> {
        let web = WebDriver::new(driver.addr());
        let always = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let begun = web.post("/session", &always).map_err(|error| match error {
            Error::WebDriver { said } => Error::WebDriver { said: format!("{said}\n{}", driver.said()) },
            other => other,
        })?;
        let session = begun.get("sessionId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let browser = Self { web, session, _driver: driver };
        browser.be_patient()?;
        Ok(browser)
    }

    /// Goes to a page and waits until it is loaded. A refusal of its server is a page too.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if nobody answers there.
    pub fn open(&self, url: &str) -> Result<(), Error> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Has pages shown as on a telephone that is so many pixels wide. Chromium alone can.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if it cannot.
    pub fn narrow(&self, width: u32) -> Result<(), Error> {
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 2, "mobile": true });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": screen });
        self.post("/goog/cdp/execute", &command).map(drop)
    }

    /// The text of the page.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if the browser is gone.
    pub fn text(&self) -> Result<String, Error> {
        let text = self.run_async("return document.body.innerText", &json!([]))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs the body of an asynchronous function in the page, where `args` is what is given here, and
    /// returns what it returns.
    ///
    /// # Errors
    ///
    /// [`Error::Script`] with the exception if it throws, [`Error::WebDriver`] if it takes half a minute.
    pub fn run_async(&self, script: &str, args: &Value) -> Result<Value, Error> {
        let ran = self.post("/execute/async", &json!({ "script": RUN, "args": [script, args] }))?;
        match ran.get("error").and_then(Value::as_str) {
            Some(error) => Err(Error::Script { said: error.to_owned() }),
            None => Ok(ran.get("value").cloned().unwrap_or_default()),
        }
    }

    /// What the browser asks its user, such as for a password; `None` while it asks nothing. Chromium tells no program.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if the browser is gone.
    pub fn question(&self) -> Result<Option<String>, Error> {
        match self.web.get(&format!("/session/{}/alert/text", self.session)) {
            Ok(text) => Ok(text.as_str().map(str::to_owned)),
            Err(Error::WebDriver { said }) if said.starts_with("no such alert") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives no answer to what the browser asks.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if it asks nothing.
    pub fn decline(&self) -> Result<(), Error> {
        self.post("/alert/dismiss", &json!({})).map(drop)
    }

    /// Opens a WebSocket from the page, talks and closes it: `opened`, `protocol`, `received`, and of the end
    /// `code`, `reason` and `clean`. A page is never told more of a refusal than the code 1006.
    ///
    /// # Errors
    ///
    /// As [`run_async`](Self::run_async).
    pub fn talk(&self, talk: &Talk<'_>) -> Result<Value, Error> {
        self.run_async(TALK, &talk.args())
    }

    /// The same from a sandboxed frame of the page, whose origin is `null`.
    ///
    /// # Errors
    ///
    /// As [`run_async`](Self::run_async).
    pub fn talk_sandboxed(&self, talk: &Talk<'_>) -> Result<Value, Error> {
        self.run_async(include_str!("browser/sandbox.js"), &json!({ "body": TALK, "args": talk.args() }))
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value, Error> {
        self.web.post(&format!("/session/{}{command}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver alone knows all processes of its browser.
        let _ = self.web.delete(&format!("/session/{}", self.session));
    }
}
