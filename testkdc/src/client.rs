//! The stock Kerberos tools, each client with its own configuration and credential cache.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::directory::Directory;
use crate::error::Error;
use crate::krb5_conf::Krb5Conf;
use crate::program;

/// Seconds until a tool is ended. Stock `kinit` gives up on silent KDCs after about 30.
const LIMIT: &str = "90";

/// What a tool said and how it ended.
#[derive(Debug)]
pub struct Output {
    /// How it ended; 124 says that it was ended because it took too long.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Whether the tool reports success.
    pub fn success(&self) -> bool {
        self.status.success()
    }
}

/// One person at one keyboard. The files are in the realm's directory and go with it, or in one of its own.
#[derive(Debug)]
pub struct Client {
    dir: PathBuf,
    _own: Option<Directory>,
}

impl Client {
    /// A client whose configuration is `conf`, with its files in the new directory `dir`.
    pub(crate) fn new(dir: PathBuf, conf: &str) -> Result<Self, Error> {
        fs::create_dir(&dir).map_err(Error::io(&dir))?;
        let client = Self { dir, _own: None };
        fs::write(client.krb5_conf(), conf).map_err(Error::io(client.krb5_conf()))?;
        Ok(client)
    }

    /// A client of any realm, such as one of the [`embedded`](crate::embedded) KDC. Its files go with it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if its files cannot be made.
    pub fn of(krb_realm: &str, conf: &Krb5Conf) -> Result<Self, Error> {
        let own = Directory::create()?;
        let client = Self::new(own.path().join("client"), &conf.render(krb_realm))?;
        Ok(Self { _own: Some(own), ..client })
    }

    /// Its `krb5.conf`, for programs that are not run from here.
    pub fn krb5_conf(&self) -> PathBuf {
        self.dir.join("krb5.conf")
    }

    /// Its credential cache, a file that exists after a first ticket was got.
    pub fn ccache(&self) -> PathBuf {
        self.dir.join("ccache")
    }

    /// A directory of its own for whatever files a test needs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The variables that make any Kerberos program use this client's files and nothing of the host's.
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        let file = |name: &str| self.dir.join(name).into_os_string();
        let mut ccache = OsString::from("FILE:");
        ccache.push(self.ccache());
        vec![
            ("KRB5_CONFIG".into(), file("krb5.conf")),
            ("KRB5CCNAME".into(), ccache),
            ("KRB5_CLIENT_KTNAME".into(), file("client.keytab")),
            ("KRB5_KTNAME".into(), file("keytab")),
            ("KRB5_TRACE".into(), file("trace")),
            ("KRB5RCACHEDIR".into(), self.dir.clone().into_os_string()),
            ("HOME".into(), self.dir.clone().into_os_string()),
            ("LC_ALL".into(), "C.UTF-8".into()),
        ]
    }

    /// What MIT's library did and received so far (`KRB5_TRACE`), of all tools this client ran.
    pub fn trace(&self) -> String {
        let text = fs::read(self.dir.join("trace")).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Gets a ticket-granting ticket with a password.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without `kinit`; what the KDC refuses is in the output.
    pub fn kinit(&self, principal: &str, password: &str) -> Result<Output, Error> {
        self.kinit_with(&[], principal, password)
    }

    /// The same with further arguments, such as `-f` or `-n`.
    ///
    /// # Errors
    ///
    /// As [`kinit`](Self::kinit).
    pub fn kinit_with(&self, args: &[&str], principal: &str, password: &str) -> Result<Output, Error> {
        let args: Vec<_> = args.iter().copied().chain([principal]).collect();
        self.run("kinit", &args, &format!("{password}\n"))
    }

    /// Gets service tickets.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without `kvno`; what the KDC refuses is in the output.
    pub fn kvno(&self, spns: &[&str]) -> Result<Output, Error> {
        self.run("kvno", spns, "")
    }

    /// Lists the credential cache.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without `klist`; an empty cache is in the output.
    pub fn klist(&self, args: &[&str]) -> Result<Output, Error> {
        self.run("klist", args, "")
    }

    /// Changes a password.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without `kpasswd`; what the server refuses is in the output.
    pub fn kpasswd(&self, principal: &str, old: &str, new: &str) -> Result<Output, Error> {
        self.run("kpasswd", &[principal], &format!("{old}\n{new}\n{new}\n"))
    }

    /// Runs any program with this client's variables, with `input` on its standard input.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if it is one of MIT's and not installed, [`Error::Io`] if it cannot be started.
    pub fn run(&self, program: &str, args: &[&str], input: &str) -> Result<Output, Error> {
        if !program.contains('/') {
            program::require_if_known(program)?;
        }
        let path = |name: &str| self.dir.join(name);
        // A file takes any amount before it is read; a pipe's other end would have to be served.
        let typed = path("stdin");
        File::create(&typed)
            .and_then(|mut file| file.write_all(input.as_bytes()))
            .map_err(Error::io(&typed))?;
        let mut command = Command::new("timeout");
        command.args(["-k", "1", LIMIT, program]).args(args).envs(self.env()).env("PATH", program::path());
        let stdin = File::open(&typed).map_err(Error::io(&typed))?;
        let output = command.stdin(stdin).output().map_err(Error::io(program))?;
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Ok(Output { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }
}
