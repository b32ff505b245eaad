//! What lists are asked for: filters, sort, page size, cursor (atlassian-api-access §5, §6).

use std::collections::HashMap;

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    core::clock::Time,
    http::extract::Query,
    services::atlassian::{
        Atlassian,
        api::error::{AtlassianError, ParameterError, ParameterProblem},
        domain::{
            api_access::Quirks,
            date_filter::{Search, Tense, Unit, instant, relative},
            listing::{Cursor, Field, Filter, Interval, Key, Order, PageRequest, Value},
        },
    },
};

/// The query, by name. Names that are not asked for do not matter.
pub(crate) struct Parameters(HashMap<String, String>);

impl FromRequestParts<App> for Parameters {
    type Rejection = AtlassianError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AtlassianError> {
        Query::<Atlassian, _>::from_request_parts(parts, app).await.map(|query| Self(query.0))
    }
}

/// Which users' API tokens.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct TokenFilter {
    /// Part of the label, or of the user's name or address; letter case does not matter.
    q: Option<String>,
    /// Only tokens with this status. Lower case here, upper case in the answer.
    #[param(inline)]
    status: Option<TokenStatusFilter>,
}

/// A status in a query.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its description is used")]
enum TokenStatusFilter {
    /// Works.
    Allowed,
    /// Stopped by a policy.
    Blocked,
}

/// Which API keys.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct KeyFilter {
    /// Part of the label, or of the creator's name or address; letter case does not matter.
    q: Option<String>,
    /// The only kind there is.
    #[param(inline)]
    key_type: Option<KeyType>,
}

/// The kind of a key.
#[derive(Debug, ToSchema, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum KeyType {
    /// Administers the organization.
    CloudAdmin,
}

/// How a date is searched for.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its description is used")]
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
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its description is used")]
enum Uom {
    Day,
    Hour,
    Minute,
    Week,
}

