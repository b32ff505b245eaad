//! Lists once more, in plain Rust: what is asked for, what the answer has to be, and how lists are walked through.

use std::cmp::Ordering;

use locum::{
    core::{
        clock::{Time, micros, parse},
        now::Now,
        progress::Progress,
    },
    domain::organization::{DEFAULT_SPACE, OrganizationId},
    services::atlassian::{
        domain::{
            api_access::User,
            api_key::ApiKey,
            api_token::ApiToken,
            date_filter::{Search, Tense, Unit},
            listing::{Cursor, Filter, Order, PageRequest, PageResult, SortField, SortKeyed},
        },
        store as atlassian_store,
    },
    services::registry,
    store::{self, state::Loader},
};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};

use crate::support::{NOW, TestApp};

pub fn now() -> Time {
    parse(NOW).unwrap()
}

/// `count` units, in microseconds.
pub fn microseconds(count: i64, unit: Unit) -> i128 {
    let seconds = match unit {
        Unit::Minute => 60,
        Unit::Hour => 3_600,
        Unit::Day => 86_400,
        Unit::Week => 604_800,
    };
    i128::from(count) * seconds * 1_000_000
}

/// What is asked for, and how it is walked through.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    pub q: Option<String>,
    pub blocked: Option<bool>,
    pub created: Option<Search>,
    pub last_active: Option<Search>,
    pub expires: Option<Search>,
    /// Only what has not expired.
    pub unexpired: bool,
    pub sort: Vec<Order>,
    pub size: i64,
}

impl ListQuery {
    pub fn filter(&self) -> Filter {
        let interval = |search: Option<Search>, tense| search.map(|search| search.interval(&Now::at(now()), tense));
        Filter {
            q: self.q.clone(),
            blocked: self.blocked,
            created: interval(self.created, Tense::Past),
            last_active: interval(self.last_active, Tense::Past),
            expires: interval(self.expires, Tense::Future),
            unexpired: self.unexpired,
        }
    }
}

pub fn order_by(fields: &[(SortField, bool)]) -> Vec<Order> {
    fields.iter().map(|(field, descending)| Order { field: *field, descending: *descending }).collect()
}

/// The model's record: what a token and a key have in common.
pub struct Record<'a> {
    id: &'a str,
    user: &'a User,
    label: &'a str,
    blocked: bool,
    created: Option<i64>,
    last_active: Option<i64>,
    expires: Option<i64>,
}

impl<'a> From<&'a ApiToken> for Record<'a> {
    fn from(token: &'a ApiToken) -> Self {
        Self {
            id: &token.id,
            user: &token.user,
            label: &token.label,
            blocked: token.blocked,
            created: Some(micros(token.created_at)),
            last_active: token.last_active_at.map(micros),
            expires: token.expires_at.map(micros),
        }
    }
}

impl<'a> From<&'a ApiKey> for Record<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: &key.id,
            user: &key.created_by,
            label: &key.label,
            blocked: false,
            created: Some(micros(key.created_at)),
            last_active: Some(micros(key.last_active_at)),
            expires: Some(micros(key.expires_at)),
        }
    }
}

impl Record<'_> {
    fn passes(&self, query: &ListQuery) -> bool {
        let holds = |q: &String| {
            [self.label, &self.user.name, &self.user.email].iter().any(|f| f.to_lowercase().contains(&q.to_lowercase()))
        };
        let times = [
            (query.created, self.created, false),
            (query.last_active, self.last_active, false),
            (query.expires, self.expires, true),
        ];
        query.q.as_ref().is_none_or(holds)
            && query.blocked.is_none_or(|blocked| blocked == self.blocked)
            && !(query.unexpired && self.expires.is_some_and(|at| at <= micros(now())))
            && times.into_iter().all(|(search, at, is_ahead)| {
                search.is_none_or(|search| at.is_some_and(|at| is_within(search, is_ahead, at.into())))
            })
    }

    fn compare(&self, other: &Self, sort: &[Order]) -> Ordering {
        let turned = |way: Ordering, down: bool| if down { way.reverse() } else { way };
        let by_field = |order: &Order| {
            let way = match order.field {
                SortField::Label => self.label.cmp(other.label),
                SortField::PersonName => self.user.name.cmp(&other.user.name),
                SortField::CreatedAt => self.created.cmp(&other.created),
                SortField::ExpiresAt => self.expires.cmp(&other.expires),
                SortField::LastActiveAt => self.last_active.cmp(&other.last_active),
            };
            turned(way, order.descending)
        };
        let way = sort.iter().map(by_field).fold(Ordering::Equal, Ordering::then);
        way.then(turned(self.id.cmp(other.id), sort.last().unwrap().descending))
    }
}

/// atlassian-api-access §5, in numbers too wide to overflow.
fn is_within(search: Search, is_ahead: bool, at: i128) -> bool {
    let now = i128::from(micros(now()));
    let within =
        |from: Option<i128>, to: Option<i128>| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to);
    match (search, is_ahead) {
        (Search::Range(from, to), _) => within(from.map(Into::into), to.map(Into::into)),
        (Search::RangeTime(from, to), _) => {
            within(from.map(|from| now + i128::from(from)), to.map(|to| now + i128::from(to)))
        }
        (Search::Gt(count, unit), false) => at < now - microseconds(count, unit),
        (Search::Lt(count, unit), false) => now - microseconds(count, unit) < at && at <= now,
        (Search::Gt(count, unit), true) => now + microseconds(count, unit) < at,
        (Search::Lt(count, unit), true) => at < now + microseconds(count, unit),
    }
}

