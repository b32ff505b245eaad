//! What a request changed, in words of people.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A record that a request changed. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What kind of record it is: `licence`.
    pub record: Cow<'static, str>,
    /// What the record is found by.
    pub id: String,
    /// What became of it, in words that go on "It".
    pub what: String,
}

/// What a request changed: how many records, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub count: usize,
    pub first: Vec<Change>,
}

impl Change {
    /// As much as one says. Names in data may be as long as somebody wants.
    const LONGEST: usize = 300;

    pub fn new(record: &'static str, id: impl Into<String>, what: impl Into<String>) -> Self {
        let mut what = what.into();
        if what.len() > Self::LONGEST {
            what.truncate(what.floor_char_boundary(Self::LONGEST));
            what.push('…');
        }
        Self { record: record.into(), id: id.into(), what }
    }

    /// Bytes of memory that it takes, about.
    fn size(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.what.len()
    }
}

impl Changed {
    /// The most that are said one by one.
    pub const MOST: usize = 8;

    /// Adds `count` records. Of these, `each` makes as many as there is room for.
    pub fn add(&mut self, count: usize, each: impl IntoIterator<Item = Change>) {
        self.count += count;
        self.first.extend(each.into_iter().take(Self::MOST.saturating_sub(self.first.len())));
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many more were changed than are said one by one.
    pub fn further(&self) -> usize {
        self.count.saturating_sub(self.first.len())
    }

    /// How many records it were, where they are more than are said one by one.
    pub fn count_of_more(&self) -> Option<usize> {
        (self.further() > 0).then_some(self.count)
    }

    /// All of it in a line.
    pub fn describe(&self) -> String {
        describe_changes(self.first.iter().map(|change| &*change.what), self.count)
    }

    /// Bytes of memory that it takes, about.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.first.iter().map(Change::size).sum::<usize>()
    }
}

/// Both changes in a line; or, where there are more than two, the first and the number of the others.
pub fn describe_changes<'a>(what: impl Iterator<Item = &'a str>, count: usize) -> String {
    let named = if count > 2 { 1 } else { count };
    let mut said: Vec<Cow<'_, str>> = what.take(named).map(Cow::Borrowed).collect();
    if count > named {
        said.push(format!("and {} more", count - named).into());
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_said_and_all_are_counted() {
        let number = |number: usize| Change::new("car", number.to_string(), format!("parked {number}"));
        let mut changed = Changed::default();
        assert!(changed.is_empty() && changed.describe().is_empty());
        changed.add(1, [number(0)]);
        assert_eq!((changed.describe(), changed.further()), ("parked 0".to_owned(), 0));
        changed.add(1, [number(1)]);
        assert_eq!(changed.describe(), "parked 0; parked 1");
        changed.add(5000, (2..=5001).map(|it| if it < 100 { number(it) } else { unreachable!("nobody asks for it") }));
        assert_eq!((changed.first.len(), changed.further()), (Changed::MOST, 4994));
        assert_eq!(changed.describe(), "parked 0; and 5001 more");
    }

    #[test]
    fn what_is_said_is_bounded() {
        let change = Change::new("car", "1", "ä".repeat(1000));
        assert!(change.what.len() < 310 && change.what.ends_with("ä…"));
    }
}
