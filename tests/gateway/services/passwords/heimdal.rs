//! The same with Heimdal's KDC, which words its answers in another way than MIT's.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use peers::Heimdal;
use ticketgate::ambient;

use super::{ANY_NUMBER, gated, login, module, refused};
use crate::world::{PATIENCE, realm};

/// Heimdal's KDC with a realm of its own, stopped when dropped.
struct HeimdalKdc {
    dir: PathBuf,
    addr: SocketAddr,
    child: Child,
}

impl HeimdalKdc {
    fn start() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let heimdal = Heimdal::find()?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("heimdal-kdc-{}-{count}", std::process::id());
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&dir).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let at = dir.display();
        let conf = format!(
            "[libdefaults]\n default_realm = TGG.TEST\n dns_lookup_kdc = false\n\
             [kdc]\n database = {{\n  dbname = {at}/heimdal\n  realm = TGG.TEST\n  mkey_file = {at}/m-key\n  \
             log_file = {at}/log\n }}\n ports = {}\n addresses = 127.0.0.1\n require-preauth = yes\n\
             [logging]\n kdc = FILE:{at}/kdc.log\n default = FILE:{at}/all.log\n",
            free.port()
        );
        fs::write(dir.join("krb5.conf"), conf).unwrap();
        let in_dir = |name: &str| dir.join(name).display().to_string();
        run(heimdal, &dir, "sbin/kstash", &["--random-key", "-k", &in_dir("m-key")]);
        for query in [
            "init --realm-max-ticket-life=unlimited --realm-max-renewable-life=unlimited TGG.TEST",
            "add --password=alicepw --use-defaults alice",
            "add --password=lockedpw --use-defaults --attributes=requires-pre-auth,disallow-all-tix locked",
            "add --password=lapsedpw --use-defaults --expiration-time=2020-01-01 lapsed",
            "add --password=stalepw --use-defaults --pw-expiration-time=2020-01-01 stale",
            "add --random-key --use-defaults HTTP/gw.tgg.test",
            &format!("ext_keytab -k {} HTTP/gw.tgg.test", in_dir("http.keytab")),
        ] {
            let args: Vec<&str> = ["-l"].into_iter().chain(query.split(' ')).collect();
            run(heimdal, &dir, "bin/kadmin.heimdal", &args);
        }
        let child = command(heimdal, &dir, "lib/heimdal-servers/kdc")
            .arg(format!("--config-file={}", in_dir("krb5.conf")))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let kdc = Self { dir, addr: free, child };
        let patience = ambient::now() + PATIENCE;
        while TcpStream::connect(free).is_err() {
            assert!(ambient::now() < patience, "Heimdal's KDC does not listen");
            thread::yield_now();
        }
        Some(kdc)
    }

    fn keytab(&self) -> String {
        self.dir.join("http.keytab").display().to_string()
    }
}

fn command(heimdal: &Heimdal, dir: &Path, program: &str) -> Command {
    let (name, path) = heimdal.library_path.split_once('=').unwrap();
    let mut command = Command::new(heimdal.usr.join(program));
    command.env(name, path).env("KRB5_CONFIG", dir.join("krb5.conf")).stdin(Stdio::null());
    command
}

#[track_caller]
fn run(heimdal: &Heimdal, dir: &Path, program: &str, args: &[&str]) {
    let output = command(heimdal, dir, program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Drop for HeimdalKdc {
    fn drop(&mut self) {
        // Not killed: it has processes of its own, which it ends.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[test]
fn heimdals_kdc_judges_passwords() {
    let Some(kdc) = HeimdalKdc::start() else { return };
    let gateway = gated("", &module(&kdc.keytab(), &kdc.addr.to_string(), ""), ANY_NUMBER);
    assert_eq!(login(&gateway, "alice", "alicepw"), 302);
    refused(&gateway, "alice", "wrong", "wrong_password", 401);
    refused(&gateway, "nobody", "nobodypw", "unknown_user", 401);
    refused(&gateway, "locked", "lockedpw", "account_policy", 401);
    refused(&gateway, "lapsed", "lapsedpw", "account_expired", 401);
    refused(&gateway, "stale", "stalepw", "password_expired", 401);
}

#[test]
fn heimdals_kdc_is_not_believed_with_the_keytab_of_mits() {
    let Some(kdc) = HeimdalKdc::start() else { return };
    let keytab = realm().dir().join("services.keytab").display().to_string();
    let gateway = gated("", &module(&keytab, &kdc.addr.to_string(), ""), ANY_NUMBER);
    refused(&gateway, "alice", "alicepw", "kdc_not_believed", 503);
}
