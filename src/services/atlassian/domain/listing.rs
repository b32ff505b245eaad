//! Lists that are sorted, filtered and paged by key (atlassian-api-access §5, §6).

use crate::core::clock::{Time, from_micros, micros};

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// The record's label.
    Label,
    /// The name of whose it is, or of who made it.
    PersonName,
    /// When it was made.
    CreatedAt,
    /// When it stops working.
    ExpiresAt,
    /// When it was last used.
    LastActiveAt,
}

impl SortField {
    /// Its values are moments; else texts.
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

/// What a record is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// A text, compared code point by code point.
    Text(String),
    /// Microseconds since 1970, or [`NO_DATE`].
    Time(i64),
}

/// The stored form of a moment that never was: before all others.
///
/// unverified: descending, a missing value is last; ascending, by the same order, first (atlassian-api-access §6).
pub const NO_DATE: i64 = -1;

/// A moment or [`NO_DATE`], in microseconds since 1970, as it is stored and sorted.
pub fn micros_or_none(time: Option<Time>) -> i64 {
    time.map_or(NO_DATE, micros)
}

/// Reads what [`micros_or_none`] wrote.
pub fn read_micros(stored: i64) -> Option<Time> {
    (stored != NO_DATE).then(|| from_micros(stored))
}

/// A place in a sorted list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// Before the first record.
    Start,
    /// Behind the record with this key.
    After(SortKey),
    /// Before the record with this key.
    Before(SortKey),
    /// At the record with this key, and behind it.
    From(SortKey),
    /// At the record with this key, and before it.
    UpTo(SortKey),
}

impl Cursor {
    /// The key, and whether its record belongs to the page.
    pub fn key(&self) -> Option<(&SortKey, bool)> {
        match self {
            Self::Start => None,
            Self::After(key) | Self::Before(key) => Some((key, false)),
            Self::From(key) | Self::UpTo(key) => Some((key, true)),
        }
    }

    /// The list is read towards its start.
    pub fn is_backward(&self) -> bool {
        matches!(self, Self::Before(_) | Self::UpTo(_))
    }
}

/// What a record is found by in a sorted list: the values it is sorted by, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// One per field of the sort.
    pub values: Vec<SortValue>,
    /// The record's id, which decides between equal values.
    pub id: String,
}

/// A page that is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// What it is sorted by, never empty.
    pub sort: Vec<Order>,
    /// Where it begins.
    pub cursor: Cursor,
    /// The most records on it.
    pub size: i64,
}

/// One page of a list.
#[derive(Debug)]
pub struct PageResult<T> {
    pub items: Vec<T>,
    /// Where the next one begins, if there is more.
    pub next: Option<Cursor>,
    /// Where the one before it ends, if there may be more.
    pub prev: Option<Cursor>,
}

/// A record of a sorted list.
pub trait SortKeyed {
    fn id(&self) -> &str;
    /// What it is sorted by.
    fn value(&self, field: SortField) -> SortValue;
}

impl<T: SortKeyed> PageResult<T> {
    /// Makes a page of what was found in the cursor's direction, up to one more than asked for.
    pub fn cut(page: &PageRequest, mut found: Vec<T>) -> Self {
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let is_more = found.len() > size;
        found.truncate(size);
        if page.cursor.is_backward() {
            found.reverse();
        }
        let key = |item: &T| SortKey {
            values: page.sort.iter().map(|order| item.value(order.field)).collect(),
            id: item.id().to_owned(),
        };
        let (first, last) = (found.first().map(key), found.last().map(key));
        let more = |key: Option<SortKey>| key.filter(|_| is_more);
        // A page that everything was revoked from still leads back to the record that it was reached from.
        let (next, prev) = match page.cursor.clone() {
            Cursor::Start => (more(last).map(Cursor::After), None),
            Cursor::After(from) => {
                (more(last).map(Cursor::After), Some(first.map_or(Cursor::UpTo(from), Cursor::Before)))
            }
            Cursor::From(from) => {
                (more(last).map(Cursor::After), Some(first.map_or(Cursor::Before(from), Cursor::Before)))
            }
            Cursor::Before(from) => {
                (Some(last.map_or(Cursor::From(from), Cursor::After)), more(first).map(Cursor::Before))
            }
            Cursor::UpTo(from) => {
                (Some(last.map_or(Cursor::After(from), Cursor::After)), more(first).map(Cursor::Before))
            }
        };
        Self { items: found, next, prev }
    }
}

/// Moments from one to another, both included, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub from: i64,
    pub to: i64,
}

impl Interval {
    /// Whether a stored moment is in it. One that never was is in none (unverified: atlassian-api-access §5).
    pub fn holds(&self, moment: i64) -> bool {
        moment != NO_DATE && (self.from..=self.to).contains(&moment)
    }
}

/// What a record has to be like to be listed. `None` lets everything through; all of it holds together
/// (unverified: atlassian-api-access §5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the label, or of the person's name or address; letter case does not matter.
    pub q: Option<String>,
    /// Blocked, or not.
    pub blocked: Option<bool>,
    /// Made then.
    pub created: Option<Interval>,
    /// Last used then.
    pub last_active: Option<Interval>,
    /// Ends then.
    pub expires: Option<Interval>,
}

impl Filter {
    /// Nothing but perhaps the status is asked for.
    pub fn is_by_status(&self) -> bool {
        matches!(self, Self { q: None, created: None, last_active: None, expires: None, .. })
    }
}

/// Between the fields of a text that is searched.
const BETWEEN: char = '\u{1f}';

/// The text that a search looks into. In lower case, because letter case does not matter.
pub fn normalize(fields: [&str; 3]) -> String {
    fields.map(lower).join(&BETWEEN.to_string())
}

/// The text that a search looks for; `None` when no field can hold it.
///
/// unverified: fuzzy is a part of one field (atlassian-api-access §7.1).
pub fn search_text(q: &str) -> Option<String> {
    (!q.contains([BETWEEN, '\0'])).then(|| lower(q))
}

/// Letter by letter and not by `str::to_lowercase`, because that looks at what stands around a sigma: then a part of a
/// text would not always be a part of it in lower case.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
