//! Programs that a measurement starts, on the processors that it says.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::lane::Failed;

/// A program that is killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    /// Starts it, with its standard output to be read here.
    ///
    /// # Errors
    ///
    /// If there is no such program.
    pub fn start(command: &mut Command) -> Result<Self, Failed> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, output })
    }

    /// The next line that it writes.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn line(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() { Err("a program ended before it had begun".into()) } else { Ok(line) }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `program` on these processors. It keeps its process id: taskset becomes it.
#[must_use]
pub fn on(cores: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(program);
    command
}

/// Connections that a load generator keeps until this is dropped.
#[derive(Debug)]
pub struct Held {
    _stdin: Option<ChildStdin>,
    _running: Running,
}

impl Held {
    /// Starts a generator and waits until it says that its connections are there.
    ///
    /// # Errors
    ///
    /// If it ends before.
    pub fn start(command: &mut Command) -> Result<Self, Failed> {
        let mut running = Running::start(command.stdin(Stdio::piped()))?;
        let stdin = running.child.stdin.take();
        running.line()?;
        Ok(Self { _stdin: stdin, _running: running })
    }
}
