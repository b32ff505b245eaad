//! Seeds: files that describe organizations, read, checked, and written into a space.
//!
//! A seed goes through three hands: [`read`] turns its text into a [`file::Seed`] that remembers where every value
//! stands; [`plan`] checks it and fills in what was left out; then the plan is written in one transaction. What an
//! organization can have is the services': their sections come together in the registry.

pub mod apply;
pub mod credential;
pub mod file;
pub mod plan;
pub mod read;

use std::{fmt, io::Read as _, path::Path};

use crate::seed::file::SeedFile;

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
    /// What is wrong, and what would be right.
    pub message: String,
}

/// `file:line:column: message`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message } = self;
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
    fn one(file: &str, message: String) -> Self {
        Self(vec![Diagnostic { file: file.to_owned(), line: 0, column: 0, message }])
    }
}

/// Loads what one `--seed` names: `builtin:demo`, `builtin:minimal`, `none`, `-` (standard input), a file, or a
/// directory, whose `.yaml`, `.yml` and `.json` files are read in lexical order.
///
/// # Errors
/// What is wrong, and where.
pub fn load(source: &str) -> Result<Vec<SeedFile>, Diagnostics> {
    let unreadable = |e: std::io::Error| Diagnostics::one(source, format!("cannot be read: {e}"));
    match source {
        "none" => Ok(Vec::new()),
        "builtin:demo" => Ok(vec![SeedFile::local(source, DEMO)]),
        "builtin:minimal" => Ok(vec![SeedFile::local(source, MINIMAL)]),
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
            Ok(vec![SeedFile::local("<standard input>", text)])
        }
        _ if source.starts_with("builtin:") => Err(Diagnostics::one(
            source,
            "there is no such built-in seed: expected builtin:demo or builtin:minimal".to_owned(),
        )),
        _ if Path::new(source).is_dir() => {
            let mut paths = Vec::new();
            for entry in std::fs::read_dir(source).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
                if ["yaml", "yml", "json"].contains(&extension) {
                    paths.push(path);
                }
            }
            if paths.is_empty() {
                return Err(Diagnostics::one(source, "the directory holds no .yaml, .yml or .json file".to_owned()));
            }
            paths.sort();
            paths.iter().map(|path| load_file(&path.to_string_lossy())).collect()
        }
        _ => Ok(vec![load_file(source)?]),
    }
}

fn load_file(path: &str) -> Result<SeedFile, Diagnostics> {
    let text = std::fs::read_to_string(path).map_err(|e| Diagnostics::one(path, format!("cannot be read: {e}")))?;
    Ok(SeedFile::local(path, text))
}
