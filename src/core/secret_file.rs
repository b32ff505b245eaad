//! Secrets that are made once and kept in a file for those who start later.

use std::{
    fs::{File, OpenOptions, hard_link, remove_file, rename},
    io::{Error, ErrorKind, Read as _, Result, Write as _},
    path::Path,
};

/// Reads what is kept in the file, or makes it, for its owner's eyes only.
///
/// # Errors
/// The file can be neither read nor made, or is empty; or `make` fails.
pub fn load_or_create(path: &Path, make: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    match load(path)? {
        Some(secret) => Ok(secret),
        None => create(path, make),
    }
}

/// Reads what is kept in the file, if it is there.
///
/// # Errors
/// The file cannot be read, or is empty.
pub fn load(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut secret = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut secret)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if secret.is_empty() {
        Err(Error::other("the file is empty: delete it, if nothing was made with it"))
    } else {
        Ok(Some(secret))
    }
}

/// Gives a file that is finished its name, which nothing has yet. A link is in the place of no other, which somebody
/// may have made meanwhile. Not every file system has them.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`]: something has the name.
pub fn give_name(finished: &Path, path: &Path) -> Result<()> {
    match hard_link(finished, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => rename(finished, path),
        linked => linked,
    }
}

/// Written under another name first, because half a file, left by a start that was killed or by a disk that is full,
/// would be in the way for ever.
fn create(path: &Path, make: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = Path::new(&unfinished);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(unfinished)?;
    let written = make().and_then(|secret| {
        file.write_all(&secret)?;
        file.sync_all()?;
        give_name(unfinished, path)?;
        Ok(secret)
    });
    // What it was for is said already, or done.
    let _ = remove_file(unfinished);
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => load(path)?.ok_or(error),
        written => written,
    }
}
