//! Query parameters of the reports and lists. An empty one counts as left out.

use chrono::{Days, NaiveDate, NaiveTime};
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use crate::services::license_vault::{
    api::error::VaultError,
    domain::allocation::{AllocationFilter, PageRequest},
};

/// The rows that are asked for: a range of days, and a range of row numbers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The first day, `YYYY-MM-DD`, in UTC. Default: from the beginning.
    #[serde(default, deserialize_with = "non_empty")]
    #[param(format = Date)]
    from: Option<String>,
    /// The last day. Default: to the end.
    #[serde(default, deserialize_with = "non_empty")]
    #[param(format = Date)]
    to: Option<String>,
    /// How many rows are left out. Default 0.
    #[serde(default, deserialize_with = "non_empty")]
    #[param(value_type = Option<i64>, minimum = 0)]
    offset: Option<String>,
    /// How many rows are asked for, as many as you like. Default 100.
    #[serde(default, deserialize_with = "non_empty")]
    #[param(value_type = Option<i64>, minimum = 1)]
    limit: Option<String>,
}

/// The user whose licences are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// The user's login name.
    #[serde(default, deserialize_with = "non_empty")]
    username: Option<String>,
    /// The user's address.
    #[param(example = "bob@example.test")]
    #[serde(default, deserialize_with = "non_empty")]
    email: Option<String>,
}

const DEFAULT_LIMIT: i64 = 100;
const DAY_MICROS: i64 = 86_400_000_000;

/// Reads a parameter that counts as left out when it is empty.
pub(crate) fn non_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// Parses the first and the last day of a range, each a parameter's name and its text, into the range's first and last
/// microsecond since 1970. Where a day is left out, the range is open.
pub(crate) fn parse_days(
    (from_name, from): (&str, Option<&str>),
    (to_name, to): (&str, Option<&str>),
) -> Result<(i64, i64), VaultError> {
    let from = from.map(|text| parse_day(from_name, text)).transpose()?;
    let to = to.map(|text| parse_day(to_name, text)).transpose()?;
    Ok((from.unwrap_or(i64::MIN), to.map_or(i64::MAX, |day| day + DAY_MICROS - 1)))
}

/// Parses a day into the midnight at which it begins, in microseconds since 1970.
fn parse_day(name: &str, text: &str) -> Result<i64, VaultError> {
    let invalid = VaultError::InvalidParameter;
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let day = day.ok_or_else(|| invalid(format!("{name} must be a date like 2026-01-15, not `{text}`")))?;
    // The day ends where the next one begins, so that one must exist too.
    day.checked_add_days(Days::new(1)).ok_or_else(|| invalid(format!("{name} is too late")))?;
    Ok(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

fn parse_number(name: &str, text: Option<&str>, minimum: i64, default: i64) -> Result<i64, VaultError> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number >= minimum);
    number.ok_or_else(|| VaultError::InvalidParameter(format!("{name} must be a number from {minimum}, not `{text}`")))
}

impl PageQuery {
    /// unverified: the defaults; `to`; what is refused (license-vault §2.3).
    pub(crate) fn read(&self) -> Result<PageRequest, VaultError> {
        let (from, to) = parse_days(("from", self.from.as_deref()), ("to", self.to.as_deref()))?;
        Ok(PageRequest {
            from,
            to,
            offset: parse_number("offset", self.offset.as_deref(), 0, 0)?,
            limit: parse_number("limit", self.limit.as_deref(), 1, DEFAULT_LIMIT)?,
        })
    }
}

impl UserQuery {
    /// An error when no user is named.
    pub(crate) fn read(&self) -> Result<AllocationFilter<'_>, VaultError> {
        match (&self.username, &self.email) {
            (Some(username), _) => Ok(AllocationFilter::Username(username)),
            (None, Some(email)) => Ok(AllocationFilter::Email(email)),
            (None, None) => Err(VaultError::InvalidParameter("username or email is needed".to_owned())),
        }
    }
}
