//! Queries of lists: filters, sort, page size, cursor (atlassian-api-access §5, §6).
//!
//! Every value is read as a text first, because an error tells the value that it refuses.

mod cursor;
mod filters;
mod paging;

use serde::Deserialize;

use crate::{
    core::now::Now,
    services::atlassian::{
        api::error::{AtlassianError, ParameterError},
        domain::{
            api_access::Quirks,
            listing::{Filter, PageRequest},
        },
    },
};

pub(crate) use cursor::encode;
pub(crate) use filters::{
    ClientNameQuery, CreatedAt, ExpiresAt, KeyFilter, KeyFilters, KeyType, LabelQuery, LastActiveAt, TokenFilter,
    TokenFilters,
};
pub(crate) use paging::{KEY_FIELDS, Paging, Sorting, TOKEN_FIELDS, describe_list};

/// Query of `getAllApiTokensByOrgId`.
#[derive(Deserialize)]
pub(crate) struct TokenQuery(TokenFilters, Sorting, pub(crate) Paging);

impl TokenQuery {
    pub(crate) fn read(&self, now: &Now) -> Result<(Filter, PageRequest), ParameterError> {
        let Self(filters, sorting, paging) = self;
        Ok((filters.read(now)?, paging.read_token_page(sorting)?))
    }
}

/// Query of `getAllApiKeysByOrgId`.
#[derive(Deserialize)]
pub(crate) struct KeyQuery(KeyFilters, Sorting, pub(crate) Paging);

impl KeyQuery {
    pub(crate) fn read(&self, now: &Now) -> Result<(Filter, PageRequest), ParameterError> {
        let Self(filters, sorting, paging) = self;
        Ok((filters.read(now)?, paging.read_key_page(sorting)?))
    }
}

/// Turns a refused query into a 500, where the quirk asks for what one organization saw (atlassian-api-access §3).
pub(crate) fn apply_quirks<T>(quirks: &Quirks, query: Result<T, ParameterError>) -> Result<T, AtlassianError> {
    match query {
        Err(_) if quirks.bad_query_is_500 => Err(AtlassianError::VendorFailure),
        query => Ok(query?),
    }
}

/// Reads a parameter's value, without the blanks around it; `None` for an empty one, which counts as left out.
///
/// unverified: for every parameter alike; clients were seen to send an empty `cursor` (atlassian-api-access §6, §13).
pub(crate) fn read_value(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty())
}
