//! A SQLite file as this process has it: its lock, what it is known by, and who may read it.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{core::error::Error, store::open_error::OpenError};

/// The mode of what only its owner may read and write.
pub(crate) const PRIVATE: u32 = 0o600;
/// What a mode lets everybody else do.
const OTHERS: u32 = 0o077;

/// Ends the names of what SQLite keeps beside a database.
pub(crate) const OF_SQLITE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The files with keys beside a database: the server key, and that of the authority for TLS.
pub(crate) const KEYS: [&str; 2] = [".key", ".ca.key"];

/// A file that no other process opens as long as this lives.
///
/// Opened before SQLite opens it and closed after, because closing any handle of a file takes SQLite's own locks from
/// the process.
pub(crate) struct OpenFile {
    path: PathBuf,
    /// The same where no part is a link: SQLite keeps its own files beside that.
    real_path: PathBuf,
    identity: Identity,
    /// The greatest length that was seen. SQLite's files grow and never shrink, because nothing here vacuums one.
    length: AtomicU64,
    _lock: File,
}

/// A file's device, and its number there.
type Identity = (u64, u64);

fn identify(file: &fs::Metadata) -> Identity {
    (file.dev(), file.ino())
}

impl OpenFile {
    /// Opens a file, or makes it, and locks it. The lock is on the file itself, because one beside it could be deleted,
    /// and another name of the file would have another; SQLite's own locks last as long as a write only, and two
    /// processes that own the data would each trust what they remember of it.
    pub(crate) fn lock(path: &Path, place: &str) -> Result<Self, OpenError> {
        let failed = |source: io::Error| OpenError::Lock { place: place.to_owned(), source };
        // Before it is opened, because that alone does something to some devices.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(OpenError::NoFile { place: place.to_owned() });
        }
        let mut options = OpenOptions::new();
        // SQLite would let everybody read a file that it makes.
        options.read(true).write(true).create(true).truncate(false).mode(PRIVATE);
        let lock = options.open(path).map_err(failed)?;
        let found = lock.metadata().map_err(failed)?;
        let identity = identify(&found);
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = find_holder(identity).map_or_else(String::new, |id| format!(", process {id}"));
                return Err(OpenError::InUse { place: place.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        if found.nlink() > 1 {
            return Err(OpenError::Linked { place: place.to_owned(), names: found.nlink() });
        }
        let real_path = fs::canonicalize(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), real_path, identity, length: AtomicU64::new(found.len()), _lock: lock })
    }

    /// Refuses to go on with a file that is not where it was, because what is written to it would be gone with this
    /// process, and what is read of it may be another one's; and with one that was cut short.
    pub(crate) fn check(&self) -> Result<(), Error> {
        // Before the file is looked at, because another thread may see it grow meanwhile.
        let known = self.length.load(Ordering::Relaxed);
        let path = self.path.display();
        let why = match fs::metadata(&self.path) {
            Ok(found) if identify(&found) != self.identity => DELETED.to_owned(),
            Ok(found) if found.len() < known => {
                format!("the file is damaged: it was cut short, from {known} bytes to {}: {REPAIR}", found.len())
            }
            Ok(found) => {
                self.length.fetch_max(found.len(), Ordering::Relaxed);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => DELETED.to_owned(),
            Err(error) => format!("the file cannot be looked at: {error}"),
        };
        Err(Error::Unavailable(format!("{path}: {why}").into()))
    }

    /// The log, where there is something in it. SQLite keeps it beside the name that is no link.
    pub(crate) fn find_log(&self) -> Option<PathBuf> {
        let log = beside(&self.real_path, "-wal");
        fs::metadata(&log).is_ok_and(|found| found.len() > 0).then_some(log)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes from everybody but their owner what an earlier version or a copy let them read: the file, what SQLite
    /// keeps beside it, and the keys.
    pub(crate) fn make_private(&self) {
        let data = ["", "-wal", "-shm"].map(|ending| beside(&self.real_path, ending));
        let keys = KEYS.map(|ending| beside(&self.path, ending));
        for path in data.into_iter().chain(keys) {
            let Ok(found) = fs::metadata(&path) else { continue };
            if !found.is_file() || found.permissions().mode() & OTHERS == 0 {
                continue;
            }
            let (made, path) = (fs::set_permissions(&path, Permissions::from_mode(PRIVATE)), path.display());
            match made {
                Ok(()) => tracing::info!("{path} was open to others than its owner, and is not any more"),
                Err(error) => tracing::warn!("{path} is open to others than its owner, and stays so: {error}"),
            }
        }
    }
}

const DELETED: &str = "the file was deleted or replaced: put it back, or start anew";
const REPAIR: &str = "put a copy that `locum backup` made in its place, or begin anew in another file";

/// That a log has to stay, and what for.
pub(crate) fn say_keep_log(log: &Path, path: &Path, why: &str) -> Error {
    let (log, path) = (log.display(), path.display());
    let what = format!("the log could not be brought into the file ({why})");
    let way_out = format!("keep {log} beside {path}: only both are all of the data, and the next start brings it in");
    Error::Unavailable(format!("{what}; {way_out}").into())
}

/// A file's neighbour with this at the end of its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// The process that has locked a file, as far as the system tells, which only Linux does.
fn find_holder((device, number): Identity) -> Option<u32> {
    let file = format!("{:02x}:{:02x}:{number}", rustix::fs::major(device), rustix::fs::minor(device));
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [_, "FLOCK", _, "WRITE", holder, locked, ..] if locked == file => holder.parse().ok(),
            _ => None,
        }
    })
}
