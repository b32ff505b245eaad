//! Seeds: files that describe organizations, read, checked, and written into a space.
//!
//! A seed goes through three hands: [`read`] turns its text into a [`file::Seed`] that remembers where every value
//! stands; [`plan`] checks it and fills in what was left out; then the plan is written in one transaction. What an
//! organization can have is the services': their sections come together in the registry.

pub mod apply;
pub mod count;
pub mod credential;
pub mod file;
pub mod import;
pub mod keys;
mod lenient;
pub mod own_names;
pub mod places;
pub mod plan;
pub mod read;
pub(crate) mod rows;
pub mod sources;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{core::suggest::suggest, seed::file::SeedFile};

/// The seed that `locum` starts with.
pub const DEMO: &str = include_str!("../../seeds/demo.yaml");
/// One organization, one admin, one licence.
pub const MINIMAL: &str = include_str!("../../seeds/minimal.yaml");

/// Something wrong in a seed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file's name, as it was given.
    pub file: String,
    /// From 1; 0 when the fault has no place.
    pub line: u64,
    /// From 1.
    pub column: u64,
    /// It is not a key here that is wrong, but the object that begins with it: something is missing there.
    pub is_of_object: bool,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// `file:line:column: message`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, .. } = self;
        if *line == 0 { write!(f, "{file}: {message}") } else { write!(f, "{file}:{line}:{column}: {message}") }
    }
}

/// Everything wrong in a seed. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.0.iter().enumerate() {
            write!(f, "{}{diagnostic}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Diagnostics {
    /// File by file in the order of their names here, and each from its top to its bottom.
    #[must_use]
    pub fn in_order_of<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.collect();
        self.0.sort_by_key(|one| (names.iter().position(|name| *name == one.file), one.line, one.column));
        self
    }
}

/// Loads what one `--seed` names: `builtin:demo`, `builtin:minimal`, `none`, `-` (standard input), a file, or a
/// directory, whose `.yaml`, `.yml` and `.json` files are read in lexical order. What cannot be had is among them, and
/// says why.
pub fn load(source: &str) -> Vec<SeedFile> {
    let missing = |why: String| vec![SeedFile::missing(source, why)];
    match Source::of(source) {
        Source::Nothing => Vec::new(),
        Source::StandardInput => vec![read_file("<standard input>", std::io::read_to_string(std::io::stdin()))],
        Source::Builtin("demo") => vec![SeedFile::local(source, DEMO)],
        Source::Builtin("minimal") => vec![SeedFile::local(source, MINIMAL)],
        Source::Builtin(_) => {
            let near = suggest(source, ["builtin:demo", "builtin:minimal"]);
            missing(format!("there is no such built-in seed{near}"))
        }
        Source::Path(path) if path.is_dir() => match find_files(path) {
            Err(error) => missing(format!("cannot be read: {error}")),
            Ok(paths) if paths.is_empty() => missing("the directory holds no .yaml, .yml or .json file".to_owned()),
            Ok(paths) => paths.iter().map(|path| load_file(&path.to_string_lossy())).collect(),
        },
        Source::Path(_) => vec![load_file(source)],
    }
}

/// What one `--seed` names.
enum Source<'a> {
    Nothing,
    StandardInput,
    /// By the name behind `builtin:`.
    Builtin(&'a str),
    /// A file or a directory.
    Path(&'a Path),
}

impl<'a> Source<'a> {
    fn of(source: &'a str) -> Self {
        match source {
            "none" => Self::Nothing,
            "-" => Self::StandardInput,
            _ => source.strip_prefix("builtin:").map_or(Self::Path(Path::new(source)), Self::Builtin),
        }
    }
}

/// The seeds of a directory, in lexical order. A name that begins with a dot is none: editors and archivers leave such
/// files beside those that they write.
fn find_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if ["yaml", "yml", "json"].contains(&extension) && !is_hidden && !path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn load_file(path: &str) -> SeedFile {
    read_file(path, std::fs::read_to_string(path))
}

fn read_file(name: &str, read: std::io::Result<String>) -> SeedFile {
    match read {
        Ok(text) => SeedFile::local(name, text),
        Err(error) => SeedFile::missing(name, format!("cannot be read: {error}")),
    }
}
