//! Query parameters that filter a list.

use serde::{Deserialize, Serialize};
use strum::{EnumString, ParseError};
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::now::Now,
    services::atlassian::{
        api::error::{ParameterError, ParameterProblem},
        domain::{
            date_filter::{Search, Tense, Unit, parse_instant, parse_relative},
            listing::{Filter, Interval},
        },
    },
};

/// Filters users' API tokens.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenFilter {
    /// Part of the label, or of the user's name or address; letter case does not matter.
    q: Option<String>,
    /// Only tokens with this status. Lower case here, upper case in the answer.
    #[param(inline, value_type = Option<TokenStatusFilter>)]
    status: Option<String>,
}

/// A status in a query.
#[derive(EnumString, ToSchema)]
#[schema(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
enum TokenStatusFilter {
    /// Works.
    Allowed,
    /// Stopped by a policy.
    Blocked,
}

/// Filters API keys.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyFilter {
    /// Part of the label, or of the creator's name or address; letter case does not matter.
    q: Option<String>,
    /// The only kind there is.
    #[param(inline, value_type = Option<KeyType>)]
    key_type: Option<String>,
}

/// The kind of a key.
#[derive(Debug, EnumString, ToSchema, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum KeyType {
    /// Administers the organization.
    CloudAdmin,
}

/// How a date is searched for.
#[derive(EnumString, ToSchema)]
#[schema(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum SearchType {
    /// From and to.
    Range,
    /// Further away than value and unit.
    Gt,
    /// Nearer than value and unit.
    Lt,
    /// From and to, relative to now.
    RangeTime,
}

/// A unit of time.
#[derive(EnumString, ToSchema)]
#[schema(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
enum Uom {
    Day,
    Hour,
    Minute,
    Week,
}

impl From<Uom> for Unit {
    fn from(uom: Uom) -> Self {
        match uom {
            Uom::Day => Self::Day,
            Uom::Hour => Self::Hour,
            Uom::Minute => Self::Minute,
            Uom::Week => Self::Week,
        }
    }
}

/// Makes a type of the seven parameters of each date, because their names begin with the date's name.
macro_rules! date_parameters {
    ($($(#[$doc:meta])* $name:ident, $field:literal: $search_type:ident, $uom:ident, $value:ident, $from:ident,
        $to:ident, $range_from:ident, $range_to:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Deserialize, IntoParams)]
        #[serde(rename_all = "camelCase")]
        #[into_params(parameter_in = Query)]
        #[expect(clippy::struct_field_names, reason = "the names are the wire's")]
        pub(crate) struct $name {
            /// How the date is searched for.
            #[param(inline, value_type = Option<SearchType>)]
            $search_type: Option<String>,
            /// The unit of `gt` and `lt`.
            #[param(inline, value_type = Option<Uom>)]
            $uom: Option<String>,
            /// The number of units of `gt` and `lt`.
            #[param(minimum = 0, value_type = Option<i64>)]
            $value: Option<String>,
            /// The first moment of a `range`, in ISO 8601.
            #[param(format = DateTime)]
            $from: Option<String>,
            /// The last moment of a `range`, in ISO 8601.
            #[param(format = DateTime)]
            $to: Option<String>,
            /// The first moment of a `range_time`, like `-3w` or `1w 2d 3h 4m`.
            $range_from: Option<String>,
            /// The last moment of a `range_time`.
            $range_to: Option<String>,
        }

        impl $name {
            fn read(&self, tense: Tense, now: &Now) -> Result<Option<Interval>, ParameterError> {
                let date = DateParameters {
                    field: $field,
                    search_type: self.$search_type.as_deref(),
                    uom: ("Uom", self.$uom.as_deref()),
                    value: ("Value", self.$value.as_deref()),
                    from: ("From", self.$from.as_deref()),
                    to: ("To", self.$to.as_deref()),
                    range_from: ("RangeFrom", self.$range_from.as_deref()),
                    range_to: ("RangeTo", self.$range_to.as_deref()),
                };
                date.read(tense, now)
            }
        }
    )*};
}

