//! The tool in C: compiled once, and spoken to as its own header says.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use crate::{
    error::Error,
    mit::verdict::{Established, Refused, Verdict},
    process::Process,
    workshop,
};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mit/gss.c");

/// Longest string of an answer, in octets; the tool's own tokens are far shorter.
const LONGEST: u32 = 16 << 20;

const PROGRAM: &str = "mit-gss";

/// Begins a new context.
pub(crate) const NEW: u8 = b'N';
/// Goes on with the last one.
pub(crate) const GO_ON: u8 = b'G';

/// The compiled tool.
pub(crate) fn path() -> Result<PathBuf, Error> {
    static COMPILING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = COMPILING.lock().unwrap_or_else(PoisonError::into_inner);
    let source = fs::read(SOURCE).map_err(Error::io(SOURCE))?;
    let mut version = DefaultHasher::new();
    source.hash(&mut version);
    let path = workshop::dir()?.join(format!("{PROGRAM}-{:016x}", version.finish()));
    if path.exists() {
        return Ok(path);
    }
    // Other test programs may be compiling it too: the last one to finish puts a whole file there.
    let unfinished = path.with_extension(std::process::id().to_string());
    let compiled = Command::new("cc")
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&unfinished)
        .args([SOURCE, "-lgssapi_krb5"])
        .output()
        .map_err(Error::io("cc"))?;
    if !compiled.status.success() {
        let said = String::from_utf8_lossy(&compiled.stderr).into_owned();
        return Err(Error::Compile { program: PROGRAM, said });
    }
    fs::rename(&unfinished, &path).map_err(Error::io(&path))?;
    Ok(path)
}

/// The command that runs it with nothing of the host's Kerberos.
pub(crate) fn command() -> Result<Command, Error> {
    let mut command = Command::new(path()?);
    command.env("KRB5_CONFIG", "/dev/null").env("LC_ALL", "C.UTF-8").env_remove("KRB5_TRACE");
    Ok(command)
}

/// Adds the application data of channel bindings to the arguments.
pub(crate) fn add_bindings(command: &mut Command, data: Option<&[u8]>) {
    if let Some(data) = data {
        let hex: String = data.iter().map(|octet| format!("{octet:02x}")).collect();
        command.args(["--bindings", &hex]);
    }
}

/// Asks one question and waits for the answer.
pub(crate) fn ask(process: &mut Process, question: u8, token: &[u8]) -> Result<Verdict, Error> {
    let length = u32::try_from(token.len()).unwrap_or(u32::MAX);
    process.tell(&[&[question], &length.to_be_bytes()[..], token].concat())?;
    let mut outcome = [0];
    process.hear(&mut outcome)?;
    let flags = number(process)?;
    let ends = i64::from(number(process)?) << 32 | i64::from(number(process)?);
    let (major, minor) = (number(process)?, number(process)?);
    let token = octets(process)?;
    let (peer, mech, text) = (text(process)?, text(process)?, text(process)?);
    match outcome {
        [b'A'] => Ok(Verdict::Accepted(Established { peer, mech, flags, ends, token })),
        [b'C'] => Ok(Verdict::Continue { token }),
        [b'R'] => Ok(Verdict::Refused(Refused { major, minor, text, token })),
        _ => Err(Error::Protocol { program: PROGRAM, said: String::from_utf8_lossy(&outcome).into_owned() }),
    }
}

fn number(process: &mut Process) -> Result<u32, Error> {
    let mut octets = [0; 4];
    process.hear(&mut octets)?;
    Ok(u32::from_be_bytes(octets))
}

fn octets(process: &mut Process) -> Result<Vec<u8>, Error> {
    let length = number(process)?;
    if length > LONGEST {
        return Err(Error::Protocol { program: PROGRAM, said: format!("{length} octets") });
    }
    let mut octets = vec![0; usize::try_from(length).unwrap_or_default()];
    process.hear(&mut octets)?;
    Ok(octets)
}

fn text(process: &mut Process) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&octets(process)?).into_owned())
}
