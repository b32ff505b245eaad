//! What settings can be.

use clap::ValueEnum;

use crate::domain::journal::Bounds;

/// One setting, as `info` shows it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The flag's name.
    pub name: String,
    /// Its value; secrets are masked.
    pub value: Option<String>,
    /// `flag`, `environment`, `file` or `default`.
    pub origin: &'static str,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// A host name or an IP address, without brackets.
    pub host: String,
    /// 0 for any free one.
    pub port: u16,
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How much of the journal is kept; `None` for nothing. A type of its own, because clap takes an `Option` for a flag
/// that may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal(pub Option<Bounds>);

/// How many bytes of answers are remembered; `None` for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers(pub Option<usize>);

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// Whose certificate is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsMode {
    /// One of an authority that Locum makes.
    Auto,
    /// None: no TLS.
    Off,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}
