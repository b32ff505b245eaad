//! What a Locum was told to start with, so that it can be read again.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Source, file::SeedFile, find_files, load};

/// What seeds are read from.
#[derive(Debug, Clone)]
pub struct SeedSources {
    /// As `--seed` names them.
    pub named: Vec<String>,
    /// A text that comes after them.
    pub inline: Option<String>,
}

/// How the files looked: who writes one changes that. A file that cannot be looked at is nothing.
pub type Look = Vec<(PathBuf, Option<(SystemTime, u64, u64)>)>;

impl SeedSources {
    /// The texts, as they are now.
    pub fn load(&self) -> Vec<SeedFile> {
        let mut files: Vec<SeedFile> = self.named.iter().flat_map(|source| load(source)).collect();
        files.extend(self.inline.as_ref().map(|text| SeedFile::local("LOCUM_SEED_INLINE", text)));
        files
    }

    /// Whether one of them is read once and is gone.
    pub fn has_standard_input(&self) -> bool {
        self.named.iter().any(|source| matches!(Source::of(source), Source::StandardInput))
    }

    /// Whether there is a file among them, that somebody could change.
    pub fn has_files(&self) -> bool {
        self.files().next().is_some()
    }

    /// How the files look now. Asked again and again, because on what is mounted into a container nobody is told of
    /// changes.
    pub fn look(&self) -> Look {
        let mut paths = Vec::new();
        for path in self.files() {
            paths.extend(find_files(path).unwrap_or_default());
            paths.push(path.to_owned());
        }
        let look = |path: PathBuf| {
            let found = fs::metadata(&path).ok().filter(fs::Metadata::is_file);
            let found = found.and_then(|found| Some((found.modified().ok()?, found.len(), found.ino())));
            (path, found)
        };
        paths.into_iter().map(look).collect()
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        self.named.iter().filter_map(|source| match Source::of(source) {
            Source::Path(path) => Some(path),
            Source::Nothing | Source::StandardInput | Source::Builtin(_) => None,
        })
    }
}
