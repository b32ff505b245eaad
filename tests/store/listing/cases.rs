//! Random tokens, and random queries that concern them.

use locum::{
    core::clock::{from_micros, micros},
    services::atlassian::domain::{
        api_access::User,
        api_token::ApiToken,
        date_filter::{Search, Unit},
        listing::{Order, SortField},
    },
};
use proptest::{
    prelude::*,
    sample::{Index, select, subsequence},
};

use super::model::{ListQuery, microseconds, now};

const FIELDS: [SortField; 5] =
    [SortField::Label, SortField::PersonName, SortField::CreatedAt, SortField::ExpiresAt, SortField::LastActiveAt];
const UNITS: [Unit; 4] = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Week];

/// A moment at which a filter begins or ends, or a microsecond beside it.
#[derive(Debug, Clone, Copy)]
struct Edge {
    sign: i64,
    count: i64,
    unit: Unit,
    beside: i64,
}

impl Edge {
    fn ahead(self) -> i64 {
        self.sign * i64::try_from(microseconds(self.count, self.unit)).unwrap() + self.beside
    }

    fn absolute(self) -> i64 {
        micros(now()) + self.ahead()
    }
}

fn any_edge() -> impl Strategy<Value = Edge> {
    (select(vec![-1, 1]), 0..4_i64, select(UNITS.to_vec()), -1..=1_i64).prop_map(|(sign, count, unit, beside)| Edge {
        sign,
        count,
        unit,
        beside,
    })
}

/// Says how a date is searched for, between two of the edges.
fn any_search() -> impl Strategy<Value = (Index, Index, i64, usize)> {
    (any::<Index>(), any::<Index>(), -1..=1_i64, 0..12_usize)
}

fn make_search(edges: &[Edge], (one, other, beside, kind): (Index, Index, i64, usize)) -> Search {
    let (one, other) = (*one.get(edges), *other.get(edges));
    let (from, to) = if one.ahead() <= other.ahead() { (one, other) } else { (other, one) };
    match kind {
        0 => Search::Range(Some(from.absolute()), Some(to.absolute())),
        1 => Search::Range(Some(to.absolute() + beside), None),
        2 => Search::Range(None, Some(to.absolute() + beside)),
        3 => Search::RangeTime(Some(from.ahead()), Some(to.ahead())),
        4 => Search::RangeTime(Some(from.ahead() + beside), None),
        5 => Search::RangeTime(None, Some(from.ahead() + beside)),
        6..9 => Search::Gt(if beside > 0 && kind == 8 { i64::MAX } else { one.count }, one.unit),
        _ => Search::Lt(if beside > 0 && kind == 9 { i64::MAX } else { one.count }, one.unit),
    }
}

/// Mostly a text of the list, so that equal ones are frequent; sometimes another one.
fn any_text(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![4 => select(of).prop_map(ToOwned::to_owned), 1 => "[abAB äÖ%_\\\\\"'.@é1\u{1F600}]{0,9}"]
}

const LABELS: &[&str] = &[
    "deploy",
    "Deploy",
    "DEPLOY bot",
    "Über-Schlüssel",
    "ÜBER",
    "100%",
    "100 %",
    "a_b",
    "aXb",
    "back\\slash",
    "it's",
    "say \"hi\"",
    " ",
    "",
    " lead",
    "ci",
    "%",
    "_",
    "\\",
    "\"'",
    "straße",
    "STRASSE",
];
const NAMES: &[&str] = &["Ada Ünal", "ada ünal", "Bob O'Neil", "Zoë", "Ärzte_GmbH", "deploy", "Émile \"E\" Æ"];
const EMAILS: &[&str] = &["ada@example.test", "Ada@Example.test", "o'neil+ci@example.test", "a_b@x.test", "zoë@x.test"];
const ODD_SEARCH_TERMS: &[&str] = &[
    "e",
    "A",
    "ü",
    "%",
    "_",
    "\\",
    "\"",
    "'",
    " ",
    "0%",
    "a_",
    "\\\\",
    "%%%",
    "___",
    "\"\"\"",
    "a%b",
    "' OR 1=1 --",
    "AND",
    "nowhere to be found",
    "zzz",
    "\u{1f}",
    "example.test",
    "ÜBER-SCHLÜSSEL",
    "\u{1F600}",
    "deploy*",
    "a\0b",
];

