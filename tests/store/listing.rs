//! Lists that are filtered, sorted and paged by key: what the databases answer is what a model in plain Rust answers.

mod model;

use std::collections::HashSet;

use locum::{
    core::{
        clock::{Time, from_micros, micros},
        token::PlainToken,
    },
    domain::organization::DEFAULT_SPACE,
    services::atlassian::{
        domain::{
            api_access::User,
            api_key::ApiKey,
            api_token::ApiToken,
            date_filter::{Search, Unit},
            listing::{Cursor, Filter, Order, PageRequest, SortField},
        },
        store as atlassian_store,
    },
};
use proptest::{
    prelude::*,
    sample::{Index, select, subsequence},
    test_runner::{Config, TestRunner},
};

use crate::support::{Database, TestApp};
use model::{Wish, ask, by, check, compare, distance, keep, now, pages, walk};

const FIELDS: [SortField; 5] =
    [SortField::Label, SortField::PersonName, SortField::CreatedAt, SortField::ExpiresAt, SortField::LastActiveAt];
const UNITS: [Unit; 4] = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Week];

/// A moment on one of the edges that filters have, or a microsecond beside it.
#[derive(Debug, Clone, Copy)]
struct Edge {
    sign: i64,
    count: i64,
    unit: Unit,
    beside: i64,
}

impl Edge {
    fn ahead(self) -> i64 {
        self.sign * i64::try_from(distance(self.count, self.unit)).unwrap() + self.beside
    }

    fn absolute(self) -> i64 {
        micros(now()) + self.ahead()
    }
}

fn edge() -> impl Strategy<Value = Edge> {
    (select(vec![-1, 1]), 0..4_i64, select(UNITS.to_vec()), -1..=1_i64).prop_map(|(sign, count, unit, beside)| Edge {
        sign,
        count,
        unit,
        beside,
    })
}

/// How a date is searched for, from two of the edges.
fn search() -> impl Strategy<Value = (Index, Index, i64, usize)> {
    (any::<Index>(), any::<Index>(), -1..=1_i64, 0..12_usize)
}

