//! What reports and lists are asked for.

use std::collections::HashMap;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{Days, NaiveDate, NaiveTime};
use utoipa::IntoParams;

use crate::{
    app::App,
    core::error::Error,
    http::extract::Query,
    services::license_vault::{
        LicenseVault,
        api::error::VaultError,
        store::allocation::{AllocationFilter, Rows},
    },
};

/// The query, by name.
pub(crate) struct Parameters(HashMap<String, String>);

impl FromRequestParts<App> for Parameters {
    type Rejection = VaultError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, VaultError> {
        Query::<LicenseVault, _>::from_request_parts(parts, app).await.map(|query| Self(query.0))
    }
}

/// Which rows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct RowsQuery {
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
pub(crate) struct UserQuery {
    /// The user's login name.
    username: Option<String>,
    /// The user's address.
    email: Option<String>,
}

const DEFAULT_LIMIT: i64 = 100;
const DAY_MICROS: i64 = 86_400_000_000;

impl Parameters {
    /// A parameter that an empty text leaves out.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The midnight at which a day begins, in microseconds since 1970.
    pub(crate) fn day(&self, name: &str) -> Result<Option<i64>, Error> {
        let Some(text) = self.given(name) else { return Ok(None) };
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
        let day = day.ok_or_else(|| Error::format(format!("{name} must be a date like 2026-01-15, not `{text}`")))?;
        // A day after must be a day as well.
        day.checked_add_days(Days::new(1)).ok_or_else(|| Error::format(format!("{name} is too late")))?;
        Ok(Some(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
    }

    /// Which rows are asked for.
    ///
    /// unverified: the defaults; `to`; what is refused (license-vault §2.3).
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub(crate) fn rows(&self) -> Result<Rows, Error> {
        let number = |name: &str, least: i64, default: i64| match self.given(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| *number >= least)
                .ok_or_else(|| Error::format(format!("{name} must be a number from {least}, not `{text}`"))),
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
    /// [`Error::Parameter`] when nobody is named.
    pub(crate) fn user(&self) -> Result<AllocationFilter<'_>, Error> {
        match (self.given("username"), self.given("email")) {
            (Some(username), _) => Ok(AllocationFilter::Username(username)),
            (None, Some(email)) => Ok(AllocationFilter::Email(email)),
            (None, None) => Err(Error::format("username or email is needed")),
        }
    }
}
