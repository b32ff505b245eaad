//! Where a client finds a server, and what it says there: `locum env`, `locum exec`, `--endpoints-file` and
//! `POST /spaces` give the same variables, made here.

use std::borrow::Cow;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    control::spaces::BaseUrl,
    core::{error::Error, text::quote_for_shell, token::PlainToken},
    http::{
        control_input::{Answer, InSpace, Params, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::{
        seeding::Plan,
        variables::{self, Variable},
    },
    store,
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
pub struct Endpoints(Vec<(Cow<'static, str>, String)>);

impl Endpoints {
    /// The URLs below `base`, and of the credentials of the plan of a space those that work. What it lacks is left out.
    pub fn new(base: &str, space: &str, plan: Option<&Plan>, works: &dyn Fn(&PlainToken) -> bool) -> Self {
        Self::of(base, space, variables::list(base, plan, works))
    }

    fn of(base: &str, space: &str, further: Vec<Variable>) -> Self {
        let own = [("LOCUM_URL", base), ("LOCUM_SPACE", space)].map(|(name, value)| (name.into(), value.to_owned()));
        let further = further.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self(own.into_iter().chain(further).collect())
    }

    /// What both agree on; beside it the names of the rest.
    pub fn shared_with(self, other: &Self) -> (Self, Vec<Cow<'static, str>>) {
        let (shared, rest): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|pair| other.0.contains(pair));
        (Self(shared), rest.into_iter().map(|(name, _)| name).collect())
    }

    /// With further variables, behind the base URL.
    pub fn with(mut self, further: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let at = self.0.len().min(1);
        self.0.splice(at..at, further.into_iter().map(|(name, value)| (name.into(), value)));
        self
    }

    /// Names and values, for a process's environment.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
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
                Format::Shell => lines.push(format!("export {name}={}\n", quote_for_shell(value))),
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

/// How the variables of a space are written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct VariablesParams {
    /// As text: `shell` for `eval "$(…)"`, `github` for `… >> "$GITHUB_ENV"`. Left out, or `json`: one object.
    #[param(inline)]
    format: Option<Format>,
}

/// An answer in a text, which nobody keeps.
pub(super) fn answer_text(text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}

/// Base URLs and codes, as `locum env` names them, of what is in the space now. No secrets, so of credentials nothing.
#[utoipa::path(get, path = "/variables", operation_id = "getVariables", tag = "Spaces",
    security((), ("controlToken" = [])),
    params(SpaceQuery, VariablesParams),
    responses(
        (status = 200, description = "The variables", content(
            (std::collections::BTreeMap<String, String> = "application/json"),
            (String = "text/plain", example = "export LOCUM_URL='http://localhost:8080'\n"),
        )),
        Refused,
    ))]
pub(super) async fn get_variables(
    State(app): State<App>,
    BaseUrl(base): BaseUrl,
    InSpace(space): InSpace,
    Params(params): Params<VariablesParams>,
) -> Result<Response, Problem> {
    let mut db = app.db.read().await?;
    let organizations = store::organization::list(&mut db, space.id).await?;
    let credentials = store::credential::list(&mut db, space.id).await?;
    let known = variables::list_known(&base, &organizations, &credentials);
    let variables = Endpoints::of(&base, &space.name, known);
    match params.format {
        None | Some(Format::Json) => Ok(Answer(variables).into_response()),
        Some(format) => Ok(answer_text(variables.text(format).map_err(Error::internal)?)),
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
        let endpoints = Endpoints(vec![("A".into(), "it's $HOME `x` \\".to_owned()), ("B".into(), "2".to_owned())]);
        assert_eq!(endpoints.text(Format::Shell).unwrap(), "export A='it'\\''s $HOME `x` \\'\nexport B='2'\n");
        assert_eq!(endpoints.text(Format::Github).unwrap(), "A=it's $HOME `x` \\\nB=2\n");
        let json = endpoints.text(Format::Json).unwrap();
        assert_eq!(json, "{\n  \"A\": \"it's $HOME `x` \\\\\",\n  \"B\": \"2\"\n}\n");
        let broken = Endpoints(vec![("A".into(), "1\nPATH=/evil".to_owned())]);
        assert!(broken.text(Format::Github).is_err());
        assert_eq!(broken.text(Format::Shell).unwrap(), "export A='1\nPATH=/evil'\n");
    }
}