fn search_of(edges: &[Edge], (one, other, beside, kind): (Index, Index, i64, usize)) -> Search {
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

/// Few, so that equal ones are frequent, and some that no list names.
fn text(of: &'static [&'static str]) -> impl Strategy<Value = String> {
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
const PARTS: &[&str] = &[
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

/// Tokens, and wishes that concern them.
fn case() -> impl Strategy<Value = (Vec<ApiToken>, Vec<Wish>)> {
    let times =
        (any::<Index>(), prop::option::weighted(0.8, any::<Index>()), prop::option::weighted(0.8, any::<Index>()));
    let token = (text(LABELS), text(NAMES), text(EMAILS), times, prop::bool::weighted(0.4))
        .prop_map(|(label, name, email, (made, used, ends), blocked)| (label, name, email, made, used, ends, blocked));
    // Part of a token's text: which token, which text, where, how long, in which letters.
    let part = (any::<Index>(), 0..4_usize, any::<Index>(), 1..=9_usize, 0..3_usize);
    let q = prop_oneof![3 => part.prop_map(Ok), 2 => select(PARTS).prop_map(Err)];
    let date = || prop::option::weighted(0.3, search());
    let sort = (subsequence(FIELDS.to_vec(), 1..=3).prop_shuffle(), prop::array::uniform3(any::<bool>()));
    let blocked = prop::option::weighted(0.4, any::<bool>());
    let wish = (prop::option::weighted(0.5, q), blocked, (date(), date(), date()), sort, 1..=7_i64);
    (prop::collection::vec(edge(), 8), prop::collection::vec(token, 45..70), prop::collection::vec(wish, WISHES))
        .prop_map(|(edges, tokens, wishes)| {
            let tokens: Vec<_> = (0..).zip(tokens).map(|(n, raw)| token_of(n, &edges, raw)).collect();
            let wishes =
                wishes.into_iter().map(|(q, blocked, (created, last_active, expires), (fields, downs), size)| {
                    let date = |raw: Option<_>| raw.map(|raw| search_of(&edges, raw));
                    Wish {
                        q: q.map(|q| match q {
                            Ok((token, text, at, length, letters)) => {
                                part_of(token.get(&tokens), text, at, length, letters)
                            }
                            Err(fixed) => fixed.to_owned(),
                        }),
                        blocked,
                        created: date(created),
                        last_active: date(last_active),
                        expires: date(expires),
                        sort: fields
                            .into_iter()
                            .zip(downs)
                            .map(|(field, descending)| Order { field, descending })
                            .collect(),
                        size,
                    }
                });
            let wishes = wishes.collect();
            (tokens, wishes)
        })
}

fn token_of(n: u32, edges: &[Edge], (label, name, email, made, used, ends, blocked): RawToken) -> ApiToken {
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

/// Ids that say nothing of the order in which records were added.
fn shuffled_id(n: u32) -> String {
    format!("{:08x}", n.wrapping_mul(2_654_435_761))
}

/// The fourth text is two fields together, which no part is to be found across.
fn part_of(token: &ApiToken, text: usize, at: Index, length: usize, letters: usize) -> String {
    let (label, User { name, email, .. }) = (&token.label, &token.user);
    let text = [label.clone(), name.clone(), email.clone(), format!("{label}{name}")][text].clone();
    let start = at.index(text.chars().count().max(1));
    let part: String = text.chars().skip(start).take(length).collect();
    let part = [part.clone(), part.to_lowercase(), part.to_uppercase()][letters].clone();
    // An empty `q` is no `q`.
    if part.is_empty() { "e".to_owned() } else { part }
}

const CASES: u32 = 80;
const WISHES: usize = 14;

#[test]
fn both_databases_answer_what_the_model_answers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = async { tokio::join!(TestApp::start(Database::Sqlite), TestApp::start(Database::Postgres)) };
    let (sqlite, postgres) = runtime.block_on(start);
    let codes = std::cell::Cell::new(7_000_000);
    let config = Config { cases: CASES, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&case(), |(tokens, wishes)| {
            let code = codes.replace(codes.get() + 1);
            runtime.block_on(async {
                let (in_sqlite, in_postgres) =
                    tokio::join!(keep(&sqlite, code, &tokens), keep(&postgres, code, &tokens));
                for wish in &wishes {
                    let (of_sqlite, of_postgres) =
                        tokio::join!(ask(&sqlite, in_sqlite, wish), ask(&postgres, in_postgres, wish));
                    let of = |database| move |error| TestCaseError::fail(format!("{database}: {error}"));
                    compare(&tokens, wish, &of_sqlite).map_err(of("SQLite"))?;
                    compare(&tokens, wish, &of_postgres).map_err(of("PostgreSQL"))?;
                }
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn no_list_skips_rows() {
    for file in ["listing", "api_token", "api_key", "oauth_client", "service_account"] {
        let source =
            std::fs::read_to_string(format!("{}/src/services/atlassian/store/{file}.rs", env!("CARGO_MANIFEST_DIR")))
                .unwrap();
        let mut words = source.split(|c: char| !c.is_alphanumeric() && c != '_');
        assert!(words.all(|word| !word.eq_ignore_ascii_case("offset")), "{file}.rs");
    }
}

/// Numbers that look thrown, and are the same in every run.
fn thrown(n: u32, salt: u32) -> u32 {
    (n.wrapping_add(salt.wrapping_mul(97)).wrapping_mul(2_654_435_761) >> 7) ^ salt
}

fn ago(minutes: u32) -> Time {
    from_micros(micros(now()) - i64::from(minutes) * 60_000_000)
}

/// A token with a label of its own, and times that others have too.
fn plain_token(n: u32, label: String) -> ApiToken {
    let (person, used) = (thrown(n, 1) % 40, thrown(n, 2) % 60);
    ApiToken {
        id: shuffled_id(n),
        label,
        blocked: thrown(n, 3).is_multiple_of(5),
        scopes: Vec::new(),
        created_at: ago(1_000 + thrown(n, 4) % 50),
        expires_at: (!thrown(n, 5).is_multiple_of(4)).then(|| ago(thrown(n, 6) % 30)),
        last_active_at: (used > 9).then(|| ago(used)),
        user: User {
            id: format!("712020:{person}"),
            name: format!("Person {person:02} Ö'{}", char::from(b'A' + u8::try_from(person % 26).unwrap())),
            email: format!("p{person}@Example.test"),
        },
    }
}

/// 2,500 tokens: most alike, few with something to find.
fn crowd(count: u32) -> Vec<ApiToken> {
    let label = |n: u32| match thrown(n, 7) % 500 {
        0 => format!("a Needle in the hay {n}"),
        1 => format!("\"Quote's\" 100%_\\x {n}"),
        2 => "abcd bcde".to_owned(),
        3 => "xx abcde".to_owned(),
        4 => "The-Quick-Brown-Fox-Jumps-Over-The-Lazy-Dog".to_owned(),
        5 => "The-Quick-Brown-Fox-Jumps-Over-The-Lazy-Cat".to_owned(),
        6..20 => format!("ÜBER-Schlüssel {n}"),
        _ => format!("Token {n:04}"),
    };
    (0..count).map(|n| plain_token(n, label(n))).collect()
}

const SOUGHT: &[&str] = &[
    "token",
    "TOKEN 0",
    "en 07",
    "needle",
    "A NEEDLE IN THE HAY 1",
    "hay",
    "\"qu",
    "e's\"",
    "'s\" 100%_\\X",
    "0%_",
    "_\\x",
    "%_\\",
    "\"\"\"",
    "%%%",
    "___",
    "abcde",
    "cd b",
    "lazy-cat",
    "the-quick-brown-fox-jumps-over-the-lazy-cat",
    "über-schl",
    "ÜSS",
    "ö'a",
    "p1",
    "P12@",
    "example.test",
    "person 39",
    "ü",
    "9",
    "nowhere",
    "00@",
];

crate::on_both! {
    /// The ends of the list live: a page that was emptied leads back past the record that it began behind.
    async fn what_stays_is_met_once_each_way_while_others_go(app: TestApp) {
        let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
        let sorts: [&[(SortField, bool)]; 3] = [
            &[(SortField::LastActiveAt, true)],
            &[(SortField::Label, false)],
            &[(SortField::PersonName, false), (SortField::ExpiresAt, true), (SortField::LastActiveAt, false)],
        ];
        for (code, sort) in (7_100_000..).zip(sorts) {
            let wish = Wish { sort: by(sort), size: 7, ..Wish::default() };
            let label = |n| format!("Token {} {n}", thrown(n, 8) % 300);
            let tokens: Vec<_> = (0..300).map(|n| plain_token(n, label(n))).collect();
            let organization = keep(&app, code, &tokens).await;
            let in_order = pages(&tokens, &wish).concat();
            let mut living: Vec<&ApiToken> = in_order[1..299].iter().collect();
            let (mut gone, mut step) = (HashSet::new(), 0);
            let walked = walk(&wish, async |of| {
                let mut db = app.app.db.read().await.unwrap();
                let slice = atlassian_store::api_token::page(&mut db, organization, &Filter::default(), of).await.unwrap();
                drop(db);
                for token in &slice.items {
                    assert!(!gone.contains(&token.id), "{} was revoked before", token.label);
                }
                // Every third time those that the cursors were made of go too.
                step += 1;
                let ends = slice.items.first().into_iter().chain(slice.items.last()).filter(|_| step % 3 == 0);
                let mut victims: Vec<ApiToken> = ends.cloned().collect();
                victims.extend((0..2).map(|salt| living[thrown(step, salt) as usize % living.len()].clone()));
                victims.retain(|victim| living.iter().any(|token| token.id == victim.id));
                for victim in victims {
                    let mut db = app.app.db.write(space).await.unwrap();
                    atlassian_store::api_token::forget(&mut db, organization, &victim.user.id, &victim.label).await.unwrap();
                    db.commit().await.unwrap();
                    living.retain(|token| (&token.user.id, &token.label) != (&victim.user.id, &victim.label));
                    gone.insert(victim.id);
                }
                slice
            }).await;
            assert!(gone.len() > 90 && living.len() > 90, "{} are gone, {} live", gone.len(), living.len());
            let [forward, mut backward] = walked;
            backward.extend(forward.last().cloned());
            for met in [forward.concat(), backward.concat()] {
                let place = |token: &ApiToken| in_order.iter().position(|t| t.id == token.id).unwrap();
                assert!(met.is_sorted_by(|a, b| place(a) < place(b)), "nothing is met twice, or out of order");
                assert!(living.iter().all(|token| met.contains(token)), "what stays is met");
                assert!(met.contains(&in_order[0]) && met.contains(&in_order[299]));
            }
            assert_eq!(ask(&app, organization, &wish).await.1, i64::try_from(living.len() + 2).unwrap());
        }
    }

    async fn an_emptied_page_leads_back_to_the_record_it_was_reached_from(app: TestApp) {
        let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
        let tokens: Vec<_> = (0..6).map(|n| plain_token(n, format!("t{n}"))).collect();
        for (code, gone, survivors) in [(7_150_000, 3..6, 0..3), (7_150_001, 0..3, 3..6)] {
            let organization = keep(&app, code, &tokens).await;
            let page = async |cursor: Cursor| {
                let of = PageRequest { sort: by(&[(SortField::Label, false)]), cursor, size: 3 };
                let mut db = app.app.db.read().await.unwrap();
                atlassian_store::api_token::page(&mut db, organization, &Filter::default(), &of).await.unwrap()
            };
            let first = page(Cursor::Start).await;
            let second = page(first.next.clone().unwrap()).await;
            let mut db = app.app.db.write(space).await.unwrap();
            for token in &tokens[gone.clone()] {
                atlassian_store::api_token::forget(&mut db, organization, &token.user.id, &token.label).await.unwrap();
            }
            db.commit().await.unwrap();
            let forward = gone.start == 3;
            let emptied = page(if forward { first.next.unwrap() } else { second.prev.unwrap() }).await;
            assert!(emptied.items.is_empty());
            let back = page(if forward { emptied.prev.unwrap() } else { emptied.next.unwrap() }).await;
            assert_eq!(back.items, tokens[survivors]);
        }
    }

    async fn a_large_list_is_searched_as_a_small_one(app: TestApp) {
        let (ours, mut theirs) = (crowd(2_500), crowd(2_100));
        for token in &mut theirs {
            token.id.push('t');
        }
        let organization = keep(&app, 7_200_000, &ours).await;
        let other = keep(&app, 7_200_001, &theirs).await;
        let last_active = Some(Search::Gt(20, Unit::Minute));
        for (n, q) in (0_u32..).zip(SOUGHT) {
            let q = Some((*q).to_owned());
            let sort = by([
                &[(SortField::LastActiveAt, true)][..],
                &[(SortField::Label, false)],
                &[(SortField::PersonName, true), (SortField::CreatedAt, false)],
            ][n as usize % 3]);
            let wish = Wish { q, sort, size: 300, ..Wish::default() };
            let is_rare = pages(&ours, &wish).concat().len() < 60;
            let wishes = [
                Wish { blocked: Some(n.is_multiple_of(2)), last_active, ..wish.clone() },
                Wish { size: if is_rare { 3 } else { 499 }, ..wish.clone() },
                wish,
            ];
            for wish in &wishes {
                check(&ours, wish, &ask(&app, organization, wish).await);
            }
            check(&theirs, &wishes[2], &ask(&app, other, &wishes[2]).await);
        }
        let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
        let nothing = async |q: &str| {
            let wish = Wish { q: Some(q.to_owned()), sort: by(&[(SortField::Label, true)]), size: 5, ..Wish::default() };
            check(&[], &wish, &ask(&app, organization, &wish).await);
        };
        let mut db = app.app.db.write(space).await.unwrap();
        assert!(atlassian_store::api_token::revoke_all(&mut db, organization).await.unwrap());
        assert!(!atlassian_store::api_token::revoke_all(&mut db, organization).await.unwrap());
        db.commit().await.unwrap();
        for q in SOUGHT {
            nothing(q).await;
        }
        // Others take the places of those that are gone: the index is asked again, and only they are found.
        let later: Vec<_> = (0..2_100).map(|n| plain_token(n, format!("later {n}"))).collect();
        assert_eq!(keep(&app, 7_200_000, &later).await, organization);
        for q in ["token", "needle", "abcde", "lazy-cat", "\"qu"] {
            nothing(q).await;
        }
        for (organization, tokens) in [(organization, &later), (other, &theirs)] {
            let q = Some("r 20".to_owned());
            let wish = Wish { q, sort: by(&[(SortField::Label, true)]), size: 50, ..Wish::default() };
            check(tokens, &wish, &ask(&app, organization, &wish).await);
        }
    }

    async fn keys_are_listed_by_the_same_rules(app: TestApp) {
        let key = |n: u32| {
            let ApiToken { id, created_at, last_active_at, user, .. } = plain_token(n, String::new());
            let label = format!("{} {n}", ["Key", "key", "Über", "über", "100%_\\"][n as usize % 5]);
            let user = User { name: ["Zoë", "ada", "Ada"][n as usize % 3].to_owned(), ..user };
            ApiKey { id, label, scopes: None, created_at, expires_at: ago(n % 4), last_active_at, created_by: user }
        };
        let keys: Vec<ApiKey> = (0..24).map(key).collect();
        let organization = keep(&app, 7_300_000, &[]).await;
        let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
        let mut db = app.app.db.write(space).await.unwrap();
        for key in &keys {
            let token = PlainToken::new(format!("a key named {}", key.label));
            assert!(atlassian_store::api_key::issue(&mut db, &app.app.keyring, organization, key, &token).await.unwrap());
        }
        db.commit().await.unwrap();
        let fields = [SortField::Label, SortField::PersonName, SortField::ExpiresAt];
        let mut sorts: Vec<Vec<Order>> = fields.iter().flat_map(|f| [by(&[(*f, false)]), by(&[(*f, true)])]).collect();
        sorts.push(by(&[(SortField::PersonName, false), (SortField::ExpiresAt, true)]));
        sorts.push(by(&[(SortField::ExpiresAt, true), (SortField::PersonName, true), (SortField::Label, false)]));
        let asked = [
            Wish::default(),
            Wish { q: Some("ÜBER".to_owned()), ..Wish::default() },
            Wish { q: Some("%_".to_owned()), ..Wish::default() },
            Wish { expires: Some(Search::RangeTime(Some(-120_000_000), Some(-60_000_000))), ..Wish::default() },
            Wish {
                expires: Some(Search::Lt(0, Unit::Day)),
                last_active: Some(Search::Gt(30, Unit::Minute)),
                ..Wish::default()
            },
        ];
        let mut db = app.app.db.read().await.unwrap();
        for (size, sort) in (1..).zip(sorts) {
            for wish in &asked {
                let wish = Wish { sort: sort.clone(), size, ..wish.clone() };
                let filter = wish.filter();
                let count = atlassian_store::api_key::count(&mut db, organization, &filter).await.unwrap();
                let page = async |of: &_| atlassian_store::api_key::page(&mut db, organization, &filter, of).await.unwrap();
                let walked = walk(&wish, page).await;
                check(&keys, &wish, &(walked, count));
            }
        }
    }
}