date_parameters! {
    /// When it was made.
    CreatedAt, "createdAt": created_at_search_type, created_at_uom, created_at_value, created_at_from, created_at_to,
    created_at_range_from, created_at_range_to;
    /// When it was last used.
    LastActiveAt, "lastActiveAt": last_active_at_search_type, last_active_at_uom, last_active_at_value,
    last_active_at_from, last_active_at_to, last_active_at_range_from, last_active_at_range_to;
    /// When it stops working.
    ExpiresAt, "expiresAt": expires_at_search_type, expires_at_uom, expires_at_value, expires_at_from, expires_at_to,
    expires_at_range_from, expires_at_range_to;
}

/// The end of a parameter's name, behind the date's name, and the parameter's value.
type Part<'a> = (&'static str, Option<&'a str>);

/// The parameters of any one date.
struct DateParameters<'a> {
    /// The date's name, which the parameters' names begin with.
    field: &'static str,
    search_type: Option<&'a str>,
    uom: Part<'a>,
    value: Part<'a>,
    from: Part<'a>,
    to: Part<'a>,
    range_from: Part<'a>,
    range_to: Part<'a>,
}

impl DateParameters<'_> {
    /// Reads the interval that is asked for.
    ///
    /// unverified: parameters without a search type, and ends in the wrong order, are refused; companions of
    /// another type are ignored (atlassian-api-access §5).
    fn read(&self, tense: Tense, now: &Now) -> Result<Option<Interval>, ParameterError> {
        let field = self.field;
        let Some(search_type) = self.search_type else {
            let companions = [self.uom, self.value, self.from, self.to, self.range_from, self.range_to];
            return match companions.iter().find(|(_, value)| value.is_some()) {
                Some((part, _)) => Err(wrong_combination(format!("{field}{part} needs {field}SearchType"))),
                None => Ok(None),
            };
        };
        let search = match search_type.parse() {
            Ok(SearchType::Range) => {
                let (from, to) =
                    self.read_ends(search_type, self.from, self.to, parse_instant, "2026-01-15T09:00:00Z")?;
                Search::Range(from, to)
            }
            Ok(SearchType::RangeTime) => {
                let (from, to) =
                    self.read_ends(search_type, self.range_from, self.range_to, parse_relative, "-3w 2d")?;
                Search::RangeTime(from, to)
            }
            Ok(SearchType::Gt) => self.read_distance(search_type).map(|(value, unit)| Search::Gt(value, unit))?,
            Ok(SearchType::Lt) => self.read_distance(search_type).map(|(value, unit)| Search::Lt(value, unit))?,
            Err(ParseError::VariantNotFound) => {
                let detail = format!("{field}SearchType must be range, gt, lt or range_time, not `{search_type}`");
                return Err(ParameterError::format(detail));
            }
        };
        Ok(Some(search.interval(now, tense)))
    }

    /// Reads the two ends of a range, of which one may be missing.
    fn read_ends(
        &self,
        search_type: &str,
        from: Part<'_>,
        to: Part<'_>,
        parse: fn(&str) -> Option<i64>,
        example: &str,
    ) -> Result<(Option<i64>, Option<i64>), ParameterError> {
        let field = self.field;
        let read_end = |(part, text): Part<'_>| {
            let Some(text) = text else { return Ok(None) };
            let detail = || format!("{field}{part} must be like {example}, not `{text}`");
            parse(text).map(Some).ok_or_else(|| ParameterError::format(detail()))
        };
        let (from, to) = ((from.0, read_end(from)?), (to.0, read_end(to)?));
        match (from.1, to.1) {
            (None, None) => {
                let detail = format!("{field}SearchType={search_type} needs {field}{} or {field}{}", from.0, to.0);
                Err(wrong_combination(detail))
            }
            (Some(first), Some(last)) if first > last => {
                Err(wrong_combination(format!("{field}{} is after {field}{}", from.0, to.0)))
            }
            ends => Ok(ends),
        }
    }

    /// Reads the number and the unit of `gt` and `lt`.
    fn read_distance(&self, search_type: &str) -> Result<(i64, Unit), ParameterError> {
        let field = self.field;
        let (Some(unit), Some(value)) = (self.uom.1, self.value.1) else {
            let detail = format!("{field}SearchType={search_type} needs {field}Uom and {field}Value");
            return Err(wrong_combination(detail));
        };
        let uom: Uom = unit.parse().map_err(|ParseError::VariantNotFound| {
            ParameterError::format(format!("{field}Uom must be minute, hour, day or week, not `{unit}`"))
        })?;
        let count = value.parse().ok().filter(|count| *count >= 0);
        let detail = || format!("{field}Value must be a whole number from 0, not `{value}`");
        Ok((count.ok_or_else(|| ParameterError::format(detail()))?, uom.into()))
    }
}

