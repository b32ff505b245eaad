//! Query parameters that choose a page of a list.

use serde::Deserialize;
use utoipa::{
    IntoParams,
    openapi::{
        RefOr, Schema,
        path::{Operation, Parameter},
    },
};

use crate::services::atlassian::{
    api::{
        error::{AtlassianError, ParameterError, ParameterProblem},
        query::{apply_quirks, cursor::decode},
    },
    domain::{
        api_access::Quirks,
        listing::{Cursor, Order, PageRequest, SortField},
    },
};

/// The sort of a list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Sorting {
    /// Fields, separated by commas, each with `-` for descending or `+` for ascending.
    sort: Option<String>,
}

/// The page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// The most records on a page.
    #[param(minimum = 1, maximum = 1000, default = 20, value_type = Option<i64>)]
    page_size: Option<String>,
    /// Where the page begins: one of `links`. It knows neither filters nor sort nor page size: repeat them.
    cursor: Option<String>,
}

/// The fields that tokens can be sorted by (atlassian-api-access §6).
pub(crate) const TOKEN_FIELDS: [(&str, SortField); 5] = [
    ("label", SortField::Label),
    ("user.name", SortField::PersonName),
    ("createdAt", SortField::CreatedAt),
    ("expiresAt", SortField::ExpiresAt),
    ("lastActiveAt", SortField::LastActiveAt),
];

/// The fields that keys can be sorted by (atlassian-api-access §6).
pub(crate) const KEY_FIELDS: [(&str, SortField); 4] = [
    ("label", SortField::Label),
    ("createdBy.name", SortField::PersonName),
    ("expiresAt", SortField::ExpiresAt),
    ("lastActiveAt", SortField::LastActiveAt),
];

/// The page sizes that a list allows.
#[derive(Clone, Copy)]
enum PageSizes {
    /// 1 to [`LARGEST_SIZE`].
    Any,
    /// Only those of [`LISTED_SIZES`].
    Listed,
}

const DEFAULT_SORT: &str = "-lastActiveAt";
const LISTED_SIZES: [i64; 10] = [5, 10, 20, 25, 40, 50, 60, 75, 80, 100];
const DEFAULT_SIZE: i64 = 20;
const LARGEST_SIZE: i64 = 1000;

/// Says in the document of a list by which fields it can be sorted and, of keys, how long its pages can be.
pub(crate) fn describe_list(operation: &mut Operation) {
    let (fields, sizes) = match operation.operation_id.as_deref() {
        Some("getAllApiTokensByOrgId") => (TOKEN_FIELDS.as_slice(), None),
        Some("getAllApiKeysByOrgId") => (KEY_FIELDS.as_slice(), Some(LISTED_SIZES)),
        _ => return,
    };
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(Parameter { name, schema: Some(RefOr::T(Schema::Object(schema))), .. }) = parameter else {
            continue;
        };
        match (name.as_str(), sizes) {
            ("sort", _) => {
                let both_ways = fields.iter().flat_map(|(field, _)| [(*field).to_owned(), format!("-{field}")]);
                schema.enum_values = Some(both_ways.map(Into::into).collect());
                schema.default = Some(DEFAULT_SORT.into());
            }
            ("pageSize", Some(sizes)) => {
                schema.enum_values = Some(sizes.map(Into::into).into());
                (schema.minimum, schema.maximum) = (None, None);
            }
            _ => {}
        }
    }
}

impl Sorting {
    /// Reads the fields. A blank counts as the `+` that it was before the query was decoded (atlassian-api-access §6);
    /// before the first field it is gone already, which means the same.
    ///
    /// unverified: of a field that is named twice, the first counts.
    fn read(&self, fields: &[(&str, SortField)]) -> Result<Vec<Order>, ParameterError> {
        let text = self.sort.as_deref().unwrap_or(DEFAULT_SORT);
        let mut sort: Vec<Order> = Vec::new();
        for part in text.split(',') {
            let (descending, name) = match part.strip_prefix('-') {
                Some(name) => (true, name),
                None => (false, part.strip_prefix(['+', ' ']).unwrap_or(part)),
            };
            let Some((_, field)) = fields.iter().find(|(candidate, _)| *candidate == name) else {
                let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                let detail = format!("sort must be of {}, not `{name}`", names.join(", "));
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
    pub(crate) fn read_token_page(&self, sorting: &Sorting) -> Result<PageRequest, ParameterError> {
        self.read_page(sorting.read(&TOKEN_FIELDS)?, PageSizes::Any)
    }

    pub(crate) fn read_key_page(&self, sorting: &Sorting) -> Result<PageRequest, ParameterError> {
        self.read_page(sorting.read(&KEY_FIELDS)?, PageSizes::Listed)
    }

    /// Reads a page of a list that cannot be sorted: it is newest first.
    ///
    /// unverified: the order (atlassian-api-access §7.11).
    pub(crate) fn read_page_by_creation(&self) -> Result<PageRequest, ParameterError> {
        self.read_page(vec![Order { field: SortField::CreatedAt, descending: true }], PageSizes::Any)
    }

    fn read_page(&self, sort: Vec<Order>, sizes: PageSizes) -> Result<PageRequest, ParameterError> {
        let cursor = match &self.cursor {
            None => Cursor::Start,
            // unverified: the error's code (atlassian-api-access §6).
            Some(text) => decode(text, &sort).ok_or_else(|| ParameterError::format("cursor is none of this list's"))?,
        };
        Ok(PageRequest { sort, cursor, size: self.read_size(sizes)? })
    }

    fn read_size(&self, sizes: PageSizes) -> Result<i64, ParameterError> {
        let Some(text) = &self.page_size else { return Ok(DEFAULT_SIZE) };
        let size: Option<i64> = text.parse().ok();
        let (allowed, must_be) = match sizes {
            PageSizes::Any => (size.filter(|size| (1..=LARGEST_SIZE).contains(size)), "a whole number from 1 to 1000"),
            PageSizes::Listed => {
                (size.filter(|size| LISTED_SIZES.contains(size)), "one of 5, 10, 20, 25, 40, 50, 60, 75, 80, 100")
            }
        };
        let detail = || format!("pageSize must be {must_be}, not `{text}`");
        allowed.ok_or_else(|| ParameterError::new(ParameterProblem::PageSize, detail()))
    }

    /// As the function [`apply_quirks`], and turns a missing page size into a 500 where the quirk asks for what one
    /// organization saw.
    pub(crate) fn apply_quirks<T>(
        &self,
        quirks: &Quirks,
        query: Result<T, ParameterError>,
    ) -> Result<T, AtlassianError> {
        if quirks.missing_page_size_is_500 && self.page_size.is_none() {
            return Err(AtlassianError::VendorFailure);
        }
        apply_quirks(quirks, query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_are_read_and_wrong_ones_refused() {
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
