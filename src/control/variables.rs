//! Where a client finds a server, and what it says there: `locum env`, `locum exec`, `--endpoints-file` and
//! `POST /spaces` give the same variables, made here.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    core::token::PlainToken,
    services::seeding::{self, Plan},
};

/// How they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For `eval "$(…)"`.
    Shell,
    /// For `… >> "$GITHUB_ENV"`.
    Github,
    /// One object.
    Json,
}

/// Base URLs and credentials, as variables: names and values, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<(&'static str, String)>);

impl Endpoints {
    /// The URLs below `base`, and of the plan's credentials those that work. What the plan lacks is left out.
    pub fn new(base: &str, plan: Option<&Plan>, works: &dyn Fn(&PlainToken) -> bool) -> Self {
        let mut found = vec![("LOCUM_URL", Some(base.to_owned()))];
        found.extend(seeding::variables(base, plan, works));
        Self(found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// What both agree on; beside it the names of the rest.
    pub fn shared_with(self, other: &Self) -> (Self, Vec<&'static str>) {
        let (shared, rest): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|pair| other.0.contains(pair));
        (Self(shared), rest.into_iter().map(|(name, _)| name).collect())
    }

    /// With further variables, behind the base URL.
    pub fn with(mut self, further: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let at = self.0.len().min(1);
        self.0.splice(at..at, further);
        self
    }

    /// Names and values, for a process's environment.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// As `locum env` prints them.
    ///
    /// # Errors
    /// What cannot be written in this format, and why.
    pub fn text(&self, format: Format) -> Result<String, String> {
        let mut lines = Vec::new();
        for (name, value) in self.variables() {
            match format {
                Format::Json => return json(self),
                // Between single quotes nothing means anything but a single quote.
                Format::Shell => lines.push(format!("export {name}='{}'\n", value.replace('\'', r"'\''"))),
                Format::Github if value.contains(['\n', '\r']) => {
                    return Err(format!("{name} holds a line break, which the format github cannot say"));
                }
                Format::Github => lines.push(format!("{name}={value}\n")),
            }
        }
        Ok(lines.concat())
    }
}

/// One object, in order.
impl Serialize for Endpoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.variables())
    }
}

/// As a person reads it.
pub fn json(value: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|e| format!("cannot write JSON: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let endpoints = Endpoints(vec![("A", "it's $HOME `x` \\".to_owned()), ("B", "2".to_owned())]);
        assert_eq!(endpoints.text(Format::Shell).unwrap(), "export A='it'\\''s $HOME `x` \\'\nexport B='2'\n");
        assert_eq!(endpoints.text(Format::Github).unwrap(), "A=it's $HOME `x` \\\nB=2\n");
        let json = endpoints.text(Format::Json).unwrap();
        assert_eq!(json, "{\n  \"A\": \"it's $HOME `x` \\\\\",\n  \"B\": \"2\"\n}\n");
        let broken = Endpoints(vec![("A", "1\nPATH=/evil".to_owned())]);
        assert!(broken.text(Format::Github).is_err());
        assert_eq!(broken.text(Format::Shell).unwrap(), "export A='1\nPATH=/evil'\n");
    }
}
