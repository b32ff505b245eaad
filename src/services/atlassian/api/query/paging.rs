//! Which page of a list is asked for.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::services::atlassian::{
    api::{
        error::{AtlassianError, ParameterError, ParameterProblem},
        query::{cursor::decode, non_empty, with_quirks},
    },
    domain::{
        api_access::Quirks,
        listing::{Cursor, Order, PageRequest, SortField},
    },
};

/// Which page of a sorted list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Sorting {
    /// Fields, separated by commas, each with `-` for descending or `+` for ascending. Default `-lastActiveAt`.
    #[param(example = "-lastActiveAt")]
    sort: Option<String>,
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// The most records on a page. Default 20.
    #[param(minimum = 1, maximum = 1000, value_type = Option<i64>)]
    page_size: Option<String>,
    /// Where the page begins: one of `links`. It knows neither filters nor sort nor page size: repeat them.
    cursor: Option<String>,
}

/// What tokens can be sorted by (atlassian-api-access §6).
pub(crate) const TOKEN_FIELDS: [(&str, SortField); 5] = [
    ("label", SortField::Label),
    ("user.name", SortField::PersonName),
    ("createdAt", SortField::CreatedAt),
    ("expiresAt", SortField::ExpiresAt),
    ("lastActiveAt", SortField::LastActiveAt),
];

/// What keys can be sorted by (atlassian-api-access §6).
pub(crate) const KEY_FIELDS: [(&str, SortField); 4] = [
    ("label", SortField::Label),
    ("createdBy.name", SortField::PersonName),
    ("expiresAt", SortField::ExpiresAt),
    ("lastActiveAt", SortField::LastActiveAt),
];

/// The page sizes of a list.
#[derive(Clone, Copy)]
enum Sizes {
    /// 1 to 1000.
    Any,
    /// A closed list.
    Listed,
}

const LISTED_SIZES: [i64; 10] = [5, 10, 20, 25, 40, 50, 60, 75, 80, 100];
const DEFAULT_SIZE: i64 = 20;
const LARGEST_SIZE: i64 = 1000;

impl Sorting {
    /// A `+` that was not percent-encoded arrives as a blank.
    ///
    /// unverified: a field that is named twice counts as it is named first.
    fn read(&self, fields: &[(&str, SortField)]) -> Result<Vec<Order>, ParameterError> {
        let text = self.sort.as_deref().unwrap_or("-lastActiveAt");
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
}

impl Paging {
    /// Which page of tokens is asked for.
    pub(crate) fn token_page(&self, sorting: &Sorting) -> Result<PageRequest, ParameterError> {
        self.page_sorted(sorting.read(&TOKEN_FIELDS)?, Sizes::Any)
    }

    /// Which page of keys is asked for.
    pub(crate) fn key_page(&self, sorting: &Sorting) -> Result<PageRequest, ParameterError> {
        self.page_sorted(sorting.read(&KEY_FIELDS)?, Sizes::Listed)
    }

    /// Which page is asked for, of a list in a fixed order: newest first.
    ///
    /// unverified: the order (atlassian-api-access §7.11).
    pub(crate) fn page_by_creation(&self) -> Result<PageRequest, ParameterError> {
        self.page_sorted(vec![Order { field: SortField::CreatedAt, descending: true }], Sizes::Any)
    }

    fn page_sorted(&self, sort: Vec<Order>, sizes: Sizes) -> Result<PageRequest, ParameterError> {
        let cursor = match non_empty(self.cursor.as_ref()) {
            None => Cursor::Start,
            // unverified: the code of a cursor that is none of ours (atlassian-api-access §6).
            Some(text) => decode(text, &sort).ok_or_else(|| ParameterError::format("cursor is none of this list's"))?,
        };
        Ok(PageRequest { sort, cursor, size: self.size(sizes)? })
    }

    fn size(&self, sizes: Sizes) -> Result<i64, ParameterError> {
        let Some(text) = &self.page_size else { return Ok(DEFAULT_SIZE) };
        let size: Option<i64> = text.parse().ok();
        let (allowed, must_be) = match sizes {
            Sizes::Any => (size.filter(|size| (1..=LARGEST_SIZE).contains(size)), "from 1 to 1000"),
            Sizes::Listed => {
                (size.filter(|size| LISTED_SIZES.contains(size)), "one of 5, 10, 20, 25, 40, 50, 60, 75, 80, 100")
            }
        };
        let detail = || format!("pageSize must be {must_be}, not `{text}`");
        allowed.ok_or_else(|| ParameterError::new(ParameterProblem::PageSize, detail()))
    }

    /// As [`with_quirks`], with the 500 that one organization saw where a page size is missing.
    pub(crate) fn with_quirks<T>(&self, quirks: &Quirks, read: Result<T, ParameterError>) -> Result<T, AtlassianError> {
        if quirks.missing_page_size_is_500 && self.page_size.is_none() {
            return Err(AtlassianError::VendorFailure);
        }
        with_quirks(quirks, read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts() {
        let fields = [("label", SortField::Label), ("createdAt", SortField::CreatedAt)];
        let sort = |text: &str| Sorting { sort: Some(text.to_owned()) }.read(&fields);
        let order = |field, descending| Order { field, descending };
        for text in ["label", "+label", " label"] {
            assert_eq!(sort(text).unwrap(), [order(SortField::Label, false)]);
        }
        assert_eq!(
            sort("-createdAt,label").unwrap(),
            [order(SortField::CreatedAt, true), order(SortField::Label, false)]
        );
        for wrong in ["", "Label", "-", "label,", "label;createdAt", "--label", "label -createdAt"] {
            assert!(sort(wrong).is_err(), "{wrong}");
        }
    }
}
