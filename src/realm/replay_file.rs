//! The replay cache on disk: what was presented before a restart is refused after it.
//!
//! Each first use is one record at the end of the file, written before its client is let in. Records are not flushed:
//! they survive the process, and after a crash of the whole system, which shows by its boot id, or where the last
//! record is not whole, what was made before the start is refused. The file is written anew, beside the old one and
//! then in its place, at the start and when most of it has ended.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rustix::fs::{FlockOperation, OFlags, flock};
use tpg::{
    replay::{Memory, NotFresh, Tag, Use},
    utc::Utc,
};
use tracing::error;

/// How a file begins, with the version of its form.
const MAGIC: [u8; 16] = *b"ticketgate rc 1\n";
/// Octets of the system's boot id.
const BOOT_ID: usize = 36;
/// Octets before the first record: what it is, which boot, since when it remembers all (seconds).
const HEADER: usize = MAGIC.len() + BOOT_ID + 8;
/// Octets of a record: the tag, and until when it counts (seconds).
const RECORD: usize = 16 + 8;
/// Microseconds from a write that failed to the next: to write all anew takes time that others need.
const RETRY: u64 = 1_000_000;
/// Records in a file before it is worth writing anew.
const SLACK: usize = 64 * 1024;

/// Why the file cannot be used. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayFileError {
    /// It is another kind of file.
    #[error(
        "{path} is not a replay cache of this program; name another --replay-file (<replayFile>), or remove it"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process uses it.
    #[error(
        "the replay cache {path} is in use by another process; give each gateway its own --replay-file (<replayFile>)"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot use the replay cache {path}: {source}; its directory must be the gateway's user's own")]
    System {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A replay cache that outlives the process.
#[derive(Debug)]
pub struct ReplayFile {
    path: PathBuf,
    memory: Memory,
    /// Since when all uses are remembered.
    since: Utc,
    file: Mutex<Appended>,
    /// Held for as long as the process uses the file, whose own place is taken by new ones.
    _lock: File,
}

#[derive(Debug)]
struct Appended {
    /// `None` after a write that failed: its end may not be whole.
    file: Option<File>,
    records: usize,
    /// When the last write failed, until one succeeds.
    failed: Option<Utc>,
}

impl ReplayFile {
    /// Opens or makes the file, and remembers what is in it. A file that is new remembers all since `now`.
    ///
    /// # Errors
    ///
    /// Any [`ReplayFileError`].
    pub fn open(path: &Path, capacity: usize, now: Utc) -> Result<Self, ReplayFileError> {
        let failed = |source| ReplayFileError::System { path: path.to_owned(), source };
        let lock = options().open(beside(path, ".lock")).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| ReplayFileError::InUse { path: path.to_owned() })?;
        let boot = boot_id();
        let octets = match read(path) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let since = match since(&octets, boot.as_ref()) {
            _ if octets.is_empty() => now,
            None => return Err(ReplayFileError::Foreign { path: path.to_owned() }),
            Some(since) => since.unwrap_or(now),
        };
        let memory = Memory::new(capacity, since);
        for record in octets.get(HEADER..).unwrap_or_default().chunks_exact(RECORD) {
            if let Some((tag, until)) = record.split_first_chunk()
                && let Ok(until) = until.try_into().map(i64::from_be_bytes)
            {
                memory.restore(Tag::from(*tag), until, now);
            }
        }
        let (file, records) = write_anew(path, &memory, since, boot, now).map_err(failed)?;
        let file = Mutex::new(Appended { file: Some(file), records, failed: None });
        Ok(Self { path: path.to_owned(), memory, since, file, _lock: lock })
    }

    /// Remembers `this`, here and on disk, if it is the first of its tag.
    ///
    /// # Errors
    ///
    /// Those of [`Memory::first`], and [`NotFresh::Unavailable`] if it cannot be written.
    pub fn first(&self, this: Use, now: Utc) -> Result<(), NotFresh> {
        let mut appended = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if appended.failed.is_some_and(|failed| now.since(failed).unsigned_abs() < RETRY) {
            return Err(NotFresh::Unavailable);
        }
        if appended.file.is_none() || appended.records > SLACK + 2 * self.memory.len() {
            match write_anew(&self.path, &self.memory, self.since, boot_id(), now) {
                Ok((file, records)) => *appended = Appended { file: Some(file), records, failed: None },
                Err(error) => return Err(self.unavailable(&mut appended, &error, now)),
            }
        }
        self.memory.first(this, now)?;
        let record = record(this.tag, this.until);
        let written = appended.file.as_mut().map_or(Ok(()), |file| file.write_all(&record));
        appended.records += 1;
        written.map_err(|error| self.unavailable(&mut appended, &error, now))
    }

    fn unavailable(&self, appended: &mut Appended, error: &io::Error, now: Utc) -> NotFresh {
        (appended.file, appended.failed) = (None, Some(now));
        error!(
            file = %self.path.display(),
            "Nobody is let in: the replay cache cannot be written: {error}; make room, or name another --replay-file (<replayFile>)"
        );
        NotFresh::Unavailable
    }
}

