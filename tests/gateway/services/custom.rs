//! Login modules of the operator's own, as web services and as programs: up, slow, dead and lying.

mod example;
mod exec;
mod http;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{Folder, ask, config, service, status};
use crate::{backend::Head, world::Gateway};

/// The program that does what the token says.
pub(crate) const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/modules/judge.py");

/// A realm of this scheme with these login modules, where logins may fail any number of times.
fn realm(scheme: &str, modules: &str) -> String {
    format!(
        "<realm><name>own</name><authentication><http-challenge-scheme>{scheme}</http-challenge-scheme>\
         <http-header>X-Token</http-header><failed-logins>0</failed-logins>\
         <login-modules>{modules}</login-modules></authentication></realm>"
    )
}

/// A login module that must agree.
fn module(kind: &str, options: &str) -> String {
    format!(
        "<login-module><type>{kind}</type><success>required</success><options>{options}</options></login-module>"
    )
}

/// A gateway whose one service is for users of that realm with the role.
fn gated(scheme: &str, modules: &str) -> Gateway {
    let inside = "<properties><location>/in/</location></properties><realm-name>own</realm-name>\
                  <authorization-constraint><require-role>AUTHORIZED</require-role></authorization-constraint>";
    let service = service("http.redirect", "http", inside);
    Gateway::run(&config(&format!("{service}{}", super::security(&realm(scheme, modules)))))
}

/// The answer to a request with this token.
fn with(gateway: &Gateway, token: &str) -> Head {
    ask(gateway, "GET /in", &format!("Authorization: Token {token}\r\n"))
}

/// The status of it.
#[track_caller]
fn judged(gateway: &Gateway, token: &str) -> u16 {
    status(&with(gateway, token))
}

/// The challenge that an answer brings.
fn challenge(answer: &Head) -> Vec<&str> {
    answer.values("www-authenticate")
}

/// The questions that a module has heard so far.
fn heard(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A process that ends when it is dropped.
pub(super) struct Running(Child);

impl Running {
    /// Starts a program, and returns the first line that it says.
    pub(super) fn start(program: &str, arguments: &[&str]) -> (Self, String) {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), line.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
