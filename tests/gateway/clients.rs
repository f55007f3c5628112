//! The program in a user's hands: it gets tickets, and other programs use them.

mod connect;
mod kinit;
mod krb5_conf;
mod kvno;
mod tunnel;

use testkdc::{Client, Output};

use crate::{authority::authority, world::Gateway};

/// Runs the program with the files of this client.
fn ticketgate(client: &Client, args: &[&str], input: &str) -> Output {
    client.run(env!("CARGO_BIN_EXE_ticketgate"), args, input).unwrap()
}

/// `ticketgate kinit` with the password on standard input and these further arguments.
fn kinit(client: &Client, args: &[&str], password: &str) -> Output {
    let args = [&["kinit", "--password-stdin"], args].concat();
    ticketgate(client, &args, &format!("{password}\n"))
}

#[track_caller]
fn assert_succeeds(output: &Output) {
    assert!(output.success(), "{output:?}");
}

/// That it ended with this code and said all of these.
#[track_caller]
fn assert_fails(output: &Output, code: i32, says: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    for word in says {
        assert!(output.stderr.contains(word), "{word:?} is not in {output:?}");
    }
}

/// The flags that lead through this gateway, by each of its ways.
fn ways(gateway: &Gateway, is_secure: bool) -> [Vec<String>; 2] {
    let port = gateway.web().port();
    let schemes = if is_secure { ["wss", "https"] } else { ["ws", "http"] };
    schemes.map(|scheme| {
        let mut flags = vec!["--tgg".to_owned(), format!("{scheme}://localhost:{port}")];
        if is_secure {
            flags.extend(["--cacert".to_owned(), authority().anchor.to_str().unwrap().to_owned()]);
        }
        flags
    })
}

/// The same as a slice of texts.
fn texts(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}
