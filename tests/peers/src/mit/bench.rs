//! How much processor time MIT's acceptor takes for each of many tokens.

use std::{
    env, fs,
    path::Path,
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::Value;

use crate::{
    error::Error,
    mit::{acceptor::AcceptorOptions, program},
};

/// What it took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Tokens that were accepted.
    pub accepted: u64,
    /// Tokens that were not.
    pub refused: u64,
    /// Processor time for each, user and system.
    pub each: Duration,
}

/// Lets a new process of MIT's acceptor judge each token once. Reading them is not measured.
///
/// `acquire_each` makes it acquire its credential for each token anew, as Apache's module does.
///
/// # Errors
///
/// [`Error::Ended`] if the keytab cannot be used.
pub fn cost(
    keytab: &Path,
    options: &AcceptorOptions,
    tokens: &[Vec<u8>],
    acquire_each: bool,
) -> Result<Cost, Error> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let file = env::temp_dir().join(format!("mit-gss-{}-{number}.tokens", process::id()));
    let framed =
        |token: &Vec<u8>| [&u32::try_from(token.len()).unwrap_or(u32::MAX).to_be_bytes()[..], token].concat();
    fs::write(&file, tokens.iter().flat_map(framed).collect::<Vec<u8>>()).map_err(Error::io(&file))?;

    let mut command = program::command()?;
    command.arg("bench").arg(&file);
    options.apply(&mut command, keytab);
    if acquire_each {
        command.arg("--acquire-each");
    }
    let output = command.output().map_err(Error::io(command.get_program()));
    let _ = fs::remove_file(&file);
    let output = output?;
    let found: Value = serde_json::from_slice(&output.stdout).map_err(|_| Error::Ended {
        program: "mit-gss bench".to_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })?;
    let count = |name: &str| found.get(name).and_then(Value::as_u64).unwrap_or_default();
    let micros = found.get("cpu_us").and_then(Value::as_f64).unwrap_or_default();
    Ok(Cost {
        accepted: count("accepted"),
        refused: count("refused"),
        each: Duration::from_secs_f64(micros / 1e6),
    })
}