/// The octets of the file; of one of another kind, however long, those at its beginning.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut octets = Vec::new();
    (&file).take(u64::try_from(HEADER).unwrap_or(u64::MAX)).read_to_end(&mut octets)?;
    if octets.starts_with(&MAGIC) {
        file.read_to_end(&mut octets)?;
    }
    Ok(octets)
}

/// Since when the file with these octets remembers all; the inner `None` if it may have lost some; the outer if it is
/// no such file.
#[expect(clippy::option_option, reason = "a file of another kind is not one that lost something")]
fn since(octets: &[u8], boot: Option<&[u8; BOOT_ID]>) -> Option<Option<Utc>> {
    let (magic, rest) = octets.split_first_chunk::<16>()?;
    let (written_at, rest) = rest.split_first_chunk::<BOOT_ID>()?;
    let (seconds, records) = rest.split_first_chunk::<8>()?;
    if *magic != MAGIC {
        return None;
    }
    let whole = boot == Some(written_at) && records.len().is_multiple_of(RECORD);
    Some(whole.then(|| Utc::new(i64::from_be_bytes(*seconds), 0)))
}

/// Writes what is alive into a new file and puts it in the old one's place; it is open for more.
fn write_anew(
    path: &Path,
    memory: &Memory,
    since: Utc,
    boot: Option<[u8; BOOT_ID]>,
    now: Utc,
) -> io::Result<(File, usize)> {
    let alive = memory.alive(now);
    let mut octets = Vec::with_capacity(HEADER + alive.len() * RECORD);
    octets.extend_from_slice(&MAGIC);
    octets.extend_from_slice(&boot.unwrap_or([0; BOOT_ID]));
    octets.extend_from_slice(&since.seconds().to_be_bytes());
    for (tag, until) in &alive {
        octets.extend_from_slice(&record(*tag, *until));
    }
    let fresh = beside(path, ".new");
    let mut file = options().truncate(true).open(&fresh)?;
    file.write_all(&octets)?;
    fs::rename(&fresh, path)?;
    Ok((file, alive.len()))
}

fn record(tag: Tag, until: i64) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let octets = tag.octets().iter().copied().chain(until.to_be_bytes());
    record.iter_mut().zip(octets).for_each(|(into, octet)| *into = octet);
    record
}

