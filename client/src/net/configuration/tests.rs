//! Files that include others, in a directory of each test's own.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("krb5conf-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_and_directories_are_included_where_they_are_named() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("d")).unwrap();
    folder.write("d/2", "[libdefaults]\ndefault_realm = SECOND\n");
    folder.write("d/1.conf", "[libdefaults]\ndefault_realm = FIRST\nticket_lifetime = 1h\n");
    folder.write("d/0.rpmsave", "[libdefaults]\ndefault_realm = NEVER\n");
    let other = folder.write("other", "[libdefaults]\nticket_lifetime = 2h\n");
    let (other, d) = (other.display().to_string(), folder.0.join("d").display().to_string());
    let main = folder
        .write("main", &format!("include {other}\nincludedir {d}\n[libdefaults]\ndefault_realm = LAST\n"));
    let conf = load_files(&[folder.0.join("missing"), main]).unwrap();
    assert_eq!(conf.default_realm(), Some("FIRST"));
    assert_eq!(conf.ticket_lifetime("X").unwrap().as_secs(), 7200);
}

#[test]
fn an_error_names_the_file_and_the_line() {
    let folder = Folder::new();
    let bad = folder.write("bad", "[libdefaults]\n\nnonsense\n");
    let main = folder.write("main", &format!("include {}\n", bad.display()));
    let error = load_files(&[main]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: line 3: ", bad.display())), "{error}");
}

#[test]
fn a_file_that_is_included_and_missing_is_an_error() {
    let folder = Folder::new();
    let main = folder.write("main", "include /nowhere/krb5.conf\n");
    let error = load_files(&[main]).unwrap_err();
    assert!(
        matches!(error, ConfigurationError::File { path, .. } if path == Path::new("/nowhere/krb5.conf"))
    );
}

#[test]
fn files_cannot_include_each_other_without_end() {
    let folder = Folder::new();
    let path = folder.0.join("main");
    fs::write(&path, format!("include {}\n", path.display())).unwrap();
    assert!(matches!(load_files(&[path]), Err(ConfigurationError::Circle { .. })));
}

#[test]
fn a_comment_in_another_encoding_is_no_error() {
    let folder = Folder::new();
    let path = folder.0.join("latin");
    fs::write(&path, b"# f\xfcr alle\n[libdefaults]\ndefault_realm = A\n").unwrap();
    assert_eq!(load_files(&[path]).unwrap().default_realm(), Some("A"));
}
