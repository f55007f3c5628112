//! What all measurements need: a folder with a certificate and requests, and where the programs are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::lane::Failed;

/// Captured from stock clients of MIT krb5 1.20.1.
const AS_REQ: &[u8] = include_bytes!("../../tests/data/mit-1.20.1/wire/000-spake-req-app10.bin");
const TGS_REQ: &[u8] = include_bytes!("../../tests/data/mit-1.20.1/wire/042-tgs-gw-req-app12.bin");

/// The realm of the captured messages.
pub const CAPTURED_REALM: &str = "H4.TEST";

/// Which processors the parts of a measurement run on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cores {
    /// The gateway on the first, all else on the second.
    Apart,
    /// Wherever the system puts them.
    Free,
    /// All on the first: nobody is woken up on another processor.
    One,
}

impl Cores {
    /// What `taskset -c` is told for the gateway.
    pub const fn gateway(self) -> &'static str {
        match self {
            Self::Apart | Self::One => "0",
            Self::Free => "0-1023",
        }
    }

    /// What `taskset -c` is told for all else.
    pub const fn others(self) -> &'static str {
        match self {
            Self::Apart => "1",
            Self::Free => "0-1023",
            Self::One => "0",
        }
    }
}

/// A folder of this run, removed at its end.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    /// Where this program is, and beside it the others.
    programs: PathBuf,
}

impl Stage {
    /// Sets it.
    ///
    /// # Errors
    ///
    /// If its folder cannot be written.
    pub fn set() -> Result<Self, Failed> {
        let folder = env::temp_dir().join(format!("ticketgate-figures-{}", process::id()));
        fs::create_dir_all(&folder)?;
        let programs = env::current_exe()?.parent().ok_or("this program is nowhere")?.to_owned();
        let stage = Self { folder, programs };
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        fs::write(stage.certificate(), certificate.pem())?;
        fs::write(stage.key(), key.serialize_pem())?;
        fs::write(stage.as_req(), AS_REQ)?;
        fs::write(stage.tgs_req(), TGS_REQ)?;
        Ok(stage)
    }

    /// The path of a program that is built with this one.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A file of this run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// An AS-REQ without pre-authentication.
    pub fn as_req(&self) -> PathBuf {
        self.file("as-req")
    }

    /// A TGS-REQ.
    pub fn tgs_req(&self) -> PathBuf {
        self.file("tgs-req")
    }

    /// A certificate for localhost with a P-256 key, its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.file("certificate.pem")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.file("key.pem")
    }

    /// Writes certificate and key into one file.
    pub(crate) fn both(&self, file: &Path) -> Result<(), Failed> {
        Ok(fs::write(file, [fs::read(self.certificate())?, fs::read(self.key())?].concat())?)
    }

    /// What stands behind the address that nginx listens at.
    pub(crate) fn nginx_tls(&self, tls: bool) -> String {
        if !tls {
            return String::new();
        }
        // Debian's release does not offer TLS 1.3 unless told to.
        format!(
            "ssl;\n        ssl_protocols TLSv1.3;\n        ssl_certificate {};\n        ssl_certificate_key {}",
            self.certificate().display(),
            self.key().display()
        )
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The machine in neutral words, and how busy it is.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(2).collect();
    format!("{cores} virtual cores; load average of the last 1 and 5 minutes: {}", load.join(", "))
}