/// The pages that the model answers.
pub fn expect_pages<'a, T: Clone + 'a>(all: &'a [T], query: &ListQuery) -> Vec<Vec<T>>
where
    Record<'a>: From<&'a T>,
{
    let mut found: Vec<(Record<'a>, &T)> = all.iter().map(|item| (Record::from(item), item)).collect();
    found.retain(|(record, _)| record.passes(query));
    found.sort_by(|(a, _), (b, _)| a.compare(b, &query.sort));
    let found: Vec<T> = found.into_iter().map(|(_, item)| item.clone()).collect();
    if found.is_empty() {
        return vec![found];
    }
    found.chunks(usize::try_from(query.size).unwrap()).map(<[T]>::to_vec).collect()
}

/// Pages on the way there, and on the way back.
pub type Walk<T> = [Vec<Vec<T>>; 2];

/// The pages of the list by `next`, and the same pages once more, as found by `prev` from the last one.
pub async fn walk<T>(query: &ListQuery, mut page: impl AsyncFnMut(&PageRequest) -> PageResult<T>) -> Walk<T> {
    const ENOUGH: usize = 1_000;
    let mut of = PageRequest { sort: query.sort.clone(), cursor: Cursor::Start, size: query.size };
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    let mut prev = None;
    loop {
        let slice = page(&of).await;
        assert_eq!(slice.prev.is_some(), !forward.is_empty(), "every page but the first leads back");
        forward.push(slice.items);
        prev = slice.prev.or(prev);
        let Some(next) = slice.next else { break };
        assert!(forward.len() < ENOUGH, "the walk has an end");
        of.cursor = next;
    }
    while let Some(cursor) = prev {
        of.cursor = cursor;
        let slice = page(&of).await;
        assert!(slice.next.is_some(), "a page before another leads on to it");
        backward.push(slice.items);
        assert!(backward.len() < ENOUGH, "the way back has an end");
        prev = slice.prev;
    }
    backward.reverse();
    [forward, backward]
}
/// What a database answers: the walk, and the count.
pub async fn query_database(app: &TestApp, organization: OrganizationId, query: &ListQuery) -> (Walk<ApiToken>, i64) {
    let (mut db, filter) = (app.app.db.read().await.unwrap(), query.filter());
    let count = atlassian_store::api_token::count(&mut db, organization, &filter, &Now::at(now())).await.unwrap();
    let walked = walk(query, async |of| {
        atlassian_store::api_token::page(&mut db, organization, &filter, of, &Now::at(now())).await.unwrap()
    })
    .await;
    (walked, count)
}

fn ids<T: SortKeyed>(pages: &[Vec<T>]) -> Vec<Vec<&str>> {
    pages.iter().map(|page| page.iter().map(SortKeyed::id).collect()).collect()
}

/// The answer is the model's.
pub fn compare<'a, T: SortKeyed + Clone + PartialEq + 'a>(
    all: &'a [T],
    query: &ListQuery,
    (answer, count): &(Walk<T>, i64),
) -> Result<(), TestCaseError>
where
    Record<'a>: From<&'a T>,
{
    let pages = expect_pages(all, query);
    let expected = [&pages[..], &pages[..pages.len() - 1]];
    for (way, (expected, found)) in ["forward", "backward"].into_iter().zip(expected.into_iter().zip(answer)) {
        prop_assert_eq!(ids(expected), ids(found), "{}: {:?}", way, query);
        prop_assert!(expected == found, "{}, records are not as they were added: {:?}", way, query);
    }
    prop_assert_eq!(i64::try_from(pages.concat().len()).unwrap(), *count, "count: {:?}", query);
    Ok(())
}

/// As [`compare`].
#[track_caller]
pub fn check<'a, T: SortKeyed + Clone + PartialEq + 'a>(all: &'a [T], query: &ListQuery, answer: &(Walk<T>, i64))
where
    Record<'a>: From<&'a T>,
{
    let compared = compare(all, query, answer);
    assert!(compared.is_ok(), "{compared:?}");
}

/// An organization of its own for the tokens.
pub async fn store_tokens(app: &TestApp, customer_code: i64, tokens: &[ApiToken]) -> OrganizationId {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let mut db = app.app.db.write(space.id).await.unwrap();
    let org_id = format!("org-{customer_code}");
    let organization = store::organization::upsert(&mut db, "Lists", customer_code, &org_id).await.unwrap();
    let mut loader = Loader::new(registry().tables());
    let number = loader.refer("organization", organization.0).unwrap();
    for token in tokens {
        loader.add("api_token", atlassian_store::api_token::list_cells(number, token)).unwrap();
    }
    loader.finish(&mut db, &Progress::default()).await.unwrap();
    db.commit().await.unwrap();
    organization
}