type RawToken = (String, String, String, Index, Option<Index>, Option<Index>, bool);

/// Tokens, and queries that find some of them.
pub fn any_case() -> impl Strategy<Value = (Vec<ApiToken>, Vec<ListQuery>)> {
    let times =
        (any::<Index>(), prop::option::weighted(0.8, any::<Index>()), prop::option::weighted(0.8, any::<Index>()));
    let token = (any_text(LABELS), any_text(NAMES), any_text(EMAILS), times, prop::bool::weighted(0.4))
        .prop_map(|(label, name, email, (made, used, ends), blocked)| (label, name, email, made, used, ends, blocked));
    // Part of a token's text: which token, which text, where, how long, in which letters.
    let part = (any::<Index>(), 0..4_usize, any::<Index>(), 1..=9_usize, 0..3_usize);
    let q = prop_oneof![3 => part.prop_map(Ok), 2 => select(ODD_SEARCH_TERMS).prop_map(Err)];
    let date = || prop::option::weighted(0.3, any_search());
    let sort = (subsequence(FIELDS.to_vec(), 1..=3).prop_shuffle(), prop::array::uniform3(any::<bool>()));
    let blocked = prop::option::weighted(0.4, any::<bool>());
    let status = (blocked, any::<bool>());
    let query = (prop::option::weighted(0.5, q), status, (date(), date(), date()), sort, 1..=7_i64);
    (prop::collection::vec(any_edge(), 8), prop::collection::vec(token, 45..70), prop::collection::vec(query, QUERIES))
        .prop_map(|(edges, tokens, queries)| {
            let tokens: Vec<_> = (0..).zip(tokens).map(|(n, raw)| make_random_token(n, &edges, raw)).collect();
            let queries =
                queries.into_iter().map(|(q, status, (created, last_active, expires), (fields, downs), size)| {
                    let date = |raw: Option<_>| raw.map(|raw| make_search(&edges, raw));
                    let (blocked, unexpired) = status;
                    ListQuery {
                        q: q.map(|q| match q {
                            Ok((token, text, at, length, letters)) => {
                                cut_text(token.get(&tokens), text, at, length, letters)
                            }
                            Err(fixed) => fixed.to_owned(),
                        }),
                        blocked,
                        created: date(created),
                        last_active: date(last_active),
                        expires: date(expires),
                        unexpired,
                        sort: fields
                            .into_iter()
                            .zip(downs)
                            .map(|(field, descending)| Order { field, descending })
                            .collect(),
                        size,
                    }
                });
            let queries = queries.collect();
            (tokens, queries)
        })
}

fn make_random_token(n: u32, edges: &[Edge], (label, name, email, made, used, ends, blocked): RawToken) -> ApiToken {
    let time = |edge: Index| from_micros(edge.get(edges).absolute());
    ApiToken {
        id: shuffled_id(n),
        label,
        blocked,
        scopes: if blocked { vec!["read:jira-work".to_owned()] } else { Vec::new() },
        created_at: time(made),
        expires_at: ends.map(time),
        last_active_at: used.map(time),
        user: User { id: "712020:one".to_owned(), name, email },
    }
}

/// Makes ids that are not in the order in which records are added.
pub fn shuffled_id(n: u32) -> String {
    format!("{:08x}", n.wrapping_mul(2_654_435_761))
}

/// Cuts a part out of a text of the token. The fourth text is two fields together, because no search may find what
/// begins in one field and ends in the next.
fn cut_text(token: &ApiToken, text: usize, at: Index, length: usize, letters: usize) -> String {
    let (label, User { name, email, .. }) = (&token.label, &token.user);
    let text = [label.clone(), name.clone(), email.clone(), format!("{label}{name}")][text].clone();
    let start = at.index(text.chars().count().max(1));
    let part: String = text.chars().skip(start).take(length).collect();
    let part = [part.clone(), part.to_lowercase(), part.to_uppercase()][letters].clone();
    // An empty `q` is no `q`.
    if part.is_empty() { "e".to_owned() } else { part }
}

/// How many queries there are for the tokens of one case.
const QUERIES: usize = 14;