fn wrong_combination(detail: String) -> ParameterError {
    ParameterError::new(ParameterProblem::Combination, detail)
}

/// Query of `getApiTokenCountByOrgId`.
#[derive(Deserialize)]
pub(crate) struct TokenFilters(TokenFilter, CreatedAt, LastActiveAt);

impl TokenFilters {
    pub(crate) fn read(&self, now: &Now) -> Result<Filter, ParameterError> {
        let Self(TokenFilter { q, status }, created_at, last_active_at) = self;
        let blocked = match status.as_deref().map(|status| (status, status.parse())) {
            None => None,
            Some((_, Ok(TokenStatusFilter::Allowed))) => Some(false),
            Some((_, Ok(TokenStatusFilter::Blocked))) => Some(true),
            Some((other, Err(ParseError::VariantNotFound))) => {
                return Err(ParameterError::format(format!("status must be allowed or blocked, not `{other}`")));
            }
        };
        Ok(Filter {
            q: q.clone(),
            blocked,
            created: created_at.read(Tense::Past, now)?,
            last_active: last_active_at.read(Tense::Past, now)?,
            expires: None,
            // unverified: an expired token leaves the list and the count (atlassian-api-access §7.1).
            unexpired: true,
        })
    }
}

/// Query of `getApiKeyCountByOrgId`.
#[derive(Deserialize)]
pub(crate) struct KeyFilters(KeyFilter, ExpiresAt, LastActiveAt);

impl KeyFilters {
    pub(crate) fn read(&self, now: &Now) -> Result<Filter, ParameterError> {
        let Self(KeyFilter { q, key_type }, expires_at, last_active_at) = self;
        if let Some(other) = key_type.as_deref().filter(|key_type| key_type.parse::<KeyType>().is_err()) {
            return Err(ParameterError::format(format!("keyType must be CLOUD_ADMIN, not `{other}`")));
        }
        Ok(Filter {
            q: q.clone(),
            blocked: None,
            created: None,
            last_active: last_active_at.read(Tense::Past, now)?,
            expires: expires_at.read(Tense::Future, now)?,
            unexpired: false,
        })
    }
}

/// Filters the API tokens of service accounts.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LabelQuery {
    /// Part of the label; letter case does not matter.
    token_label: Option<String>,
}

impl LabelQuery {
    pub(crate) fn matches(&self, label: &str) -> bool {
        contains(label, self.token_label.as_deref())
    }
}

/// Filters the OAuth clients of service accounts.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientNameQuery {
    /// Part of the name; letter case does not matter.
    client_name: Option<String>,
}

impl ClientNameQuery {
    pub(crate) fn matches(&self, name: &str) -> bool {
        contains(name, self.client_name.as_deref())
    }
}

/// Whether a text contains the part that is searched for, if there is one.
///
/// unverified: in any letter case (atlassian-api-access §7.5).
fn contains(text: &str, part: Option<&str>) -> bool {
    part.is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
}
