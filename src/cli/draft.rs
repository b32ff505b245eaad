//! Files that are written whole: beside their place, and then put into it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::core::ids::random_bytes;

/// A name beside a file. No two processes take the same, also where two containers share the directory and have one
/// pid.
pub(super) fn name_draft(file: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", hex::encode(random_bytes::<8>())));
    file.with_file_name(name)
}
