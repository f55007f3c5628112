//! How Firefox is started: headless, quiet, and willing to answer `Negotiate`.

use std::{ffi::OsString, path::Path};

use serde_json::{Value, json};

use crate::{
    browser::{TRUSTED, driver},
    error::Error,
    python,
};

/// The command line of its driver, which takes a free port and makes its profiles in this directory.
pub(crate) fn driver(profiles: &Path) -> Result<Vec<OsString>, Error> {
    driver::find("firefox-esr", "firefox-esr")?;
    let mut command_line = vec![python::geckodriver()?.into_os_string()];
    command_line.extend(["--port", "0", "--log", "info", "--profile-root"].map(OsString::from));
    command_line.push(profiles.into());
    Ok(command_line)
}

/// The port in a line of the driver.
pub(crate) fn port(line: &str) -> Option<u16> {
    line.split_once("Listening on ")?.1.trim_end().rsplit_once(':')?.1.parse().ok()
}

pub(crate) fn capabilities() -> Value {
    json!({
        "browserName": "firefox",
        "acceptInsecureCerts": true,
        // A question stays until it is seen and declined.
        "unhandledPromptBehavior": "ignore",
        "moz:firefoxOptions": {
            "binary": "/usr/bin/firefox-esr",
            "args": ["-headless"],
            "prefs": {
                "network.negotiate-auth.trusted-uris": TRUSTED,
                "network.proxy.type": 0,
            },
        },
    })
}
