//! Secrets that are made once and kept in a file for those who start later.

use std::{
    fs::{File, OpenOptions, remove_file},
    io::{Error, ErrorKind, Read as _, Result, Write as _},
    path::Path,
};

/// Reads what is kept in the file, or makes it, for its owner's eyes only.
///
/// # Errors
/// The file can be neither read nor made, or is empty; or `make` fails.
pub fn load_or_create(path: &Path, make: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            // An empty file would be in the way for ever.
            let secret = make().inspect_err(|_| drop(remove_file(path)))?;
            file.write_all(&secret)?;
            file.sync_all()?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let mut secret = Vec::new();
            File::open(path)?.read_to_end(&mut secret)?;
            if secret.is_empty() { Err(Error::other("the file is empty")) } else { Ok(secret) }
        }
        Err(error) => Err(error),
    }
}
