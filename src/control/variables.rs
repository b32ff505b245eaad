//! Where a client finds a server, and what it says there: `locum env`, `locum exec`, `--endpoints-file` and
//! `POST /spaces` give the same variables, made here.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    core::token::PlainToken,
    domain::organization::email_key,
    seed::plan::{Organization, Plan},
    services::{
        atlassian,
        jetbrains_account::{
            self,
            domain::role::{Grant, Profile, Role},
        },
        license_vault::{self, domain::vault::TokenKind},
    },
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
    /// The URLs below `base`, and of the plan's credentials the first ones that work and open most. What the plan
    /// lacks is left out.
    pub fn of(base: &str, plan: Option<&Plan>, works: impl Fn(&PlainToken) -> bool) -> Self {
        let organizations = || plan.into_iter().flat_map(|plan| &plan.organizations);
        let given = |token: &PlainToken| token.expose().to_owned();

        let key = organizations().find_map(|o| Some((o, jetbrains_key(o, &works)?)));
        let customer = key.map(|(o, _)| o).or_else(|| organizations().find(|o| o.jetbrains_account.is_some()));
        let mut found = vec![
            ("LOCUM_URL", Some(base.to_owned())),
            ("JETBRAINS_ACCOUNT_URL", Some(format!("{base}{}", jetbrains_account::BASE))),
            ("JETBRAINS_ACCOUNT_CUSTOMER_CODE", customer.map(|o| o.customer_code.to_string())),
            ("JETBRAINS_ACCOUNT_API_KEY", key.map(|(_, token)| given(token))),
        ];

        let with = |kind| organizations().find(|o| vault_token(o, kind, &works).is_some());
        let vault = with(TokenKind::Vault).or_else(|| with(TokenKind::Automation));
        let token = |kind| vault.and_then(|o| vault_token(o, kind, &works)).map(given);
        found.extend([
            ("LICENSE_VAULT_URL", Some(format!("{base}{}", license_vault::BASE))),
            ("LICENSE_VAULT_TOKEN", token(TokenKind::Vault)),
            ("LICENSE_VAULT_AUTOMATION_TOKEN", token(TokenKind::Automation)),
        ]);

        let key = organizations().find_map(|o| Some((o, atlassian_key(o, &works)?)));
        let administered = key.map(|(o, _)| o).or_else(|| organizations().find(|o| o.atlassian.is_some()));
        found.extend([
            ("ATLASSIAN_API_ACCESS_URL", Some(format!("{base}{}", atlassian::BASE))),
            ("ATLASSIAN_ORG_ID", administered.map(|o| o.org_id.clone())),
            ("ATLASSIAN_API_KEY", key.map(|(_, token)| given(token))),
        ]);
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

/// The first working token of the organization's profile, an organization admin's if there is one.
fn jetbrains_key<'a>(o: &'a Organization, works: &impl Fn(&PlainToken) -> bool) -> Option<&'a PlainToken> {
    let account = o.jetbrains_account.as_ref()?;
    let admin = Grant { role: Role::OrganizationAdmin, profile: Profile::Organization };
    let is_admin = |key: String| account.roles.iter().any(|(email, grant)| *grant == admin && email_key(email) == key);
    let tokens = || account.tokens.iter().filter(|t| t.profile == Profile::Organization && works(&t.token));
    let chosen = tokens().find(|t| is_admin(email_key(&t.email))).or_else(|| tokens().next());
    chosen.map(|t| &t.token)
}

/// The first working one of the kind.
fn vault_token<'a>(
    o: &'a Organization,
    kind: TokenKind,
    works: &impl Fn(&PlainToken) -> bool,
) -> Option<&'a PlainToken> {
    let tokens = o.license_vault.as_ref()?.tokens.iter();
    tokens.filter(|new| new.kind == kind).map(|new| &new.token).find(|token| works(token))
}

/// The first working key without scopes, which may do everything; else the first working one.
fn atlassian_key<'a>(o: &'a Organization, works: &impl Fn(&PlainToken) -> bool) -> Option<&'a PlainToken> {
    let keys = &o.atlassian.as_ref()?.api_keys;
    let working = || keys.iter().filter(|new| works(&new.token));
    working().find(|new| new.key.scopes.is_none()).or_else(|| working().next()).map(|new| &new.token)
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
