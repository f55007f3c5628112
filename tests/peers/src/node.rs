//! Node, which runs the tests of the client for pages outside a browser.

use std::{
    path::Path,
    process::{Command, Output},
    sync::{Mutex, PoisonError},
};

use crate::error::Error;

/// The client for pages.
const WEB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web");

/// The oldest version that has what the tests need.
const OLDEST: u32 = 20;

/// Builds the client and its tests, and runs one file of them, named without its ending and below `web/test`, with these
/// variables. What failed is in its output.
///
/// # Errors
///
/// [`Error::Missing`] without Node, [`Error::Unfetched`] if the compiler could not be fetched, [`Error::TypeScript`] if
/// it refuses a source.
pub fn test(file: &str, variables: &[(&str, &str)]) -> Result<Output, Error> {
    require()?;
    build()?;
    let mut node = Command::new("node");
    // Before version 22 it has a WebSocket only if asked for.
    node.args(["--experimental-websocket", "--test", "--test-reporter=spec"]);
    node.arg(format!("build/test/{file}.test.js")).current_dir(WEB).envs(variables.iter().copied());
    node.output().map_err(Error::io("node"))
}

fn require() -> Result<(), Error> {
    let missing = Error::Missing { program: "node of version 20 or later", package: "nodejs" };
    let Ok(asked) = Command::new("node").arg("--version").output() else { return Err(missing) };
    let version = String::from_utf8_lossy(&asked.stdout).into_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_some_and(|major: u32| major >= OLDEST) { Ok(()) } else { Err(missing) }
}

/// Compiles everything, once: a file that is written anew must not be read by a test that runs.
fn build() -> Result<(), Error> {
    static BUILT: Mutex<bool> = Mutex::new(false);
    let mut is_built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_built {
        return Ok(());
    }
    let compiler = Path::new(WEB).join("node_modules/.bin/tsc");
    if !compiler.exists() {
        let fetched = Command::new("npm").args(["--prefix", WEB, "ci"]).output();
        let fetched = fetched.map_err(|_| Error::Missing { program: "npm", package: "npm" })?;
        if !fetched.status.success() {
            let said = String::from_utf8_lossy(&fetched.stderr);
            return Err(Error::Unfetched { said: format!("npm ci in web/ failed:\n{said}") });
        }
    }
    let built = Command::new(&compiler).args(["-p", "test"]).current_dir(WEB).output();
    let built = built.map_err(Error::io(&compiler))?;
    if built.status.success() {
        *is_built = true;
        Ok(())
    } else {
        // It writes what is wrong to its output.
        Err(Error::TypeScript { said: String::from_utf8_lossy(&built.stdout).into_owned() })
    }
}
