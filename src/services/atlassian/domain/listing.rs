//! Lists that are sorted, filtered and paged by key (atlassian-api-access §5, §6).

use crate::core::clock::{Time, from_micros, micros};

/// A field that a list can be sorted by. Its text is the name of its column in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SortField {
    Label,
    /// The name of the user of a token, or of the creator of a key.
    PersonName,
    CreatedAt,
    ExpiresAt,
    LastActiveAt,
}

impl SortField {
    /// Whether its values are times; else they are texts.
    pub fn is_time(self) -> bool {
        matches!(self, Self::CreatedAt | Self::ExpiresAt | Self::LastActiveAt)
    }
}

/// One field of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub field: SortField,
    /// Greatest first.
    pub descending: bool,
}

/// A record's value of a field that the list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// Compared code point by code point.
    Text(String),
    /// Microseconds since 1970, or [`NO_DATE`].
    Time(i64),
}

/// Stored in the place of a time that there is none of. It sorts before all times.
///
/// unverified: descending, a missing value is last; ascending, by the same order, first (atlassian-api-access §6).
pub const NO_DATE: i64 = -1;

/// Converts a time to the form that is stored and sorted: microseconds since 1970, or [`NO_DATE`].
pub fn micros_or_none(time: Option<Time>) -> i64 {
    time.map_or(NO_DATE, micros)
}

/// Converts back what [`micros_or_none`] made.
pub fn read_micros(stored: i64) -> Option<Time> {
    (stored != NO_DATE).then(|| from_micros(stored))
}

/// A place in a sorted list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// Before the first record.
    Start,
    /// After the record with this key.
    After(SortKey),
    /// Before the record with this key.
    Before(SortKey),
    /// At the record with this key, and after it.
    From(SortKey),
    /// At the record with this key, and before it.
    UpTo(SortKey),
}

impl Cursor {
    /// The key, and whether the page includes its record.
    pub fn key(&self) -> Option<(&SortKey, bool)> {
        match self {
            Self::Start => None,
            Self::After(key) | Self::Before(key) => Some((key, false)),
            Self::From(key) | Self::UpTo(key) => Some((key, true)),
        }
    }

    /// Whether the list is read towards its start.
    pub fn is_backward(&self) -> bool {
        matches!(self, Self::Before(_) | Self::UpTo(_))
    }
}

/// The position of a record in a sorted list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// One for each field of the sort.
    pub values: Vec<SortValue>,
    /// The record's id, which decides between equal values.
    pub id: String,
}

/// The page that is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Never empty.
    pub sort: Vec<Order>,
    /// Where the page begins.
    pub cursor: Cursor,
    /// The most records on the page.
    pub size: i64,
}

/// One page of a list.
#[derive(Debug)]
pub struct PageResult<T> {
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// Where the page before this one ends, if there may be one.
    pub prev: Option<Cursor>,
}

/// A record of a sorted list.
pub trait SortKeyed {
    fn id(&self) -> &str;

    fn value(&self, field: SortField) -> SortValue;
}

impl<T: SortKeyed> PageResult<T> {
    /// Makes a page of what was found in the cursor's direction. One record more than fits on the page shows that there
    /// is another page.
    pub fn cut(page: &PageRequest, mut found: Vec<T>) -> Self {
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let is_more = found.len() > size;
        found.truncate(size);
        if page.cursor.is_backward() {
            found.reverse();
        }
        let make_key = |item: &T| SortKey {
            values: page.sort.iter().map(|order| item.value(order.field)).collect(),
            id: item.id().to_owned(),
        };
        let (first, last) = (found.first().map(make_key), found.last().map(make_key));
        let only_if_more = |key: Option<SortKey>| key.filter(|_| is_more);
        // A page whose records were all revoked meanwhile still leads back to the record that it was reached from.
        let (next, prev) = match page.cursor.clone() {
            Cursor::Start => (only_if_more(last).map(Cursor::After), None),
            Cursor::After(from) => {
                (only_if_more(last).map(Cursor::After), Some(first.map_or(Cursor::UpTo(from), Cursor::Before)))
            }
            Cursor::From(from) => {
                (only_if_more(last).map(Cursor::After), Some(first.map_or(Cursor::Before(from), Cursor::Before)))
            }
            Cursor::Before(from) => {
                (Some(last.map_or(Cursor::From(from), Cursor::After)), only_if_more(first).map(Cursor::Before))
            }
            Cursor::UpTo(from) => {
                (Some(last.map_or(Cursor::After(from), Cursor::After)), only_if_more(first).map(Cursor::Before))
            }
        };
        Self { items: found, next, prev }
    }
}

/// A range of time, with both its ends, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub from: i64,
    pub to: i64,
}

impl Interval {
    /// Whether a stored time is in the interval.
    ///
    /// unverified: [`NO_DATE`] is in no interval (atlassian-api-access §5).
    pub fn contains(&self, moment: i64) -> bool {
        moment != NO_DATE && (self.from..=self.to).contains(&moment)
    }
}

/// Which records are listed. `None` lets every record through.
///
/// unverified: a record must pass all of it together (atlassian-api-access §5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the label, or of the person's name or address; letter case does not matter.
    pub q: Option<String>,
    pub blocked: Option<bool>,
    pub created: Option<Interval>,
    pub last_active: Option<Interval>,
    pub expires: Option<Interval>,
    /// Only what has not expired.
    pub unexpired: bool,
}

impl Filter {
    /// Whether nothing is filtered by, except perhaps the status and that it has not expired.
    pub fn is_by_status(&self) -> bool {
        matches!(self, Self { q: None, created: None, last_active: None, expires: None, .. })
    }

    /// The intervals that times must be in.
    pub fn intervals(&self) -> impl Iterator<Item = (SortField, Interval)> {
        let all = [
            (SortField::CreatedAt, self.created),
            (SortField::LastActiveAt, self.last_active),
            (SortField::ExpiresAt, self.expires),
        ];
        all.into_iter().filter_map(|(field, interval)| Some((field, interval?)))
    }
}

/// Stands between the fields of a searchable text. No field contains it.
const SEPARATOR: char = '\u{1f}';

/// Makes the text of a record that is searched. In lower case, because letter case does not matter.
pub fn normalize(fields: [&str; 3]) -> String {
    fields.map(lower).join(&SEPARATOR.to_string())
}

/// Makes the text that is searched for; `None` when no field can contain it.
///
/// unverified: fuzzy is a part of one field (atlassian-api-access §7.1).
pub fn search_text(q: &str) -> Option<String> {
    (!q.contains([SEPARATOR, '\0'])).then(|| lower(q))
}

/// Converts letter by letter and not by `str::to_lowercase`, because that treats a sigma by its neighbours: part of a
/// text would not always be part of it in lower case.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
