//! Paging by number: `page` counts from 1, `perPage` rows each.

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: i64,
    /// Rows on a page, at least 1.
    pub size: i64,
}

impl Page {
    /// Rows before this page.
    pub fn offset(self) -> i64 {
        self.number.saturating_sub(1).saturating_mul(self.size)
    }

    /// The number of the last page of a list of `total` rows; an empty list has one, empty, page.
    pub fn last(self, total: i64) -> i64 {
        ((total + self.size - 1) / self.size).max(1)
    }

    /// The pages one can go to from here, by their RFC 8288 relation.
    pub fn relations(self, total: i64) -> Vec<(&'static str, i64)> {
        let last = self.last(total);
        let mut relations = vec![("first", 1)];
        if self.number > 1 {
            // From past the end, the page before is the last one that has rows.
            relations.push(("prev", (self.number - 1).min(last)));
        }
        if self.number < last {
            relations.push(("next", self.number + 1));
        }
        relations.push(("last", last));
        relations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_at_both_ends_and_past_them() {
        let at = |number, total| Page { number, size: 20 }.relations(total);
        assert_eq!(at(1, 0), [("first", 1), ("last", 1)]);
        assert_eq!(at(1, 41), [("first", 1), ("next", 2), ("last", 3)]);
        assert_eq!(at(2, 41), [("first", 1), ("prev", 1), ("next", 3), ("last", 3)]);
        assert_eq!(at(3, 41), [("first", 1), ("prev", 2), ("last", 3)]);
        assert_eq!(at(9, 41), [("first", 1), ("prev", 3), ("last", 3)]);
    }

    #[test]
    fn a_huge_page_number_does_not_overflow() {
        assert_eq!(Page { number: i64::MAX, size: 200 }.offset(), i64::MAX);
    }
}
