//! The program between WebDriver and a browser, with a client's tickets in its environment.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use testkdc::Client;

use crate::error::Error;

/// Runs a driver and ends its whole group, the browser too, when standard input ends: also when whoever holds
/// the other end was killed.
const UNTIL_THE_INPUT_ENDS: &str = r#""$@" </dev/null & exec >/dev/null; cat; kill -s KILL 0"#;

/// How often a driver is started again.
const TRIES: u32 = 3;

/// A running driver, which ends with its browser when dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    addr: SocketAddr,
    log: PathBuf,
}

impl Driver {
    /// Starts it, again if it ends at once: it looks for a free port, and another may take that before it listens.
    pub(crate) fn start_patiently(
        client: &Client,
        command_line: &[OsString],
        port: fn(&str) -> Option<u16>,
    ) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            match Self::start(client, command_line, port) {
                Err(Error::Ended { .. }) if tries < TRIES => tries += 1,
                started => return started,
            }
        }
    }

    /// Starts it as this client and waits until a line that it writes has its port.
    fn start(
        client: &Client,
        command_line: &[OsString],
        port: fn(&str) -> Option<u16>,
    ) -> Result<Self, Error> {
        let log = new_dir(client, "driver")?.join("log");
        let stderr = File::create(&log).map_err(Error::io(&log))?;
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_THE_INPUT_ENDS, "sh"]).args(command_line);
        command.envs(client.env()).env("TMPDIR", new_dir(client, "tmp")?);
        // A display or a bus of whoever runs the tests has no part in them.
        for variable in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).process_group(0);
        let child = command.spawn().map_err(Error::io("sh"))?;
        let mut driver = Self { child, addr: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        let output = driver.child.stdout.take().ok_or_else(|| io::ErrorKind::BrokenPipe.into());
        let mut output = BufReader::new(output.map_err(Error::io("the driver"))?);
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).map_err(Error::io("the driver"))? == 0 {
                return Err(Error::Ended { program: "the driver".to_owned(), said: driver.said() });
            }
            if let Some(port) = port(&line) {
                driver.addr.set_port(port);
                // What else it says must not fill the pipe.
                thread::spawn(move || io::copy(&mut output, &mut io::sink()));
                return Ok(driver);
            }
        }
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it has written to standard error.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A new directory of a client, named after what is in it.
pub(crate) fn new_dir(client: &Client, name: &str) -> Result<PathBuf, Error> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let dir = client.dir().join(format!("{name}-{number}"));
    fs::create_dir(&dir).map_err(Error::io(&dir))?;
    Ok(dir)
}

/// Where a program of the system is.
pub(crate) fn find(program: &'static str, package: &'static str) -> Result<OsString, Error> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([Path::new("/usr/bin").to_owned()])
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
        .map(PathBuf::into_os_string)
        .ok_or(Error::Missing { program, package })
}
