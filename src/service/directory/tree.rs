//! Opens files below a directory, and nothing else: the kernel keeps each look-up below it while it walks, so no link
//! that is changed in between leads out.
//!
//! What the kernel has at hand is opened and read on the spot. All else is left to a thread that may wait for the disk.

use std::{
    fs::{File, Metadata},
    io::{self, IoSliceMut},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use rustix::{
    fd::OwnedFd,
    fs::{CWD, Mode, OFlags, ResolveFlags, openat2},
    io::{Errno, ReadWriteFlags, preadv2},
};
use tokio::task::spawn_blocking;

/// How often a look-up is made again that was disturbed.
const TRIES: u32 = 16;

/// Which symbolic links are followed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SymbolicLinks {
    /// Those whose target is relative and below the directory.
    #[default]
    Restricted,
    /// All.
    Unrestricted,
}

/// A directory whose files are read.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: PathBuf,
    resolve: ResolveFlags,
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// A file, open to be read.
    File(Opened),
    /// A folder. It is open to be listed, unless its names may not be read.
    Folder(Option<OwnedFd>),
}

/// An open file, and what it was when it was opened.
#[derive(Debug)]
pub(super) struct Opened {
    /// To be read.
    pub(super) file: Arc<File>,
    /// Octets.
    pub(super) length: u64,
    /// When its octets changed last, as far as is said, in seconds since 1970.
    pub(super) modified: u64,
    /// Its strong entity tag.
    pub(super) tag: String,
}

/// How long a look-up may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Patience {
    /// No longer than the kernel needs without the disk; else [`Errno::AGAIN`].
    AtHand,
    /// As long as the disk needs.
    Waits,
}

impl Tree {
    /// The directory at this path, which is looked up anew for each file: a link that is changed to another release
    /// shows at once.
    ///
    /// # Errors
    ///
    /// If it is no directory, or the system cannot keep look-ups below it.
    pub(super) fn open(root: &Path, links: SymbolicLinks) -> io::Result<Self> {
        let resolve = ResolveFlags::NO_MAGICLINKS
            | match links {
                SymbolicLinks::Restricted => ResolveFlags::BENEATH,
                SymbolicLinks::Unrestricted => ResolveFlags::empty(),
            };
        let tree = Self { root: std::path::absolute(root)?, resolve };
        tree.look(Path::new(""), Patience::Waits)?;
        Ok(tree)
    }

    /// Where it is.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Opens what is at `place`, a relative path of names alone.
    pub(super) async fn find(self: &Arc<Self>, place: &Path) -> io::Result<Found> {
        match self.look(place, Patience::AtHand) {
            // Kernels before 5.12 do not know the question, and file systems may not have an answer.
            Err(Errno::AGAIN | Errno::INVAL | Errno::OPNOTSUPP) => {}
            found => return Ok(found?),
        }
        let (tree, place) = (Arc::clone(self), place.to_owned());
        let look = move || {
            // Folders that are moved during a look-up leave open whether it stayed below. Then it is made again.
            let mut found = tree.look(&place, Patience::Waits);
            for _ in 0..TRIES {
                if !matches!(found, Err(Errno::AGAIN)) {
                    break;
                }
                found = tree.look(&place, Patience::Waits);
            }
            found
        };
        Ok(spawn_blocking(look).await??)
    }

    /// As [`Self::find`], on this thread.
    pub(super) fn look(&self, place: &Path, patience: Patience) -> Result<Found, Errno> {
        let cached = match patience {
            Patience::AtHand => ResolveFlags::CACHED,
            Patience::Waits => ResolveFlags::empty(),
        };
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat2(CWD, &self.root, folder, Mode::empty(), cached)?;
        let place = if place == Path::new("") { Path::new(".") } else { place };
        // A pipe is not waited for, and a terminal does not become the gateway's.
        let read = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match openat2(&root, place, read, Mode::empty(), self.resolve | cached) {
            Ok(file) => found(File::from(file)),
            // A folder may let pass whom it does not show its names.
            Err(Errno::ACCESS) => match openat2(&root, place, folder, Mode::empty(), self.resolve | cached) {
                Ok(_) => Ok(Found::Folder(None)),
                Err(Errno::AGAIN) => Err(Errno::AGAIN),
                Err(_) => Err(Errno::ACCESS),
            },
            Err(error) => Err(error),
        }
    }
}

fn found(file: File) -> Result<Found, Errno> {
    let metadata = file.metadata().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    if metadata.is_dir() {
        Ok(Found::Folder(Some(file.into())))
    } else if metadata.is_file() {
        let (length, modified) = (metadata.len(), u64::try_from(metadata.mtime()).unwrap_or_default());
        Ok(Found::File(Opened { tag: tag(&metadata), file: Arc::new(file), length, modified }))
    } else {
        Err(Errno::NOENT)
    }
}

/// An entity tag that another state of the file does not have. When it was put there counts too, which nobody can set:
/// releases that are built reproducibly give all their files one time, and often two of them one length.
fn tag(metadata: &Metadata) -> String {
    format!(
        "\"{:x}-{:x}.{:x}-{:x}.{:x}\"",
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    )
}

/// Reads `length` octets from `offset` if the kernel has them at hand, or nothing.
pub(super) fn read_at_hand(file: &File, offset: u64, length: usize) -> Option<Bytes> {
    let mut octets = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let (_, rest) = octets.split_at_mut_checked(filled)?;
        let from = offset.checked_add(u64::try_from(filled).ok()?)?;
        match preadv2(file, &mut [IoSliceMut::new(rest)], from, ReadWriteFlags::NOWAIT) {
            Ok(0) | Err(_) => return None,
            Ok(read) => filled = filled.checked_add(read)?,
        }
    }
    Some(octets.into())
}

/// Reads `length` octets from `offset`, however long the disk takes.
///
/// # Errors
///
/// What the system says; [`io::ErrorKind::UnexpectedEof`] if the file ends before.
pub(super) fn read(file: &File, offset: u64, length: usize) -> io::Result<Bytes> {
    let mut octets = vec![0; length];
    file.read_exact_at(&mut octets, offset)?;
    Ok(octets.into())
}
