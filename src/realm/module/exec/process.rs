//! A process that answers questions over its standard streams. It ends when it is dropped.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use futures_util::FutureExt as _;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};
use tracing::info;
use zeroize::Zeroizing;

use crate::{ambient, realm::module::custom::MAX_ANSWER};

/// What a process keeps of the gateway's environment: where programs are, and how people are spoken to.
const ENVIRONMENT: [&str; 2] = ["PATH", "LANG"];
/// Files that it may have open.
const MAX_FILES: u64 = 1024;
/// Octets of a line of its standard error that the log has.
const MAX_LINE: u64 = 1024;
/// Such lines in a second; those beyond are counted.
const MAX_LINES: u32 = 20;

/// A process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What comes of a question.
#[derive(Debug)]
pub(super) enum Exchange {
    /// A line, without its end.
    Answer(Zeroizing<Vec<u8>>),
    /// The process has ended.
    Ended,
    /// The line is too long.
    Long,
}

/// Why a process that waited is not asked any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Odd {
    #[error("ended ({0})")]
    Ended(ExitStatus),
    #[error("said something without being asked")]
    Talks,
}

/// Whether a file is a program.
pub(super) fn may_run(command: &Path) -> io::Result<()> {
    let found = fs::metadata(command)?;
    let is_program = found.is_file() && found.permissions().mode() & 0o111 != 0;
    if is_program { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

impl Process {
    /// Starts a program, without a shell and in a group of its own.
    pub(super) fn start(command: &Path, arguments: &[String]) -> io::Result<Self> {
        let kept = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut child = Command::new(command)
            .args(arguments)
            .env_clear()
            .envs(kept)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (Some(to), Some(from), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let process = Self { child, to, from: BufReader::new(from) };
        process.limit();
        tokio::spawn(tell(errors, command.display().to_string()));
        Ok(process)
    }

    /// What it may use. A dump of its memory would have passwords in it.
    fn limit(&self) {
        let Some(group) = self.group() else { return };
        let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
        for (resource, most) in [(Resource::Core, 0), (Resource::Nofile, MAX_FILES)] {
            // A limit that is lower already stays.
            let _ = prlimit(Some(group), resource, limit(most));
        }
    }

    /// Its group, as long as it has not been waited for.
    fn group(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// The process, if it is there and silent.
    pub(super) fn still(mut self) -> Result<Self, Odd> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Err(Odd::Ended(status));
        }
        match self.from.fill_buf().now_or_never() {
            None => Ok(self),
            Some(_) => Err(Odd::Talks),
        }
    }

    /// Writes a question and reads the line that answers it.
    pub(super) async fn ask(&mut self, question: &[u8]) -> Exchange {
        let Self { to, from, .. } = self;
        let written = async {
            to.write_all(question).await?;
            to.write_all(b"\n").await?;
            to.flush().await
        };
        let limit = u64::try_from(MAX_ANSWER).unwrap_or(u64::MAX).saturating_add(1);
        let mut line = Zeroizing::new(Vec::with_capacity(1024));
        if written.await.is_err() {
            return Exchange::Ended;
        }
        match from.take(limit).read_until(b'\n', &mut line).await {
            Ok(_) if line.ends_with(b"\n") => {
                line.pop();
                Exchange::Answer(line)
            }
            Ok(read) if read > MAX_ANSWER => Exchange::Long,
            Ok(_) | Err(_) => Exchange::Ended,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What it has started goes with it. The child itself is waited for by tokio.
        if let Some(group) = self.group() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Writes into the log what a process says on its standard error, some of it.
async fn tell(errors: impl AsyncRead + Unpin, command: String) {
    let mut errors = BufReader::new(errors);
    let (mut since, mut lines, mut dropped) = (ambient::now(), 0, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut errors).take(MAX_LINE).read_until(b'\n', &mut line).await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let now = ambient::now();
        if now.since(since) >= Duration::from_secs(1) {
            if dropped > 0 {
                info!(command, dropped, "The login module's process said more than is logged");
            }
            (since, lines, dropped) = (now, 0, 0);
        }
        if lines < MAX_LINES {
            lines += 1;
            let text = String::from_utf8_lossy(line.trim_ascii_end());
            info!(command, "The login module's process says: {}", text.escape_debug());
        } else {
            dropped = dropped.saturating_add(1);
        }
    }
}