/// A file for this user alone, and none that a link leads to.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What names this boot of the system. Where nothing does, it may have crashed since.
fn boot_id() -> Option<[u8; BOOT_ID]> {
    fs::read("/proc/sys/kernel/random/boot_id").ok()?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Utc = Utc::new(1_000_000, 0);

    /// A directory of its own that goes at the end.
    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("ticketgate-replay-{}-{name}", std::process::id()));
            fs::create_dir_all(&dir).unwrap();
            Self(dir)
        }

        fn file(&self) -> PathBuf {
            self.0.join("replay")
        }

        fn open(&self, now: Utc) -> Result<ReplayFile, ReplayFileError> {
            ReplayFile::open(&self.file(), 1000, now)
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn a_use(number: u8) -> Use {
        Use { tag: Tag::from([number; 16]), made: START, until: START.seconds() + 300 }
    }

    #[test]
    fn a_use_before_a_restart_is_refused_after_it_and_a_new_one_is_not() {
        let dir = Dir::new("restart");
        let cache = dir.open(START).unwrap();
        assert_eq!(cache.first(a_use(1), START), Ok(()));
        drop(cache);
        let cache = dir.open(START.plus(5)).unwrap();
        assert_eq!(cache.first(a_use(1), START.plus(5)), Err(NotFresh::Seen));
        assert_eq!(
            cache.first(a_use(2), START.plus(5)),
            Ok(()),
            "though it was made before the second start"
        );
    }

    #[test]
    fn a_new_file_refuses_what_was_made_before_it() {
        let dir = Dir::new("new");
        let cache = dir.open(START.plus(1)).unwrap();
        assert_eq!(cache.first(a_use(1), START.plus(1)), Err(NotFresh::BeforeStart));
    }

    #[test]
    fn a_file_that_lost_its_end_or_the_systems_last_writes_refuses_what_predates_the_start() {
        for damage in ["end", "boot"] {
            let dir = Dir::new(damage);
            dir.open(START).unwrap().first(a_use(1), START).unwrap();
            let mut octets = fs::read(dir.file()).unwrap();
            match damage {
                "end" => octets.truncate(octets.len() - 1),
                _ => octets[MAGIC.len()] ^= 1,
            }
            fs::write(dir.file(), octets).unwrap();
            let cache = dir.open(START.plus(5)).unwrap();
            assert_eq!(cache.first(a_use(2), START.plus(5)), Err(NotFresh::BeforeStart), "{damage}");
        }
    }

    #[test]
    fn where_no_boot_has_a_name_what_predates_the_start_is_refused() {
        let octets = [&MAGIC[..], &[0; BOOT_ID], &START.seconds().to_be_bytes()].concat();
        assert_eq!(since(&octets, None), Some(None));
        assert_eq!(since(&octets, Some(&[0; BOOT_ID])), Some(Some(START)));
    }

    #[test]
    fn a_second_process_is_refused() {
        let dir = Dir::new("second");
        let _first = dir.open(START).unwrap();
        assert!(matches!(dir.open(START), Err(ReplayFileError::InUse { .. })));
    }

    #[test]
    fn a_file_of_another_kind_is_left_alone() {
        let dir = Dir::new("foreign");
        fs::write(dir.file(), "something that somebody needs, and longer than a header of ours is").unwrap();
        assert!(matches!(dir.open(START), Err(ReplayFileError::Foreign { .. })));
        assert!(fs::read_to_string(dir.file()).unwrap().starts_with("something"));
    }

    #[test]
    fn what_has_ended_leaves_the_file() {
        let dir = Dir::new("ended");
        let cache = dir.open(START).unwrap();
        for number in 0..100 {
            cache.first(a_use(number), START).unwrap();
        }
        drop(cache);
        let before = fs::metadata(dir.file()).unwrap().len();
        drop(dir.open(START.plus(301)).unwrap());
        let after = fs::metadata(dir.file()).unwrap().len();
        assert_eq!((before - after, after), (100 * 24, 60));
    }

    #[test]
    fn where_nothing_can_be_written_nobody_is_let_in() {
        let dir = Dir::new("unwritable");
        let cache = dir.open(START).unwrap();
        cache.file.lock().unwrap().file = Some(File::open(dir.file()).unwrap());
        assert_eq!(cache.first(a_use(1), START), Err(NotFresh::Unavailable));
        assert_eq!(
            cache.first(a_use(2), START),
            Err(NotFresh::Unavailable),
            "it is not tried with every request"
        );
        assert_eq!(cache.first(a_use(2), START.plus(1)), Ok(()), "but written anew a second later");
        drop(cache);
        assert_eq!(dir.open(START).unwrap().first(a_use(1), START), Err(NotFresh::Seen));
    }

    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = Dir::new("mode");
        let _cache = dir.open(START).unwrap();
        assert_eq!(fs::metadata(dir.file()).unwrap().mode() & 0o777, 0o600);
    }
}
