//! Which password is judged, and what becomes of a file that changes.

use std::{
    collections::HashMap,
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use zeroize::Zeroizing;

use super::{
    users::{Secret, User},
    *,
};
use crate::{
    realm::{
        credentials::{Credentials, Presented},
        visitor::Visitor,
    },
    record::RequestId,
};

/// `secret` in one round, as Python's hashlib makes it.
const HASH: &str = "$pbkdf2-sha256$1$c2FsdA$ON9CizCTCOSMNofn.QvaDpzyU1aMIex1Sg4HarSrZCM";

fn password(name: &str, password: &str) -> Password {
    Password { name: name.to_owned(), password: Zeroizing::new(password.to_owned()) }
}

fn found(users: &[(&str, &str)]) -> Found {
    let user = |secret| User { secret: Secret::read(secret).unwrap(), roles: vec![] };
    let users: HashMap<_, _> =
        users.iter().map(|(name, secret)| ((*name).to_owned(), user(secret))).collect();
    Found { users: Users::new(users, vec![]).unwrap(), warnings: vec![] }
}

fn module(try_first: bool, use_first: bool) -> File {
    let reader = Reader::new(|_| Ok(found(&[("alice", HASH), ("bob", "bobpw")])));
    let settings = Settings { file: "/nonexistent".into(), reader, try_first, use_first };
    File::open(settings, &Kept::default()).unwrap()
}

/// What the module says of what the client presents, where one before it has put this in its place.
async fn said(module: &File, presented: Presented, before: Option<Password>) -> Result<String, &'static str> {
    let credentials = Credentials { presented, ..Credentials::default() };
    let visitor = Visitor::new("192.0.2.7:50000".parse().unwrap(), true, vec![]);
    let attempt = Attempt {
        id: RequestId::next(),
        realm: "demo",
        service: "one",
        credentials: &credentials,
        visitor: &visitor,
    };
    let mut shared = Shared { password: before, ..Shared::default() };
    match module.login(&attempt, &mut shared).await {
        Verdict::Success(brought) => Ok(brought.names[0].text.clone()),
        Verdict::Failure(failure) => {
            assert_eq!(failure.fault, super::super::Fault::Peer);
            assert!(failure.is_guess && !failure.is_told);
            Err(failure.word)
        }
        Verdict::Ignored => Err("ignored"),
    }
}

#[tokio::test]
async fn the_log_tells_a_user_that_is_not_there_from_a_wrong_password() {
    let module = module(false, false);
    for (name, given, expected) in [
        ("alice", "secret", Ok("alice".to_owned())),
        ("bob", "bobpw", Ok("bob".to_owned())),
        ("alice", "bobpw", Err("wrong_password")),
        ("bob", "", Err("wrong_password")),
        ("eve", "secret", Err("unknown_user")),
        ("", "", Err("unknown_user")),
    ] {
        assert_eq!(said(&module, Presented::Password(password(name, given)), None).await, expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_password_is_refused() {
    let module = module(true, true);
    for presented in
        [Presented::Nothing, Presented::Other, Presented::Token(Zeroizing::new("secret".to_owned()))]
    {
        assert_eq!(said(&module, presented, None).await, Err("no_password"));
    }
    let long = password("alice", &"x".repeat(MAX_PASSWORD + 1));
    assert_eq!(said(&module, Presented::Password(long), None).await, Err("password_too_long"));
}

#[tokio::test]
async fn the_password_of_a_module_before_counts_where_an_option_says_so() {
    let (good, bad) = (|| password("alice", "secret"), || password("alice", "wrong"));
    let (alice, wrong) = (|| Ok("alice".to_owned()), || Err("wrong_password"));
    for (try_first, use_first, own, before, expected) in [
        // Without an option the client's own is judged.
        (false, false, good(), Some(bad()), alice()),
        (false, false, bad(), Some(good()), wrong()),
        // The one before is tried first, and then the client's own.
        (true, false, bad(), Some(good()), alice()),
        (true, false, good(), Some(bad()), alice()),
        (true, false, bad(), Some(bad()), wrong()),
        (true, false, good(), Some(password("bob", "bobpw")), Ok("bob".to_owned())),
        // No other is tried.
        (false, true, bad(), Some(good()), alice()),
        (false, true, good(), Some(bad()), wrong()),
        (true, true, good(), Some(bad()), wrong()),
        // What the client presents is there from the beginning.
        (false, true, good(), None, alice()),
    ] {
        let module = module(try_first, use_first);
        let told = format!("{try_first} {use_first} {own:?} {before:?}");
        assert_eq!(said(&module, Presented::Password(own), before).await, expected, "{told}");
    }
}

/// A file that its reader takes for a list of names, each with the password `x`, unless it says `broken`.
struct Listed {
    path: PathBuf,
    reads: Arc<AtomicUsize>,
}

impl Listed {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ticketgate-users-{name}-{}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self { path, reads: Arc::default() }
    }

    fn module(&self) -> File {
        let reads = Arc::clone(&self.reads);
        let reader = Reader::new(move |path| {
            reads.fetch_add(1, Ordering::Relaxed);
            let text = fs::read_to_string(path)?;
            if text == "broken" {
                return Err("it is broken".into());
            }
            Ok(found(&text.split(' ').map(|name| (name, "x")).collect::<Vec<_>>()))
        });
        let settings = Settings { file: self.path.clone(), reader, try_first: false, use_first: false };
        File::open(settings, &Kept::default()).unwrap()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Who of these can log in after a look at that second.
fn after(module: &File, second: u64, names: &[&str]) -> Vec<bool> {
    module.store.look(Moment::after_start(Duration::from_secs(second)));
    let users = module.store.users.load();
    names.iter().map(|name| users.judge(name, b"x", Hash::is_of).is_ok()).collect()
}

#[test]
fn a_file_that_changes_is_read_again_and_a_broken_one_leaves_the_users_before() {
    let file = Listed::new("changes", "joe eve");
    let reads = || file.reads.load(Ordering::Relaxed);
    let module = file.module();
    let can = |second| after(&module, second, &["joe", "eve", "bob"]);
    assert_eq!((can(0), can(100), reads()), (vec![true, true, false], vec![true, true, false], 1));
    // In place.
    fs::write(&file.path, "joe bob carol").unwrap();
    assert_eq!((can(101), reads()), (vec![true, false, true], 2));
    fs::write(&file.path, "broken").unwrap();
    assert_eq!((can(102), reads()), (vec![true, false, true], 3));
    // It is told of again after a minute, and not before.
    assert_eq!((can(161), reads()), (vec![true, false, true], 3));
    assert_eq!((can(162), reads()), (vec![true, false, true], 4));
    assert_eq!((can(163), reads()), (vec![true, false, true], 4));
    fs::remove_file(&file.path).unwrap();
    assert_eq!((can(164), reads()), (vec![true, false, true], 5));
    // By a rename.
    let new = file.path.with_extension("new");
    fs::write(&new, "eve").unwrap();
    fs::rename(&new, &file.path).unwrap();
    assert_eq!((can(165), reads()), (vec![false, true, false], 6));
    assert_eq!((can(999), reads()), (vec![false, true, false], 6));
}

#[test]
fn a_file_that_cannot_be_read_at_the_start_is_the_operators_fault() {
    let reader = Reader::new(|_| Err("f.xml:1:1: error: no".into()));
    let settings = Settings { file: "f.xml".into(), reader, try_first: false, use_first: false };
    let error = File::open(settings, &Kept::default()).unwrap_err().to_string();
    assert_eq!(error, "the users in f.xml cannot be read:\nf.xml:1:1: error: no");
}
