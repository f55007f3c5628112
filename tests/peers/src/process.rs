//! A program that is asked over its standard input and output, and ends when dropped.

use std::{
    io::{BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::error::Error;

/// A running program with its three pipes.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        let program = command.get_program().to_owned();
        let name = program.to_string_lossy().into_owned();
        let io = || Error::io(&program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(io())?;
        let pipe = std::io::ErrorKind::BrokenPipe;
        let input = child.stdin.take().ok_or(pipe).map_err(|kind| io()(kind.into()))?;
        let output = child.stdout.take().ok_or(pipe).map_err(|kind| io()(kind.into()))?;
        Ok(Self { name, child, input, output: BufReader::new(output) })
    }

    /// Writes all of a question at once.
    pub(crate) fn tell(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.input.write_all(octets).and_then(|()| self.input.flush()).map_err(|_| self.ended())
    }

    /// So many octets as `into` is long.
    pub(crate) fn hear(&mut self, into: &mut [u8]) -> Result<(), Error> {
        self.output.read_exact(into).map_err(|_| self.ended())
    }

    /// Why it is there no longer.
    fn ended(&mut self) -> Error {
        // It may have closed its output alone.
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.read_to_string(&mut said);
        }
        Error::Ended { program: self.name.clone(), said }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
