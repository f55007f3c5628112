//! The container engine of this machine, the image, and how a realm is run in it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{fmt, fs};

use crate::error::Error;

/// Seconds within which an engine must answer to count as there.
const LIMIT: &str = "10";

/// A container engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Engine {
    /// Docker, or whatever answers to its name.
    Docker,
    /// Podman.
    Podman,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        })
    }
}

/// The engine that answers on this machine, asked once a process.
pub fn engine() -> Option<Engine> {
    static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
    *ENGINE.get_or_init(|| [Engine::Podman, Engine::Docker].into_iter().find(answers))
}

fn answers(engine: &Engine) -> bool {
    let mut ask = Command::new("timeout");
    ask.args([LIMIT, &engine.to_string(), "info"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    ask.status().is_ok_and(|status| status.success())
}

/// The name of the image, which is built first where it is missing or old.
pub(crate) fn image(engine: Engine) -> Result<String, Error> {
    static IMAGE: Mutex<Option<String>> = Mutex::new(None);
    // Held while building, so that the tests of one process wait instead of asking too.
    let mut image = IMAGE.lock().unwrap_or_else(PoisonError::into_inner);
    match &*image {
        Some(image) => Ok(image.clone()),
        None => Ok(image.insert(build(engine)?).clone()),
    }
}

fn build(engine: Engine) -> Result<String, Error> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/image");
    let built = Command::new(script)
        .env("TESTKDC_ENGINE", engine.to_string())
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(script))?;
    if built.status.success() {
        Ok(String::from_utf8_lossy(&built.stdout).trim().to_owned())
    } else {
        Err(Error::Image { said: String::from_utf8_lossy(&built.stderr).into_owned() })
    }
}

/// The command that runs `image` with `dir` at the same path inside, and with these variables.
pub(crate) fn run(
    engine: Engine,
    image: &str,
    dir: &Path,
    variables: &[(&str, String)],
) -> Result<Command, Error> {
    // The container can empty the mounted directory but not remove it, and this process may be gone by then.
    let mut command = Command::new("sh");
    command.args(["-c", "dir=$1; shift; \"$@\"; rm -rf \"$dir\"", "sh"]).arg(dir);
    command.arg(engine.to_string()).args(["run", "--rm", "--interactive", "--network=host"]);
    match engine {
        Engine::Podman => {
            // Podman asks for higher limits than a narrow machine may have, and then no container starts.
            command.args(["--ulimit=nofile=8192:8192", "--ulimit=nproc=8192:8192"]);
            // Labels of the host would keep the container out of the mounted directory.
            command.arg("--security-opt=label=disable");
        }
        Engine::Docker => {
            // Its containers are the superuser's, and the keytabs must be the caller's.
            let owner = fs::metadata(dir).map_err(Error::io(dir))?;
            command.arg(format!("--user={}:{}", owner.uid(), owner.gid()));
        }
    }
    command.arg(format!("--volume={0}:{0}", dir.display()));
    for (key, value) in variables {
        command.arg(format!("--env={key}={value}"));
    }
    command.arg(image).arg(dir);
    Ok(command)
}
