//! Heimdal's programs, which cannot be installed beside MIT's: `tests/heimdal` unpacks them.

use std::{path::PathBuf, process::Command, sync::OnceLock};

use testkdc::{Client, Output};

use crate::workshop;

/// Where they are.
#[derive(Debug)]
pub struct Heimdal {
    bin: PathBuf,
    /// The folder that its servers are below.
    pub usr: PathBuf,
    /// The variable without which none of its programs runs.
    pub library_path: String,
}

impl Heimdal {
    /// Unpacks them below the build directory when they are asked for first. `None`, with the reason printed, where they
    /// cannot be had.
    ///
    /// # Panics
    ///
    /// If they cannot be had where `CI` is set, which skips nothing.
    pub fn find() -> Option<&'static Self> {
        static HEIMDAL: OnceLock<Result<Heimdal, String>> = OnceLock::new();
        match HEIMDAL.get_or_init(Self::unpack) {
            Ok(heimdal) => Some(heimdal),
            Err(why) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: {why}");
                None
            }
            #[expect(clippy::panic, reason = "a test fails by panicking")]
            Err(why) => panic!("{why}"),
        }
    }

    fn unpack() -> Result<Self, String> {
        let peers = workshop::dir().map_err(|error| error.to_string())?;
        let output = Command::new("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../heimdal"))
            .arg(peers.with_file_name("heimdal"))
            .output()
            .map_err(|error| format!("tests/heimdal cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let assignments = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |name: &str| {
            let found = assignments.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned).ok_or_else(|| format!("tests/heimdal does not say {name}"))
        };
        let library_path = format!("LD_LIBRARY_PATH={}", value("HEIMDAL_LIB")?);
        Ok(Self { bin: value("HEIMDAL_BIN")?.into(), usr: value("HEIMDAL_KDC")?.into(), library_path })
    }

    /// Runs one of them for this client, with this input.
    ///
    /// # Panics
    ///
    /// If it cannot be run.
    #[track_caller]
    pub fn run(&self, client: &Client, program: &str, args: &[&str], input: &str) -> Output {
        let program = self.bin.join(program);
        let program = program.to_string_lossy();
        let all = [&[&*self.library_path, &*program], args].concat();
        #[expect(clippy::panic, reason = "a test fails by panicking")]
        client.run("env", &all, input).unwrap_or_else(|error| panic!("{program}: {error}"))
    }
}
