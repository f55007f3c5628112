//! Starts the test realm by hand and prints how to use it, until Ctrl-C.
#![expect(clippy::print_stdout, reason = "what to type next is what this program is for")]

use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::UNIX_EPOCH;
use std::{env, fs};

use krb::keytab::Keytab;
use testkdc::embedded::{Account, Database, Kdc, Server, random};
use testkdc::{Client, Error, Krb5Conf, Place, Realm};

/// The services of the embedded realm.
const SERVICES: [&str; 3] = ["HTTP/gw.tgg.test", "HTTP/localhost", "host/svc.tgg.test"];

fn main() -> ExitCode {
    let wanted: Vec<_> = env::args().skip(1).collect();
    match wanted.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => wait(start()),
        ["--embedded"] => wait(start_embedded()),
        _ => {
            eprintln!("usage: testkdc [--embedded]");
            ExitCode::from(64)
        }
    }
}

/// Ctrl-C ends this process, and with it everything that was started.
fn wait<T>(started: Result<T, Error>) -> ExitCode {
    match started {
        Ok(_everything) => loop {
            thread::park();
        },
        Err(error) => {
            eprintln!("testkdc: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(Realm, Client), Error> {
    let realm = Realm::builder().start()?;
    let client = realm.client()?;
    let place = match realm.place() {
        Place::Container(engine) => format!("a container of {engine}"),
        _ => "native processes".to_owned(),
    };
    println!("realm     {} in {place}", realm.name());
    println!("kdc       {} udp and tcp", realm.kdc_addr());
    println!("kpasswd   {} udp and tcp", realm.kpasswd_addr());
    println!("keytab    {}", realm.dir().join("services.keytab").display());
    println!("log       {}", realm.dir().join("kdc.log").display());
    println!(
        "users     alice bob expired pwexpired lockable nopreauth müller; the password is the name and pw"
    );
    println!("services  {}", SERVICES.join(" "));
    show_use(&client);
    Ok((realm, client))
}

/// A realm like the other one, in this process; what it is asked follows on standard output.
fn start_embedded() -> Result<(Server, Client, Child), Error> {
    let mut database = Database::new("TGG.TEST")
        .user("alice", "alicepw", &[1105])
        .user("bob", "bobpw", &[])
        .user("müller", "müllerpw", &[])
        .account(Account::user("expired", "expiredpw").expires(UNIX_EPOCH))
        .account(Account::user("pwexpired", "pwexpiredpw").password_expires(UNIX_EPOCH))
        .account(Account::user("nopreauth", "nopreauthpw").without_preauth());
    for service in SERVICES {
        database = database.service(service);
    }
    let group = database.group_sid(1105).map(|sid| format!("; alice is in {sid}")).unwrap_or_default();
    let kdc = Kdc::new(database, &mut random).map_err(|error| refused(io::Error::other(error)))?;
    let kdc = kdc.observed(|event| println!("{event}"));
    let keytabs = SERVICES.iter().filter_map(|service| Keytab::read(&kdc.keytab(service)?).ok());
    let keytab = Keytab { entries: keytabs.flat_map(|keytab| keytab.entries).collect() };
    let keytab = keytab.encode().map_err(|error| refused(io::Error::other(error)))?;
    let server = Server::start(kdc, &[([127, 0, 0, 1], 0).into()]).map_err(refused)?;
    let addr = server.addrs().first().ok_or(Error::Port)?;
    let client = Client::of("TGG.TEST", &Krb5Conf::new().kdc(addr).kpasswd_server(addr))?;
    let sweeper = sweep(client.dir()).map_err(refused)?;
    let file = client.dir().join("services.keytab");
    fs::write(&file, &*keytab).map_err(|source| Error::Io { path: file.clone(), source })?;
    println!("realm     TGG.TEST in this process");
    println!("kdc       {addr} udp and tcp, kpasswd too");
    println!("keytab    {}", file.display());
    println!(
        "users     alice bob expired pwexpired nopreauth müller; the password is the name and pw{group}"
    );
    println!("services  {}", SERVICES.join(" "));
    show_use(&client);
    Ok((server, client, sweeper))
}

fn show_use(client: &Client) {
    println!();
    println!(
        "export KRB5_CONFIG='{}' KRB5CCNAME='FILE:{}'",
        client.krb5_conf().display(),
        client.ccache().display()
    );
    println!("kinit alice");
    println!();
    println!("Ctrl-C stops and removes everything");
}

fn refused(source: io::Error) -> Error {
    Error::Io { path: "the embedded KDC".into(), source }
}

/// Removes the files of this process when it has ended, in whatever way: its end of a pipe is closed then.
fn sweep(dir: &Path) -> io::Result<Child> {
    let own = dir.parent().unwrap_or(dir);
    let order = "trap '' INT TERM HUP; cat >/dev/null; rm -rf \"$1\"";
    Command::new("sh").args(["-c", order, "sh"]).arg(own).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()
}
