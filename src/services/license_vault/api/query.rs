//! Query parameters of the reports and lists.

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::services::license_vault::{
    api::error::VaultError,
    domain::allocation::{PageRequest, UserName},
};

/// The days that rows are asked for of.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysQuery {
    /// The first day, `YYYY-MM-DD`, in UTC. Default: from the beginning.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day. Default: to the end.
    #[param(format = Date)]
    to: Option<String>,
}

/// The rows that are asked for, by number.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowsQuery {
    /// How many rows are left out. Default 0.
    #[param(value_type = Option<i64>, minimum = 0)]
    offset: Option<String>,
    /// How many rows are asked for, as many as you like. Default 100.
    #[param(value_type = Option<i64>, minimum = 1)]
    limit: Option<String>,
}

/// The user whose licences are asked for.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// The user's login name, whole, in whatever case. Either `username` or `email` says who is meant; of both,
    /// `username` counts.
    username: Option<String>,
    /// The user's address, in whatever case.
    #[param(example = "bob@example.test")]
    email: Option<String>,
}

const DEFAULT_LIMIT: i64 = 100;
const DAY_MICROS: i64 = 86_400_000_000;

/// Reads a value of the query, of whatever parameter; `None` where it counts as left out.
///
/// unverified: a value that is empty or blank counts as left out; blanks around a number or a day do not count, and a
/// text is taken as it is, because Spring's converters do about the same (license-vault §1).
pub(crate) fn read_value(value: &str) -> Option<&str> {
    Some(value).filter(|value| !value.trim().is_empty())
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
    let text = text.trim();
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let day = day.ok_or_else(|| invalid(format!("{name} must be a date like 2026-01-15, not `{text}`")))?;
    // The day ends where the next one begins, so that one must exist too.
    day.checked_add_days(Days::new(1)).ok_or_else(|| invalid(format!("{name} is too late")))?;
    Ok(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

fn parse_number(name: &str, text: Option<&str>, minimum: i64, default: i64) -> Result<i64, VaultError> {
    let Some(text) = text else { return Ok(default) };
    let number = text.trim().parse().ok().filter(|number| *number >= minimum);
    number.ok_or_else(|| VaultError::InvalidParameter(format!("{name} must be a number from {minimum}, not `{text}`")))
}

impl RowsQuery {
    /// Reads how many rows are left out, and how many are asked for.
    ///
    /// unverified: the defaults; what is refused (license-vault §2.3).
    pub(crate) fn read(&self) -> Result<(i64, i64), VaultError> {
        let offset = parse_number("offset", self.offset.as_deref(), 0, 0)?;
        Ok((offset, parse_number("limit", self.limit.as_deref(), 1, DEFAULT_LIMIT)?))
    }
}

/// Reads which rows of a report are asked for.
///
/// unverified: `to`; what is refused (license-vault §2.3).
pub(crate) fn read_page(days: &DaysQuery, rows: &RowsQuery) -> Result<PageRequest, VaultError> {
    let (from, to) = parse_days(("from", days.from.as_deref()), ("to", days.to.as_deref()))?;
    let (offset, limit) = rows.read()?;
    Ok(PageRequest { from, to, offset, limit })
}

impl UserQuery {
    /// An error when no user is named.
    pub(crate) fn read(&self) -> Result<UserName<'_>, VaultError> {
        self.find().ok_or_else(|| VaultError::InvalidParameter("username or email is needed".to_owned()))
    }

    pub(crate) fn find(&self) -> Option<UserName<'_>> {
        match (&self.username, &self.email) {
            (Some(username), _) => Some(UserName::Login(username)),
            (None, Some(email)) => Some(UserName::Email(email)),
            (None, None) => None,
        }
    }
}
