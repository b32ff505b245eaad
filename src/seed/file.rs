//! What every seed file has, as it stands in the file. Every value keeps its place, so that a diagnostic can name it;
//! what the values mean is read by [`super::read::Reader`]. What an organization may have is the registry's.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// The version of the format.
pub const VERSION: &str = "1";

/// A value as it was written, before variables are filled in.
pub type Scalar = Spanned<String>;

/// The text of one seed file.
#[derive(Debug, Clone)]
pub struct SeedFile {
    /// The name that diagnostics use.
    pub name: String,
    /// `${VAR}` is filled in. Not in documents that come over the network, because it would read the server's
    /// environment.
    pub fills_variables: bool,
    /// Why there is none, where it cannot be had.
    pub text: Result<String, String>,
}

impl SeedFile {
    /// A file that the server's owner gave.
    pub fn local(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), fills_variables: true, text: Ok(text.into()) }
    }

    /// A file that cannot be had.
    pub fn missing(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), fills_variables: true, text: Err(why.into()) }
    }

    /// A document that came over the network.
    pub fn foreign(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), fills_variables: false, text: Ok(text.into()) }
    }
}

/// One seed file and what it says.
#[derive(Debug)]
pub struct Seed<O> {
    pub file: SeedFile,
    pub document: Document<O>,
}

/// A seed: the organizations a space starts with. Dates are absolute (`2026-01-15T09:00:00Z`, `2026-01-15`) or
/// relative to the space's clock (`-40d`, `+1y`; units ms s m h d w y). `${VAR}` and `${VAR:-default}` are filled
/// in from the environment, `$${` stands for `${`. Ids and tokens that are left out come from the id seed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "O: Deserialize<'de>"))]
#[schemars(title = "Locum seed", rename = "Document")]
pub struct Document<O> {
    /// The version of this format: 1.
    #[schemars(with = "u8", range(min = 1, max = 1))]
    pub version: Scalar,
    /// Freezes the clock at this date.
    #[schemars(with = "Option<String>")]
    pub clock: Option<Scalar>,
    /// The tenants.
    #[serde(default)]
    pub organizations: Vec<O>,
}
