//! Names of caches, and what is true of the files that are written.

use std::os::unix::fs::symlink;

use krb::name::{NT_PRINCIPAL, Principal, PrincipalName};

use super::*;
use crate::krb5_conf::profile;

fn ccache() -> Ccache {
    let name = PrincipalName::new(NT_PRINCIPAL, ["alice"]);
    Ccache {
        time_offset: None,
        principal: Principal { name, krb_realm: "A.TEST".into() },
        credentials: Vec::new(),
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("ccache-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn files_are_named_with_and_without_their_kind() {
    for (name, path) in
        [("FILE:/tmp/x", "/tmp/x"), ("/tmp/x", "/tmp/x"), ("x", "x"), ("./a:b", "./a:b"), ("FILE:a:b", "a:b")]
    {
        assert_eq!(CcacheFile::choose(Some(name), &Krb5Conf::default()).unwrap().path(), Path::new(path));
    }
    for name in ["DIR:/tmp/x", "KEYRING:persistent:0", "KCM:", "MEMORY:x", "API:"] {
        let kind = name.split(':').next().unwrap();
        let refused = CcacheFile::choose(Some(name), &Krb5Conf::default()).unwrap_err();
        assert!(matches!(&refused, CcacheFileError::Kind { kind: found } if found == kind), "{refused}");
    }
}

#[test]
fn parameters_of_a_name_have_values() {
    let uid = getuid().as_raw();
    assert_eq!(expanded(DEFAULT).unwrap(), format!("FILE:/tmp/krb5cc_{uid}"));
    assert_eq!(expanded("%{null}a%{uid}b%{euid}").unwrap(), format!("a{uid}b{}", geteuid().as_raw()));
    for name in ["%{username}", "%{uid", "%{}"] {
        assert!(matches!(expanded(name), Err(CcacheFileError::Parameter { .. })), "{name}");
    }
    let items = profile::read("[libdefaults]\ndefault_ccache_name = KEYRING:persistent:%{uid}\n").unwrap();
    let mut conf = Krb5Conf::default();
    conf.append(items).unwrap();
    assert_eq!(conf.default_ccache_name(), Some("KEYRING:persistent:%{uid}"));
}

#[test]
fn a_cache_is_its_owners_alone_and_replaces_a_link() {
    let folder = folder("link");
    let (path, victim) = (folder.join("ccache"), folder.join("victim"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, &path).unwrap();
    let file = CcacheFile::named(path.to_str().unwrap()).unwrap();
    file.write(&ccache()).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    let about = fs::symlink_metadata(&path).unwrap();
    assert!(about.is_file());
    assert_eq!(about.mode() & 0o777, 0o600);
    assert_eq!(file.read().unwrap(), ccache());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left beside it");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn errors_name_the_file_and_what_helps() {
    let folder = folder("errors");
    let path = folder.join("ccache");
    let file = CcacheFile::named(path.to_str().unwrap()).unwrap();
    assert!(matches!(file.read(), Err(CcacheFileError::Missing { .. })));
    fs::write(&path, "no cache").unwrap();
    let error = file.read().unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("kinit"), "{error}");
    let nowhere = CcacheFile::named(folder.join("no/where").to_str().unwrap()).unwrap();
    assert!(matches!(nowhere.write(&ccache()), Err(CcacheFileError::Write { .. })));
    fs::remove_dir_all(folder).unwrap();
}
