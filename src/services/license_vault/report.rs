//! What reports and lists are asked for.

use std::collections::HashMap;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{Days, NaiveDate, NaiveTime};
use utoipa::IntoParams;

use super::{LicenseVault, error::Error};
use crate::{
    app::App,
    core::fault::Fault,
    http::extract::Query,
    store::allocation::{Rows, Whose},
};

/// The query, by name.
pub struct Parameters(HashMap<String, String>);

impl FromRequestParts<App> for Parameters {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        Query::<LicenseVault, _>::from_request_parts(parts, app).await.map(|query| Self(query.0))
    }
}

/// Which rows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct RowsQuery {
    /// The first day, `YYYY-MM-DD`, in UTC. Default: from the beginning.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day. Default: to the end.
    #[param(format = Date)]
    to: Option<String>,
    /// How many rows are left out. Default 0.
    #[param(minimum = 0)]
    offset: Option<i64>,
    /// How many rows are asked for, as many as you like. Default 100.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// Whose licences.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct UserQuery {
    /// The user's login name.
    username: Option<String>,
    /// The user's address.
    email: Option<String>,
}

const DEFAULT_LIMIT: i64 = 100;
const DAY_MICROS: i64 = 86_400_000_000;

impl Parameters {
    /// A parameter that an empty text leaves out.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The midnight at which a day begins, in microseconds since 1970.
    pub fn day(&self, name: &str) -> Result<Option<i64>, Fault> {
        let Some(text) = self.given(name) else { return Ok(None) };
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
        let day = day.ok_or_else(|| Fault::format(format!("{name} must be a date like 2026-01-15, not `{text}`")))?;
        // A day after must be a day as well.
        day.checked_add_days(Days::new(1)).ok_or_else(|| Fault::format(format!("{name} is too late")))?;
        Ok(Some(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
    }

    /// Which rows are asked for.
    ///
    /// unverified: the defaults; `to`; what is refused (license-vault §2.3).
    ///
    /// # Errors
    /// [`Fault::Parameter`].
    pub fn rows(&self) -> Result<Rows, Fault> {
        let number = |name: &str, least: i64, default: i64| match self.given(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| *number >= least)
                .ok_or_else(|| Fault::format(format!("{name} must be a number from {least}, not `{text}`"))),
        };
        Ok(Rows {
            from: self.day("from")?.unwrap_or(i64::MIN),
            to: self.day("to")?.map_or(i64::MAX, |day| day + DAY_MICROS - 1),
            offset: number("offset", 0, 0)?,
            limit: number("limit", 1, DEFAULT_LIMIT)?,
        })
    }

    /// Whose licences are asked for.
    ///
    /// # Errors
    /// [`Fault::Parameter`] when nobody is named.
    pub fn user(&self) -> Result<Whose<'_>, Fault> {
        match (self.given("username"), self.given("email")) {
            (Some(username), _) => Ok(Whose::Username(username)),
            (None, Some(email)) => Ok(Whose::Email(email)),
            (None, None) => Err(Fault::format("username or email is needed")),
        }
    }
}
