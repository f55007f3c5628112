//! Files that the settings were read from, looked at for changes.

use std::{path::PathBuf, time::Duration};

use tokio::time::sleep;

use crate::file_state::FileState;

/// How often they are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Files, and how they were when they were read.
#[derive(Debug)]
pub(super) struct Watched {
    files: Vec<PathBuf>,
    read: Vec<Option<FileState>>,
}

impl Watched {
    /// These files, which are about to be read.
    pub(super) fn new(files: Vec<PathBuf>) -> Self {
        let read = states(&files);
        Self { files, read }
    }

    /// Waits until one has changed, and then until nothing has changed for a moment: nobody wants half a file, nor a
    /// certificate without its key. Without files it does not end.
    pub(super) async fn changed(&mut self) {
        let mut last = None;
        loop {
            sleep(LOOK).await;
            let now = states(&self.files);
            if now != self.read && last.as_ref() == Some(&now) {
                self.read = now;
                return;
            }
            last = Some(now);
        }
    }
}

fn states(files: &[PathBuf]) -> Vec<Option<FileState>> {
    files.iter().map(|file| FileState::at(file)).collect()
}
