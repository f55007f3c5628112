//! The running `realm/serve.sh`: orders go in on its standard input, one answer a line comes out.
//!
//! The input is also the life-line: when it ends, even because this process was killed,
//! the script stops all servers and removes the directory.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::directory::Directory;
use crate::error::Error;
use crate::program;

/// How long an answer may take. The slowest is the first, which comes when
/// the realm is set up; on an idle core that takes less than a second.
const LIMIT: Duration = Duration::from_secs(60);

/// The realm's directory and whoever runs its servers.
#[derive(Debug)]
pub(crate) struct Control {
    dir: Directory,
    child: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Control {
    /// Runs `command`, which ends in `serve.sh DIR`, and waits until the realm serves.
    ///
    /// `dir` is removed with the new value, or right away if there is none.
    pub(crate) fn start(mut command: Command, dir: Directory) -> Result<Self, Error> {
        let program = PathBuf::from(command.get_program());
        let errors = dir.path().join("serve.err");
        let errors = File::create(&errors).map_err(Error::io(&errors))?;
        // A group of its own, because Ctrl-C in a terminal goes to a whole group, and
        // the servers must outlive the client that prints what it got.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(Error::io(program))?;
        let (sender, answers) = mpsc::channel();
        let output = child.stdout.take();
        // Reads on its own thread, because a pipe has no time limit and a channel has.
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let orders = child.stdin.take();
        let control = Self { dir, child: Mutex::new(Running { child, orders, answers }) };
        control.answer(&control.running(), "setting up the realm")?;
        Ok(control)
    }

    /// The realm's directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Gives one order and waits until it is carried out.
    pub(crate) fn order(&self, order: &str) -> Result<(), Error> {
        let mut running = self.running();
        self.give(&mut running, order)
    }

    /// Runs a query of `kadmin.local` and returns what it printed.
    pub(crate) fn kadmin(&self, query: &str) -> Result<String, Error> {
        // Held until the output is read, because the next query overwrites it.
        let mut running = self.running();
        self.give(&mut running, &format!("kadmin {query}"))?;
        let read = |name: &str| {
            let file = self.dir().join(name);
            fs::read_to_string(&file).map_err(Error::io(&file))
        };
        let said = read("kadmin.err")?;
        // It ends well whatever happened, and writes harmless notes to the same place.
        if said.lines().any(|line| line.contains(" while ") || line.starts_with("kadmin.local:")) {
            return Err(Error::Kadmin { query: query.to_owned(), said });
        }
        read("kadmin.out")
    }

    /// The ends of all logs.
    pub(crate) fn logs(&self) -> String {
        let entries = fs::read_dir(self.dir()).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<_> = entries
            .filter(|file| {
                file.extension().is_some_and(|end| ["err", "log", "out"].iter().any(|log| end == *log))
            })
            .collect();
        files.sort();
        program::tails(files)
    }

    /// Stops the servers and removes the directory. Orders fail from now on.
    pub(crate) fn close(&self) {
        let mut running = self.running();
        running.orders = None;
        // The channel closes when the script has closed its output, which it does last.
        while running.answers.recv_timeout(LIMIT).is_ok() {}
        let _ = running.child.kill();
        let _ = running.child.wait();
        // What the script leaves: in a container it cannot remove the mounted directory itself.
        self.dir.remove();
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, running: &mut Running, order: &str) -> Result<(), Error> {
        // A line break would begin another order.
        let line = order.replace(['\n', '\r'], " ") + "\n";
        let written = match &mut running.orders {
            Some(orders) => orders.write_all(line.as_bytes()),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        written.map_err(Error::io(self.dir()))?;
        self.answer(running, order)
    }

    fn answer(&self, running: &Running, what: &str) -> Result<(), Error> {
        match running.answers.recv_timeout(LIMIT) {
            Ok(answer) if answer == "ok" => Ok(()),
            Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                Err(Error::Server { what: what.to_owned(), said: self.logs() })
            }
            Err(RecvTimeoutError::Timeout) => {
                Err(Error::Silent { what: what.to_owned(), limit: LIMIT, said: self.logs() })
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.close();
    }
}
