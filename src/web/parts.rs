//! Long lists, a part of them at a time.

use super::view::Page;
use crate::core::paging;

/// Rows of a list that one page shows: with more it would get long, and over 60 KB.
pub(crate) const ROWS: i64 = 25;

/// Links to the parts before and after.
pub(crate) type Links = Vec<(&'static str, String)>;

impl Page {
    /// Which part of a list the query's parameter asks for: the first, if it names none.
    pub(crate) fn part(&self, parameter: &str) -> paging::Page {
        let number = self.get(parameter).parse().ok().filter(|number| *number > 0).unwrap_or(1);
        paging::Page { number, size: ROWS }
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
