//! Long lists, a part of them at a time.

use axum::http::StatusCode;

use super::{error::PageError, view::Page};
use crate::core::paging;

/// Rows of a list that one page shows: with more it would get long, and over 60 KB.
pub(crate) const ROWS: i64 = 25;

/// Rows of each list, where a page has several.
pub(crate) const FEW_ROWS: i64 = 4;

/// Of names to choose from, as many as a page offers. Others can be written.
pub(crate) const CHOICES: usize = 20;

/// Links to the parts before and after.
pub(crate) type Links = Vec<(&'static str, String)>;

/// What a page shows of a list.
pub(crate) struct Part<T> {
    pub rows: Vec<T>,
    /// How many the whole list has.
    pub count: usize,
    pub links: Links,
}

// Derived, it would ask for rows that have a default.
impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), count: 0, links: Links::new() }
    }
}

impl<T> Part<T> {
    pub(crate) fn map<U>(self, to_row: impl FnMut(T) -> U) -> Part<U> {
        let Self { rows, count, links } = self;
        Part { rows: rows.into_iter().map(to_row).collect(), count, links }
    }
}

impl Page {
    /// Which part of a list the query's parameter asks for: the first, if it names none.
    ///
    /// # Errors
    /// It names one that cannot be. A part past the last is empty, and says so where it is shown.
    pub(crate) fn part(&self, parameter: &str) -> Result<paging::Page, PageError> {
        let number = match self.get(parameter) {
            "" => Some(1),
            named => named.parse().ok().filter(|number| *number > 0),
        };
        let refuse = || PageError {
            status: StatusCode::BAD_REQUEST,
            detail: format!("`{parameter}={}` names no page of a list: they count from 1", self.get(parameter)),
        };
        Ok(paging::Page { number: number.ok_or_else(refuse)?, size: ROWS })
    }

    /// Takes the part of a list that the query's parameter asks for. Links lead back to the heading with that id.
    ///
    /// # Errors
    /// As [`Page::part`].
    pub(crate) fn take_part<T>(
        &self,
        parameter: &str,
        heading: &str,
        all: Vec<T>,
        size: i64,
    ) -> Result<Part<T>, PageError> {
        let (part, count) = (paging::Page { size, ..self.part(parameter)? }, all.len());
        let links = self.part_links(parameter, part, i64::try_from(count).unwrap_or(i64::MAX));
        let links = links.into_iter().map(|(title, link)| (title, format!("{link}#{heading}"))).collect();
        let [skipped, size] = [part.offset(), size].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        Ok(Part { rows: all.into_iter().skip(skipped).take(size).collect(), count, links })
    }

    /// Links to the parts around one of a list of `total` rows.
    pub(crate) fn part_links(&self, parameter: &str, part: paging::Page, total: i64) -> Links {
        let around = part.relations(total).into_iter().filter(|(name, _)| ["prev", "next"].contains(name));
        let link = |(name, number): (&str, i64)| {
            let title = if name == "prev" { "Previous page" } else { "Next page" };
            (title, self.with(&[(parameter, &number.to_string())]))
        };
        around.map(link).collect()
    }
}