/// Describes the seven parameters of a date.
macro_rules! date_parameters {
    ($($(#[$doc:meta])* $name:ident: $search_type:ident, $uom:ident, $value:ident, $from:ident, $to:ident, $range_from:ident, $range_to:ident;)*) => {$(
        $(#[$doc])*
        #[derive(IntoParams)]
        #[into_params(parameter_in = Query, rename_all = "camelCase")]
        #[expect(dead_code, clippy::struct_field_names, reason = "only its description is used; the names are the wire's")]
        pub(crate) struct $name {
            /// How the date is searched for.
            #[param(inline)]
            $search_type: Option<SearchType>,
            /// The unit of `gt` and `lt`.
            #[param(inline)]
            $uom: Option<Uom>,
            /// The number of units of `gt` and `lt`.
            #[param(minimum = 0)]
            $value: Option<i64>,
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
    )*};
}

date_parameters! {
    /// When it was made.
    CreatedAt: created_at_search_type, created_at_uom, created_at_value, created_at_from, created_at_to, created_at_range_from, created_at_range_to;
    /// When it was last used.
    LastActiveAt: last_active_at_search_type, last_active_at_uom, last_active_at_value, last_active_at_from, last_active_at_to, last_active_at_range_from, last_active_at_range_to;
    /// When it stops working.
    ExpiresAt: expires_at_search_type, expires_at_uom, expires_at_value, expires_at_from, expires_at_to, expires_at_range_from, expires_at_range_to;
}

/// Which page of a sorted list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Sorting {
    /// Fields, separated by commas, each with `-` for descending or `+` for ascending. Default `-lastActiveAt`.
    #[param(example = "-lastActiveAt")]
    sort: Option<String>,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Paging {
    /// The most records on a page. Default 20.
    #[param(minimum = 1, maximum = 1000)]
    page_size: Option<i64>,
    /// Where the page begins: one of `links`. It knows neither filters nor sort nor page size: repeat them.
    cursor: Option<String>,
}

/// What tokens can be sorted by (atlassian-api-access §6).
pub(crate) const TOKEN_FIELDS: [(&str, Field); 5] = [
    ("label", Field::Label),
    ("user.name", Field::PersonName),
    ("createdAt", Field::CreatedAt),
    ("expiresAt", Field::ExpiresAt),
    ("lastActiveAt", Field::LastActiveAt),
];

/// What keys can be sorted by (atlassian-api-access §6).
pub(crate) const KEY_FIELDS: [(&str, Field); 4] = [
    ("label", Field::Label),
    ("createdBy.name", Field::PersonName),
    ("expiresAt", Field::ExpiresAt),
    ("lastActiveAt", Field::LastActiveAt),
];

/// The page sizes of a list.
#[derive(Clone, Copy)]
enum Sizes {
    /// 1 to 1000.
    Any,
    /// A closed list.
    CredentialSummary,
}

const LISTED_SIZES: [i64; 10] = [5, 10, 20, 25, 40, 50, 60, 75, 80, 100];
const DEFAULT_SIZE: i64 = 20;
const LARGEST_SIZE: i64 = 1000;

impl From<HashMap<String, String>> for Parameters {
    fn from(query: HashMap<String, String>) -> Self {
        Self(query)
    }
}

/// Whether a text holds a part that is searched for.
///
/// unverified: in any letter case (atlassian-api-access §7.5).
pub(crate) fn holds(text: &str, part: Option<&str>) -> bool {
    part.is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
}

impl Parameters {
    /// A parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that an empty text leaves out.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Which tokens are asked for.
    pub(crate) fn token_filter(&self, now: Time) -> Result<Filter, ParameterError> {
        let blocked = match self.get("status") {
            None => None,
            Some("allowed") => Some(false),
            Some("blocked") => Some(true),
            Some(other) => return Err(ParameterError::format(format!("status must be allowed or blocked, not `{other}`"))),
        };
        Ok(Filter {
            q: self.given("q").map(ToOwned::to_owned),
            blocked,
            created: self.interval("createdAt", Tense::Past, now)?,
            last_active: self.interval("lastActiveAt", Tense::Past, now)?,
            expires: None,
        })
    }

    /// Which keys are asked for.
    pub(crate) fn key_filter(&self, now: Time) -> Result<Filter, ParameterError> {
        if let Some(other) = self.get("keyType").filter(|kind| *kind != "CLOUD_ADMIN") {
            return Err(ParameterError::format(format!("keyType must be CLOUD_ADMIN, not `{other}`")));
        }
        Ok(Filter {
            q: self.given("q").map(ToOwned::to_owned),
            blocked: None,
            created: None,
            last_active: self.interval("lastActiveAt", Tense::Past, now)?,
            expires: self.interval("expiresAt", Tense::Future, now)?,
        })
    }

    /// The moments that the seven parameters of a field ask for.
    ///
    /// unverified: parameters without a search type, and ends in the wrong order, are refused; companions of
    /// another type are ignored (atlassian-api-access §5).
    fn interval(&self, field: &str, tense: Tense, now: Time) -> Result<Option<Interval>, ParameterError> {
        const COMPANIONS: [&str; 6] = ["Uom", "Value", "From", "To", "RangeFrom", "RangeTo"];
        let combination = |detail: String| ParameterError::new(ParameterProblem::Combination, detail);
        let of = |part: &str| self.get(&format!("{field}{part}"));
        let Some(kind) = of("SearchType") else {
            return match COMPANIONS.into_iter().find(|part| of(part).is_some()) {
                Some(part) => Err(combination(format!("{field}{part} needs {field}SearchType"))),
                None => Ok(None),
            };
        };
        let ends = |from: &str, to: &str, read: fn(&str) -> Option<i64>, like: &str| {
            let end = |part: &str| {
                let Some(text) = of(part) else { return Ok(None) };
                let end = read(text);
                end.map(Some).ok_or_else(|| ParameterError::format(format!("{field}{part} must be like {like}, not `{text}`")))
            };
            match (end(from)?, end(to)?) {
                (None, None) => {
                    Err(combination(format!("{field}SearchType={kind} needs {field}{from} or {field}{to}")))
                }
                (Some(a), Some(b)) if a > b => Err(combination(format!("{field}{from} is after {field}{to}"))),
                ends => Ok(ends),
            }
        };
        let distance = || {
            let (Some(unit), Some(value)) = (of("Uom"), of("Value")) else {
                return Err(combination(format!("{field}SearchType={kind} needs {field}Uom and {field}Value")));
            };
            let unit: Unit = unit
                .parse()
                .map_err(|()| ParameterError::format(format!("{field}Uom must be minute, hour, day or week, not `{unit}`")))?;
            let count = value.parse().ok().filter(|count| *count >= 0);
            let count =
                count.ok_or_else(|| ParameterError::format(format!("{field}Value must be a whole number, not `{value}`")))?;
            Ok((count, unit))
        };
        let search = match kind {
            "range" => ends("From", "To", instant, "2026-01-15T09:00:00Z").map(|(from, to)| Search::Range(from, to))?,
            "range_time" => {
                ends("RangeFrom", "RangeTo", relative, "-3w 2d").map(|(from, to)| Search::RangeTime(from, to))?
            }
            "gt" => distance().map(|(value, unit)| Search::Gt(value, unit))?,
            "lt" => distance().map(|(value, unit)| Search::Lt(value, unit))?,
            other => {
                return Err(ParameterError::format(format!(
                    "{field}SearchType must be range, gt, lt or range_time, not `{other}`"
                )));
            }
        };
        Ok(Some(search.interval(now, tense)))
    }

    /// Which page of tokens is asked for.
    pub(crate) fn token_page(&self) -> Result<PageRequest, ParameterError> {
        self.page_sorted(self.sort(&TOKEN_FIELDS)?, Sizes::Any)
    }

    /// Which page of keys is asked for.
    pub(crate) fn key_page(&self) -> Result<PageRequest, ParameterError> {
        self.page_sorted(self.sort(&KEY_FIELDS)?, Sizes::CredentialSummary)
    }

    /// Which page is asked for, of a list in a fixed order: newest first.
    ///
    /// unverified: the order (atlassian-api-access §7.11).
    pub(crate) fn page_by_creation(&self) -> Result<PageRequest, ParameterError> {
        self.page_sorted(vec![Order { field: Field::CreatedAt, descending: true }], Sizes::Any)
    }

    fn page_sorted(&self, sort: Vec<Order>, sizes: Sizes) -> Result<PageRequest, ParameterError> {
        let cursor = match self.given("cursor") {
            None => Cursor::Start,
            // unverified: the code of a cursor that is none of ours (atlassian-api-access §6).
            Some(text) => decode(text, &sort).ok_or_else(|| ParameterError::format("cursor is none of this list's"))?,
        };
        Ok(PageRequest { sort, cursor, size: self.size(sizes)? })
    }

    fn size(&self, sizes: Sizes) -> Result<i64, ParameterError> {
        let Some(text) = self.get("pageSize") else { return Ok(DEFAULT_SIZE) };
        let size: Option<i64> = text.parse().ok();
        let (allowed, must_be) = match sizes {
            Sizes::Any => (size.filter(|size| (1..=LARGEST_SIZE).contains(size)), "from 1 to 1000"),
            Sizes::CredentialSummary => {
                (size.filter(|size| LISTED_SIZES.contains(size)), "one of 5, 10, 20, 25, 40, 50, 60, 75, 80, 100")
            }
        };
        let detail = || format!("pageSize must be {must_be}, not `{text}`");
        allowed.ok_or_else(|| ParameterError::new(ParameterProblem::PageSize, detail()))
    }

    /// A `+` that was not percent-encoded arrives as a blank.
    ///
    /// unverified: a field that is named twice counts as it is named first.
    fn sort(&self, fields: &[(&str, Field)]) -> Result<Vec<Order>, ParameterError> {
        let text = self.get("sort").unwrap_or("-lastActiveAt");
        let mut sort: Vec<Order> = Vec::new();
        for part in text.split(',') {
            let (descending, name) = match part.strip_prefix('-') {
                Some(name) => (true, name),
                None => (false, part.strip_prefix(['+', ' ']).unwrap_or(part)),
            };
            let Some((_, field)) = fields.iter().find(|(known, _)| *known == name) else {
                let known: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                let detail = format!("sort must be of {}, not `{name}`", known.join(", "));
                return Err(ParameterError::new(ParameterProblem::Sort, detail));
            };
            if sort.iter().all(|order| order.field != *field) {
                sort.push(Order { field: *field, descending });
            }
        }
        Ok(sort)
    }

    /// As [`Self::with_quirks`], for counts, which have no page size to miss.
    pub(crate) fn count_filter(
        &self,
        quirks: &Quirks,
        read: impl FnOnce() -> Result<Filter, ParameterError>,
    ) -> Result<Filter, AtlassianError> {
        self.with_quirks(&Quirks { missing_page_size_is_500: false, ..quirks.clone() }, read)
    }

    /// What one organization saw instead of defaults and 400s (atlassian-api-access §3).
    pub(crate) fn with_quirks<T>(
        &self,
        quirks: &Quirks,
        read: impl FnOnce() -> Result<T, ParameterError>,
    ) -> Result<T, AtlassianError> {
        if quirks.missing_page_size_is_500 && self.get("pageSize").is_none() {
            return Err(AtlassianError::VendorFailure);
        }
        match read() {
            Err(_) if quirks.bad_query_is_500 => Err(AtlassianError::VendorFailure),
            read => Ok(read?),
        }
    }
}

/// How a cursor is written: a letter for its kind, the sort values, the id. Neither filters nor sort nor page size.
#[derive(Serialize, Deserialize)]
struct Written(char, Vec<serde_json::Value>, String);

/// A cursor, as `links` hold it.
pub(crate) fn encode(cursor: &Cursor) -> String {
    let values = |key: &Key| {
        let value = |value: &Value| match value {
            Value::Text(text) => text.as_str().into(),
            Value::Time(micros) => (*micros).into(),
        };
        key.values.iter().map(value).collect()
    };
    let written = match cursor {
        Cursor::Start => Written('s', Vec::new(), String::new()),
        Cursor::After(key) => Written('a', values(key), key.id.clone()),
        Cursor::Before(key) => Written('b', values(key), key.id.clone()),
        Cursor::From(key) => Written('f', values(key), key.id.clone()),
        Cursor::UpTo(key) => Written('u', values(key), key.id.clone()),
    };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default())
}

fn decode(text: &str, sort: &[Order]) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let Written(kind, values, id) = serde_json::from_slice(&bytes).ok()?;
    if kind == 's' {
        return Some(Cursor::Start);
    }
    if values.len() != sort.len() || id.contains('\0') {
        return None;
    }
    let value = |(value, order): (serde_json::Value, &Order)| match value {
        serde_json::Value::String(text) if !order.field.is_time() && !text.contains('\0') => Some(Value::Text(text)),
        serde_json::Value::Number(number) if order.field.is_time() => number.as_i64().map(Value::Time),
        _ => None,
    };
    let values = values.into_iter().zip(sort).map(value).collect::<Option<Vec<_>>>()?;
    let key = Key { values, id };
    match kind {
        'a' => Some(Cursor::After(key)),
        'b' => Some(Cursor::Before(key)),
        'f' => Some(Cursor::From(key)),
        'u' => Some(Cursor::UpTo(key)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &[(&str, &str)]) -> Parameters {
        Parameters(query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn cursors_survive_and_others_are_refused() {
        let sort =
            [Order { field: Field::Label, descending: false }, Order { field: Field::CreatedAt, descending: true }];
        let key = Key { values: vec![Value::Text("ä\"".into()), Value::Time(-1)], id: "x".into() };
        for cursor in [
            Cursor::Start,
            Cursor::After(key.clone()),
            Cursor::Before(key.clone()),
            Cursor::From(key.clone()),
            Cursor::UpTo(key),
        ] {
            let text = encode(&cursor);
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
            assert_eq!(decode(&text, &sort), Some(cursor.clone()));
            if cursor != Cursor::Start {
                assert_eq!(decode(&text, &sort[..1]), None);
                assert_eq!(decode(&text, &[sort[1], sort[0]]), None);
            }
        }
        for wrong in ["", "x", "bnVsbA", "W10", "!"] {
            assert_eq!(decode(wrong, &sort), None, "{wrong}");
        }
    }

    #[test]
    fn sorts() {
        let fields = [("label", Field::Label), ("createdAt", Field::CreatedAt)];
        let sort = |text| parameters(&[("sort", text)]).sort(&fields);
        let order = |field, descending| Order { field, descending };
        for text in ["label", "+label", " label"] {
            assert_eq!(sort(text).unwrap(), [order(Field::Label, false)]);
        }
        assert_eq!(sort("-createdAt,label").unwrap(), [order(Field::CreatedAt, true), order(Field::Label, false)]);
        for wrong in ["", "Label", "-", "label,", "label;createdAt", "--label", "label -createdAt"] {
            assert!(sort(wrong).is_err(), "{wrong}");
        }
    }
}
