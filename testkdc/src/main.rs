//! Starts the test realm by hand and prints how to use it, until Ctrl-C.
#![expect(clippy::print_stdout, reason = "what to type next is what this program is for")]

use std::process::ExitCode;
use std::thread;

use testkdc::{Error, Place, Realm};

fn main() -> ExitCode {
    match start() {
        // Ctrl-C ends this process, and with it everything that was started.
        Ok((_realm, _client)) => loop {
            thread::park();
        },
        Err(error) => {
            eprintln!("testkdc: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(Realm, testkdc::Client), Error> {
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
    println!("services  HTTP/gw.tgg.test HTTP/localhost host/svc.tgg.test");
    println!();
    println!(
        "export KRB5_CONFIG='{}' KRB5CCNAME='FILE:{}'",
        client.krb5_conf().display(),
        client.ccache().display()
    );
    println!("kinit alice");
    println!();
    println!("Ctrl-C stops and removes everything");
    Ok((realm, client))
}
