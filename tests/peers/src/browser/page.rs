//! What a user does with a page: looks for something, reads it, clicks on it, and types.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Browser;
use crate::error::Error;

/// Longest wait for something to be on a page.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name under which WebDriver hands over an element (section 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    /// Has whatever is looked for waited for.
    pub(super) fn be_patient(&self) -> Result<(), Error> {
        self.post("/timeouts", &json!({ "implicit": PATIENCE.as_millis() })).map(drop)
    }

    /// Waits until the page has something that this CSS selector finds.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if it has not within half a minute.
    pub fn wait_for(&self, selector: &str) -> Result<(), Error> {
        self.element(selector).map(drop)
    }

    /// Scrolls to the first that is found, once there is one, and clicks on it.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if there is none, or something lies on it.
    pub fn click(&self, selector: &str) -> Result<(), Error> {
        let element = self.element(selector)?;
        // What drivers do by themselves leaves it below whatever sticks to the top of the page.
        let scroll = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.post("/execute/sync", &json!({ "script": scroll, "args": [{ ELEMENT: element }] }))?;
        self.post(&format!("/element/{element}/click"), &json!({})).map(drop)
    }

    /// Types a text where another one was.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if nothing can be typed there.
    pub fn fill(&self, selector: &str, text: &str) -> Result<(), Error> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/clear"), &json!({}))?;
        self.post(&format!("/element/{element}/value"), &json!({ "text": text })).map(drop)
    }

    /// The text that is shown of the first that is found, once there is one.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if there is none.
    pub fn words(&self, selector: &str) -> Result<String, Error> {
        let element = self.element(selector)?;
        let text = self.ask(&format!("/element/{element}/text"))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// A property of the first that is found, such as `scrollWidth`.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if there is none.
    pub fn property(&self, selector: &str, name: &str) -> Result<Value, Error> {
        let element = self.element(selector)?;
        self.ask(&format!("/element/{element}/property/{name}"))
    }

    /// Opens another window, which is the one that is used from then on.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if the browser is gone.
    pub fn open_window(&self) -> Result<(), Error> {
        let window = self.post("/window/new", &json!({ "type": "window" }))?;
        self.switch(window.get("handle").and_then(Value::as_str).unwrap_or_default())
    }

    /// The name of the window that is used.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if it was closed.
    pub fn window(&self) -> Result<String, Error> {
        Ok(self.ask("/window")?.as_str().unwrap_or_default().to_owned())
    }

    /// Uses the window of this name.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if there is none.
    pub fn switch(&self, window: &str) -> Result<(), Error> {
        self.post("/window", &json!({ "handle": window })).map(drop)
    }

    /// Makes the window so large, in pixels with its frame.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if it cannot be.
    pub fn resize(&self, width: u32, height: u32) -> Result<(), Error> {
        self.post("/window/rect", &json!({ "width": width, "height": height })).map(drop)
    }

    /// A picture of what is in sight of the first that is found, once there is one, as a PNG.
    ///
    /// # Errors
    ///
    /// [`Error::WebDriver`] if there is none.
    pub fn screenshot(&self, selector: &str) -> Result<Vec<u8>, Error> {
        let element = self.element(selector)?;
        let picture = self.ask(&format!("/element/{element}/screenshot"))?;
        STANDARD.decode(picture.as_str().unwrap_or_default()).map_err(|_| Error::Protocol {
            program: "WebDriver",
            said: "a screenshot that is not base64".to_owned(),
        })
    }

    fn element(&self, selector: &str) -> Result<String, Error> {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }))?;
        Ok(found.get(ELEMENT).and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    fn ask(&self, command: &str) -> Result<Value, Error> {
        self.web.get(&format!("/session/{}{command}", self.session))
    }
}
