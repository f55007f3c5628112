//! How Chromium is started: headless, quiet, and willing to answer `Negotiate` from its first page on.

use std::{ffi::OsString, fs, path::Path};

use serde_json::{Value, json};

use crate::{
    browser::{TRUSTED, driver},
    error::Error,
};

/// Until a new profile has met its first `Negotiate`, Chromium on Linux keeps its network service away from
/// GSS-API, and leaves that first challenge unanswered. A profile that is not so new says so here.
const LOCAL_STATE: &str = r#"{"net":{"received_http_auth_negotiate_headers":true}}"#;

/// The command line of its driver, which takes a free port.
pub(crate) fn driver() -> Result<Vec<OsString>, Error> {
    driver::find("chromium", "chromium")?;
    Ok(vec![driver::find("chromedriver", "chromium-driver")?, "--port=0".into()])
}

/// The port in a line of the driver.
pub(crate) fn port(line: &str) -> Option<u16> {
    line.split_once("started successfully on port ")?.1.trim_end().trim_end_matches('.').parse().ok()
}

/// Writes what a profile must know before the browser starts.
pub(crate) fn prepare(profile: &Path) -> Result<(), Error> {
    let file = profile.join("Local State");
    fs::write(&file, LOCAL_STATE).map_err(Error::io(&file))
}

pub(crate) fn capabilities(profile: &Path) -> Value {
    json!({
        "browserName": "chrome",
        "acceptInsecureCerts": true,
        "goog:chromeOptions": {
            "args": [
                "--headless=new",
                // The sandbox wants a user that is not root, which a container's user is.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-default-apps",
                "--disable-extensions",
                "--disable-sync",
                "--no-default-browser-check",
                "--no-first-run",
                "--no-proxy-server",
                "--password-store=basic",
                format!("--auth-server-allowlist={TRUSTED}"),
                format!("--user-data-dir={}", profile.display()),
            ],
        },
    })
}
