//! Lists that are filtered, sorted and paged by key: what the databases answer is what a model in plain Rust answers.

mod cases;
mod model;

use std::collections::HashSet;

use locum::{
    core::{
        clock::{Time, from_micros, micros},
        now::Now,
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
    test_runner::{Config, TestRunner},
};

use crate::support::{Database, TestApp, apply, on_both_databases};
use cases::{any_case, shuffled_id};
use model::{ListQuery, check, compare, expect_pages, now, order_by, query_database, store_tokens, walk};

const CASES: u32 = 80;

#[test]
fn both_databases_answer_what_the_model_answers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = async { tokio::join!(TestApp::start(Database::Sqlite), TestApp::start(Database::Postgres)) };
    let (sqlite, postgres) = runtime.block_on(start);
    let codes = std::cell::Cell::new(7_000_000);
    let config = Config { cases: CASES, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&any_case(), |(tokens, queries)| {
            let code = codes.replace(codes.get() + 1);
            runtime.block_on(async {
                let (in_sqlite, in_postgres) =
                    tokio::join!(store_tokens(&sqlite, code, &tokens), store_tokens(&postgres, code, &tokens));
                for query in &queries {
                    let (of_sqlite, of_postgres) = tokio::join!(
                        query_database(&sqlite, in_sqlite, query),
                        query_database(&postgres, in_postgres, query)
                    );
                    let of = |database| move |error| TestCaseError::fail(format!("{database}: {error}"));
                    compare(&tokens, query, &of_sqlite).map_err(of("SQLite"))?;
                    compare(&tokens, query, &of_postgres).map_err(of("PostgreSQL"))?;
                }
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn no_list_skips_rows() {
    for file in ["listing", "search_plan", "api_token", "api_key", "oauth_client", "service_account"] {
        let source =
            std::fs::read_to_string(format!("{}/src/services/atlassian/store/{file}.rs", env!("CARGO_MANIFEST_DIR")))
                .unwrap();
        let mut words = source.split(|c: char| !c.is_alphanumeric() && c != '_');
        assert!(words.all(|word| !word.eq_ignore_ascii_case("offset")), "{file}.rs");
    }
}

/// A number that looks random, but is the same in every run.
fn scramble(n: u32, salt: u32) -> u32 {
    (n.wrapping_add(salt.wrapping_mul(97)).wrapping_mul(2_654_435_761) >> 7) ^ salt
}

fn ago(minutes: u32) -> Time {
    from_micros(micros(now()) - i64::from(minutes) * 60_000_000)
}

/// A token with a label of its own, and times that others have too.
fn make_token(n: u32, label: String) -> ApiToken {
    let (person, used) = (scramble(n, 1) % 40, scramble(n, 2) % 60);
    ApiToken {
        id: shuffled_id(n),
        label,
        blocked: scramble(n, 3).is_multiple_of(5),
        scopes: Vec::new(),
        created_at: ago(1_000 + scramble(n, 4) % 50),
        expires_at: (!scramble(n, 5).is_multiple_of(4)).then(|| ago(scramble(n, 6) % 30)),
        last_active_at: (used > 9).then(|| ago(used)),
        user: User {
            id: format!("712020:{person}"),
            name: format!("Person {person:02} Ö'{}", char::from(b'A' + u8::try_from(person % 26).unwrap())),
            email: format!("p{person}@Example.{}", if person == 7 { "Tv" } else { "test" }),
        },
    }
}

/// 2,500 tokens: most alike, few with something to find.
fn make_many_tokens(count: u32) -> Vec<ApiToken> {
    let label = |n: u32| match scramble(n, 7) % 500 {
        0 => format!("a Needle in the hay {n}"),
        1 => format!("\"Quote's\" 100%_\\x {n}"),
        2 => "abcd bcde".to_owned(),
        3 => "xx abcde".to_owned(),
        4 => "The-Quick-Brown-Fox-Jumps-Over-The-Lazy-Dog".to_owned(),
        5 => "The-Quick-Brown-Fox-Jumps-Over-The-Lazy-Cat".to_owned(),
        6..20 => format!("ÜBER-Schlüssel {n}"),
        20 => format!("Zq {n}"),
        _ => format!("Token {n:04}"),
    };
    (0..count).map(|n| make_token(n, label(n))).collect()
}

const SEARCH_TERMS: &[&str] = &[
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
    "e",
    "ON",
    "zq",
    "qz",
    "q",
    // Only at the end of what is searched.
    "tv",
    ".t",
    "%",
    "_",
    "\\",
    "'s",
    "ß",
    "nowhere",
    "00@",
];

/// The ends of the list live: a page that was emptied leads back past the record that it began behind.
#[apply(on_both_databases)]
async fn what_stays_is_met_once_each_way_while_others_go(app: TestApp) {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
    let sorts: [&[(SortField, bool)]; 3] = [
        &[(SortField::LastActiveAt, true)],
        &[(SortField::Label, false)],
        &[(SortField::PersonName, false), (SortField::ExpiresAt, true), (SortField::LastActiveAt, false)],
    ];
    for (code, sort) in (7_100_000..).zip(sorts) {
        let query = ListQuery { sort: order_by(sort), size: 7, ..ListQuery::default() };
        let label = |n| format!("Token {} {n}", scramble(n, 8) % 300);
        let tokens: Vec<_> = (0..300).map(|n| make_token(n, label(n))).collect();
        let organization = store_tokens(&app, code, &tokens).await;
        let in_order = expect_pages(&tokens, &query).concat();
        let mut living: Vec<&ApiToken> = in_order[1..299].iter().collect();
        let (mut gone, mut step) = (HashSet::new(), 0);
        let walked = walk(&query, async |of| {
            let mut db = app.app.db.read().await.unwrap();
            let slice =
                atlassian_store::api_token::page(&mut db, organization, &Filter::default(), of, &Now::at(now()))
                    .await
                    .unwrap();
            drop(db);
            for token in &slice.items {
                assert!(!gone.contains(&token.id), "{} was revoked before", token.label);
            }
            // Every third time those that the cursors were made of go too.
            step += 1;
            let ends = slice.items.first().into_iter().chain(slice.items.last()).filter(|_| step % 3 == 0);
            let mut victims: Vec<ApiToken> = ends.cloned().collect();
            victims.extend((0..2).map(|salt| living[scramble(step, salt) as usize % living.len()].clone()));
            victims.retain(|victim| living.iter().any(|token| token.id == victim.id));
            for victim in victims {
                let mut db = app.app.db.write(space).await.unwrap();
                atlassian_store::api_token::make_way(&mut db, organization, &victim).await.unwrap();
                db.commit().await.unwrap();
                living.retain(|token| (&token.user.id, &token.label) != (&victim.user.id, &victim.label));
                gone.insert(victim.id);
            }
            slice
        })
        .await;
        assert!(gone.len() > 90 && living.len() > 90, "{} are gone, {} live", gone.len(), living.len());
        let [forward, mut backward] = walked;
        backward.extend(forward.last().cloned());
        for met in [forward.concat(), backward.concat()] {
            let place = |token: &ApiToken| in_order.iter().position(|t| t.id == token.id).unwrap();
            assert!(met.is_sorted_by(|a, b| place(a) < place(b)), "nothing is met twice, or out of order");
            assert!(living.iter().all(|token| met.contains(token)), "what stays is met");
            assert!(met.contains(&in_order[0]) && met.contains(&in_order[299]));
        }
        assert_eq!(query_database(&app, organization, &query).await.1, i64::try_from(living.len() + 2).unwrap());
    }
}

#[apply(on_both_databases)]
async fn an_emptied_page_leads_back_to_the_record_it_was_reached_from(app: TestApp) {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
    let tokens: Vec<_> = (0..6).map(|n| make_token(n, format!("t{n}"))).collect();
    for (code, gone, survivors) in [(7_150_000, 3..6, 0..3), (7_150_001, 0..3, 3..6)] {
        let organization = store_tokens(&app, code, &tokens).await;
        let page = async |cursor: Cursor| {
            let of = PageRequest { sort: order_by(&[(SortField::Label, false)]), cursor, size: 3 };
            let mut db = app.app.db.read().await.unwrap();
            atlassian_store::api_token::page(&mut db, organization, &Filter::default(), &of, &Now::at(now()))
                .await
                .unwrap()
        };
        let first = page(Cursor::Start).await;
        let second = page(first.next.clone().unwrap()).await;
        let mut db = app.app.db.write(space).await.unwrap();
        for token in &tokens[gone.clone()] {
            atlassian_store::api_token::make_way(&mut db, organization, token).await.unwrap();
        }
        db.commit().await.unwrap();
        let forward = gone.start == 3;
        let emptied = page(if forward { first.next.unwrap() } else { second.prev.unwrap() }).await;
        assert!(emptied.items.is_empty());
        let back = page(if forward { emptied.prev.unwrap() } else { emptied.next.unwrap() }).await;
        assert_eq!(back.items, tokens[survivors]);
    }
}

#[apply(on_both_databases)]
async fn a_large_list_is_searched_as_a_small_one(app: TestApp) {
    let (ours, mut theirs) = (make_many_tokens(2_500), make_many_tokens(2_100));
    for token in &mut theirs {
        token.id.push('t');
    }
    let organization = store_tokens(&app, 7_200_000, &ours).await;
    let other = store_tokens(&app, 7_200_001, &theirs).await;
    let last_active = Some(Search::Gt(20, Unit::Minute));
    for (n, q) in (0_u32..).zip(SEARCH_TERMS) {
        let q = Some((*q).to_owned());
        let sort = order_by(
            [
                &[(SortField::LastActiveAt, true)][..],
                &[(SortField::Label, false)],
                &[(SortField::PersonName, true), (SortField::CreatedAt, false)],
            ][n as usize % 3],
        );
        let query = ListQuery { q, sort, size: 300, ..ListQuery::default() };
        let is_rare = expect_pages(&ours, &query).concat().len() < 60;
        let queries = [
            ListQuery { blocked: Some(n.is_multiple_of(2)), last_active, ..query.clone() },
            ListQuery { size: if is_rare { 3 } else { 499 }, ..query.clone() },
            query,
        ];
        for query in &queries {
            check(&ours, query, &query_database(&app, organization, query).await);
        }
        check(&theirs, &queries[2], &query_database(&app, other, &queries[2]).await);
    }
    let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
    let nothing = async |q: &str| {
        let query = ListQuery {
            q: Some(q.to_owned()),
            sort: order_by(&[(SortField::Label, true)]),
            size: 5,
            ..ListQuery::default()
        };
        check(&[], &query, &query_database(&app, organization, &query).await);
    };
    let mut db = app.app.db.write(space).await.unwrap();
    assert!(atlassian_store::api_token::revoke_all(&mut db, organization).await.unwrap());
    assert!(!atlassian_store::api_token::revoke_all(&mut db, organization).await.unwrap());
    db.commit().await.unwrap();
    for q in SEARCH_TERMS {
        nothing(q).await;
    }
    // Others take the places of those that are gone: the index is asked again, and only they are found.
    let later: Vec<_> = (0..2_100).map(|n| make_token(n, format!("later {n}"))).collect();
    assert_eq!(store_tokens(&app, 7_200_000, &later).await, organization);
    for q in ["token", "needle", "abcde", "lazy-cat", "\"qu"] {
        nothing(q).await;
    }
    for (organization, tokens) in [(organization, &later), (other, &theirs)] {
        let q = Some("r 20".to_owned());
        let query = ListQuery { q, sort: order_by(&[(SortField::Label, true)]), size: 50, ..ListQuery::default() };
        check(tokens, &query, &query_database(&app, organization, &query).await);
    }
}

/// Whichever of the ways to find rows is taken: by how many rows a filter lets through, and how they are sorted.
#[apply(on_both_databases)]
async fn a_large_list_is_filtered_by_dates_as_a_small_one(app: TestApp) {
    let tokens = make_many_tokens(2_500);
    let organization = store_tokens(&app, 7_400_000, &tokens).await;
    let all = ListQuery { size: 400, ..ListQuery::default() };
    let (created, last_active, expires) = (SortField::CreatedAt, SortField::LastActiveAt, SortField::ExpiresAt);
    let (most, few) = (Some(Search::Gt(1_000, Unit::Minute)), Some(Search::Lt(1_003, Unit::Minute)));
    let minutes_ago = |minutes: u32| Some(micros(ago(minutes)));
    let filters = [
        ListQuery { created: most, ..all.clone() },
        ListQuery { created: few, ..all.clone() },
        ListQuery { created: most, blocked: Some(true), ..all.clone() },
        ListQuery { created: most, q: Some("zq".to_owned()), ..all.clone() },
        ListQuery { created: few, q: Some("e".to_owned()), blocked: Some(false), ..all.clone() },
        ListQuery { last_active: Some(Search::Range(minutes_ago(59), minutes_ago(11))), ..all.clone() },
        ListQuery { last_active: Some(Search::Lt(12, Unit::Minute)), created: most, ..all.clone() },
        ListQuery { expires: Some(Search::Range(None, minutes_ago(0))), q: Some("ö".to_owned()), ..all.clone() },
        ListQuery { expires: Some(Search::Range(minutes_ago(1), None)), created: most, ..all.clone() },
        ListQuery { blocked: Some(true), ..all.clone() },
        ListQuery { created: Some(Search::Gt(9, Unit::Week)), ..all.clone() },
    ];
    let sorts: [&[(SortField, bool)]; 4] = [
        &[(created, true)],
        &[(last_active, true)],
        &[(SortField::Label, false)],
        &[(SortField::PersonName, false), (created, true), (expires, false)],
    ];
    for (n, filter) in filters.iter().enumerate() {
        for (m, sort) in sorts.into_iter().enumerate() {
            let query = ListQuery { sort: order_by(sort), unexpired: (n + m).is_multiple_of(2), ..filter.clone() };
            check(&tokens, &query, &query_database(&app, organization, &query).await);
        }
    }
}

#[apply(on_both_databases)]
async fn keys_are_listed_by_the_same_rules(app: TestApp) {
    let key = |n: u32| {
        let ApiToken { id, created_at, last_active_at, user, .. } = make_token(n, String::new());
        let label = format!("{} {n}", ["Key", "key", "Über", "über", "100%_\\"][n as usize % 5]);
        let user = User { name: ["Zoë", "ada", "Ada"][n as usize % 3].to_owned(), ..user };
        let last_active_at = last_active_at.unwrap_or(created_at);
        ApiKey { id, label, scopes: None, created_at, expires_at: ago(n % 4), last_active_at, created_by: user }
    };
    let keys: Vec<ApiKey> = (0..24).map(key).collect();
    let organization = store_tokens(&app, 7_300_000, &[]).await;
    let space = app.app.space(DEFAULT_SPACE).await.unwrap().id;
    let mut db = app.app.db.write(space).await.unwrap();
    for key in &keys {
        let token = PlainToken::new(format!("a key named {}", key.label));
        assert!(atlassian_store::api_key::issue(&mut db, &app.app.keyring, organization, key, &token).await.unwrap());
    }
    db.commit().await.unwrap();
    let fields = [SortField::Label, SortField::PersonName, SortField::ExpiresAt];
    let mut sorts: Vec<Vec<Order>> =
        fields.iter().flat_map(|f| [order_by(&[(*f, false)]), order_by(&[(*f, true)])]).collect();
    sorts.push(order_by(&[(SortField::PersonName, false), (SortField::ExpiresAt, true)]));
    sorts.push(order_by(&[(SortField::ExpiresAt, true), (SortField::PersonName, true), (SortField::Label, false)]));
    let asked = [
        ListQuery::default(),
        ListQuery { q: Some("ÜBER".to_owned()), ..ListQuery::default() },
        ListQuery { q: Some("%_".to_owned()), ..ListQuery::default() },
        ListQuery { expires: Some(Search::RangeTime(Some(-120_000_000), Some(-60_000_000))), ..ListQuery::default() },
        ListQuery {
            expires: Some(Search::Lt(0, Unit::Day)),
            last_active: Some(Search::Gt(30, Unit::Minute)),
            ..ListQuery::default()
        },
    ];
    let mut db = app.app.db.read().await.unwrap();
    for (size, sort) in (1..).zip(sorts) {
        for query in &asked {
            let query = ListQuery { sort: sort.clone(), size, ..query.clone() };
            let filter = query.filter();
            let count = atlassian_store::api_key::count(&mut db, organization, &filter, &Now::at(now())).await.unwrap();
            let page = async |of: &_| {
                atlassian_store::api_key::page(&mut db, organization, &filter, of, &Now::at(now())).await.unwrap()
            };
            let walked = walk(&query, page).await;
            check(&keys, &query, &(walked, count));
        }
    }
}
