//! The vendors' pages: lists that are whole however long they are, links that lead nowhere else, and what was done.

use serde_json::{Value, json};

use super::{Reader, button, plain};
use crate::support::{Answer, Database, FULL_KEY, Role, TestApp, apply, on_both_databases};

/// The names in the rows of the table below a heading, as far as its page shows them.
fn rows(page: &Answer, heading: &str) -> Vec<String> {
    let section = page.text().split(&format!("<h2 id=\"{heading}\"")).nth(1).unwrap();
    let table = section.split("<h2").next().unwrap().split("<tbody>").nth(1).unwrap_or_default();
    let cells = table.split("<th scope=\"row\">").skip(1);
    // The first text, in whatever it stands.
    let name = |cell: &str| {
        let mut texts = cell.split('<').map(|part| part.rsplit_once('>').map_or(part, |(_, text)| text));
        plain(texts.find(|text| !text.is_empty()).unwrap())
    };
    cells.map(name).collect()
}

/// The same of the list below a heading.
fn link_below(page: &Answer, heading: &str, title: &str) -> Option<String> {
    find_link(page.text().split(&format!("<h2 id=\"{heading}\"")).nth(1)?.split("<h2").next()?, title)
}

/// Where a link of the page leads, by what it says; of several, the last.
fn link(page: &Answer, title: &str) -> Option<String> {
    find_link(page.text(), title)
}

fn find_link(html: &str, title: &str) -> Option<String> {
    let before = html.rsplit_once(&format!("\">{title}</a>"))?.0;
    let href = before.rsplit_once("href=\"")?.1;
    Some(plain(href).strip_prefix("/_emulator/ui").unwrap().to_owned())
}

/// All rows of a list, page by page, forwards; and how many rows there were on the way back.
async fn walk(reader: &mut Reader<'_>, path: &str, heading: &str) -> (Vec<String>, usize) {
    let mut page = reader.open(path).await;
    let mut seen = rows(&page, heading);
    while let Some(next) = link_below(&page, heading, "Next page") {
        page = reader.open(&next).await;
        seen.extend(rows(&page, heading));
    }
    let mut back = rows(&page, heading).len();
    while let Some(previous) = link_below(&page, heading, "Previous page") {
        page = reader.open(&previous).await;
        back += rows(&page, heading).len();
    }
    (seen, back)
}

/// An organization with more of everything than one page shows.
fn large() -> Value {
    let people: Vec<Value> =
        (0..70).map(|n| json!({ "email": format!("p{n:03}@example.test"), "name": "P" })).collect();
    let held: Vec<Value> = (0..70)
        .map(|n| json!({ "user": format!("p{n:03}@example.test"), "product": "II", "running": [{ "product": "II" }] }))
        .collect();
    let denials: Vec<Value> = (0..120)
        .map(|n| json!({ "user": format!("d{n:03}@example.test"), "product": "Rider", "at": format!("-{}m", 200 - n) }))
        .collect();
    let accounts: Vec<Value> =
        (0..60).map(|n| json!({ "id": format!("svc-{n}"), "name": format!("bot-{n:03}") })).collect();
    json!({ "version": 1, "organizations": [{
        "name": "Large", "customer_code": "6700099", "org_id": "8f2b0c1e-0000-4000-8000-000000000099",
        "people": people,
        "jetbrains_account": {
            "teams": [{ "id": 1, "name": "One" }, { "id": 2, "name": "Two" }],
            "roles": [{ "person": "p000@example.test", "role": "organization_admin" },
                { "person": "p001@example.test", "role": "viewer", "team": 2 }],
            "licenses": [
                { "count": 60, "product": "II", "team": 1 }, { "count": 10, "product": "GO", "team": 2 },
                { "id": "HELDBYP002", "product": "GO", "team": 2, "assignee": "p002@example.test" },
            ],
        },
        "license_vault": {
            "name": "large", "administrators": ["p000@example.test"],
            "pools": [{ "product": "II", "regular": 100 }], "allocations": held, "denials": denials,
        },
        "atlassian": { "service_accounts": accounts, "api_keys": [{ "label": "admin" }] },
    }] })
}

async fn start_large() -> TestApp {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    app.control().post("/seed?mode=replace", large()).await.expect_ok();
    app
}

#[tokio::test]
async fn long_lists_are_whole_and_their_counts_true() {
    let app = start_large().await;
    let mut reader = Reader::new(&app);
    for (path, heading, first, last, count, said) in [
        ("/license-vault", "users", "", "", 70, ">70</span>"),
        ("/license-vault", "denials", "d119@example.test", "d000@example.test", 120, ">120</span>"),
        ("/atlassian?tab=service-accounts", "list", "bot-000", "bot-059", 60, "60 service accounts"),
        ("/jetbrains-account", "licenses", "", "", 71, ">71 licences</span>"),
    ] {
        assert!(reader.open(path).await.text().contains(said), "{path}: {said}");
        let (seen, back) = walk(&mut reader, path, heading).await;
        assert_eq!((seen.len(), back), (count, count), "{heading}: {seen:?}");
        if !first.is_empty() {
            assert_eq!((&*seen[0], &*seen[count - 1]), (first, last), "{heading}");
        }
        let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), count, "{heading}: {seen:?}");
    }
}

#[tokio::test]
async fn a_page_past_the_last_says_so_and_leads_back() {
    let app = start_large().await;
    let mut reader = Reader::new(&app);
    for query in ["/jetbrains-account?page=9", "/license-vault?users=9", "/license-vault?denials=9"] {
        let page = reader.open(query).await;
        assert!(page.text().contains("on this page"), "{query}: {}", page.text());
        let first = link(&page, "the first one").unwrap();
        assert!(!reader.open(&first).await.text().contains("on this page"), "{first}");
    }
}

#[tokio::test]
async fn a_page_stays_under_60_kb_whatever_there_is() {
    let app = start_large().await;
    let mut reader = Reader::new(&app);
    let mut shared = 0;
    for name in ["pages.css", "pages.js"] {
        shared += app.control().get(&format!("/ui/{name}")).await.body.len();
    }
    let tokens: Vec<Value> = (0..300)
        .map(|n| json!({ "user": format!("p{:03}@example.test", n % 70), "label": format!("token number {n}") }))
        .collect();
    let seed = json!({ "version": 1, "organizations": [
        { "name": "Large", "customer_code": "6700099", "atlassian": { "api_tokens": tokens } },
    ] });
    app.control().post("/seed", seed).await.expect_ok();
    for path in [
        "/jetbrains-account",
        "/license-vault",
        "/atlassian?pageSize=25",
        "/atlassian?tab=api-keys",
        "/atlassian?tab=service-accounts",
    ] {
        let size = reader.open(path).await.body.len() + shared;
        assert!(size < 60_000, "{path}: {size} bytes");
    }
    let page = reader.open("/atlassian?pageSize=1000").await;
    assert!(page.text().contains("this page shows at most 25 rows"), "{}", page.text());
}

#[tokio::test]
async fn a_link_to_what_is_not_there_is_refused_and_not_bent_to_something_else() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let mut reader = Reader::new(&app);
    for (path, says) in [
        ("/jetbrains-account?organization=67000012", "did you mean `6700001`?"),
        ("/jetbrains-account?team=9999", "there is no team `9999` in the space default"),
        ("/jetbrains-account?team=x", "there is no team `x`"),
        ("/jetbrains-account?as=nobody@x.test", "there is no person of Example Corp with the address `nobody@x.test`"),
        ("/license-vault?vault=exampel", "there is no vault `exampel` in the space default, did you mean `example`?"),
        ("/license-vault?as=bobb@example.test", "did you mean `bob@example.test`?"),
        ("/atlassian?organization=1", "there is no organization with the customer code `1`"),
        ("/atlassian?as=bobb@example.test", "did you mean `bob@example.test`?"),
        ("/atlassian?tab=api-key", "there is no list `api-key` in the space default, did you mean `api-keys`?"),
    ] {
        let page = reader.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        let text = plain(page.text());
        assert!(text.contains(says), "{path}: {text}");
        assert!(!text.contains("<button"), "{path}: {text}");
    }
    for path in
        ["/jetbrains-account?organization=6700001&team=2001&as=BOB@example.test", "/license-vault?vault=example"]
    {
        reader.open(path).await;
    }
}

#[tokio::test]
async fn a_part_of_a_list_that_cannot_be_is_refused() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let mut reader = Reader::new(&app);
    for (path, parameter) in [
        ("/start", "page"),
        ("/controls", "spaces"),
        ("/license-vault", "users"),
        ("/license-vault", "denials"),
        ("/jetbrains-account?as=ann@example.test", "tokens"),
    ] {
        for wrong in ["abc", "0", "-1", "1.5", "99999999999999999999"] {
            let link = if path.contains('?') { '&' } else { '?' };
            let page = reader.get(&format!("{path}{link}{parameter}={wrong}")).await;
            assert_eq!(page.status, 400, "{path} {parameter}={wrong}");
            let says = format!("`{parameter}={wrong}` names no page of a list");
            assert!(plain(page.text()).contains(&says), "{path}: {}", page.text());
        }
    }
}

#[apply(on_both_databases)]
async fn licences_have_the_filters_of_the_api(app: TestApp) {
    let mut reader = Reader::new(&app);
    for query in [
        "productCode=II",
        "teamId=2001",
        "assigneeEmail=BOB@example.test",
        "assigned=false",
        "assigned=true",
        "productCode=II&assigned=false&teamId=2001",
        "productCode=nothing",
    ] {
        let api = app.jetbrains_account(Role::OrgAdmin).get(&format!("/customer/licenses?perPage=25&{query}")).await;
        let total = api.header("x-total-count").unwrap().to_owned();
        let ids: Vec<String> = api.expect_ok().as_array().unwrap().iter().map(id).collect();
        let page = reader.open(&format!("/jetbrains-account?{query}")).await;
        let noun = if total == "1" { "licence" } else { "licences" };
        assert!(page.text().contains(&format!(">{total} {noun}<")), "{query}: {total}");
        assert_eq!(rows(&page, "licenses"), ids, "{query}");
        assert_eq!(ids.is_empty(), page.text().contains("No licence passes these filters"), "{query}");
    }
    let of_team = app.jetbrains_account(Role::OrgAdmin).get("/customer/teams/2001/licenses?assigned=false").await;
    let of_team = of_team.expect_ok().as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    let page = reader.open("/jetbrains-account?team=2001&assigned=false").await;
    assert_eq!(rows(&page, "licenses"), of_team);
    assert!(plain(page.text()).contains("GET /api/v1/customer/teams/2001/licenses?assigned=false&perPage=25"));
    for query in ["assigned=perhaps", "teamId=x", "page=0"] {
        let page = reader.open(&format!("/jetbrains-account?{query}")).await;
        assert!(page.text().contains("role=\"alert\"") && rows(&page, "licenses").is_empty(), "{query}");
        let api = app.jetbrains_account(Role::OrgAdmin).get(&format!("/customer/licenses?{query}")).await;
        assert_eq!(api.status, 400, "{query}");
    }
}

fn id(license: &Value) -> String {
    license["licenseId"].as_str().unwrap().to_owned()
}

#[apply(on_both_databases)]
async fn what_was_done_is_said_by_name_with_what_is_left(app: TestApp) {
    let mut reader = Reader::new(&app);
    let page = reader.open("/atlassian").await;
    let revoked = reader.click(&page, "Revoke the API token laptop of bob@example.test").await;
    let page = reader.follow(&revoked).await;
    let said = "Revoked the API token laptop of bob@example.test. 253 API tokens";
    assert!(page.text().contains(said), "{}", page.text());
    assert!(!reader.open("/atlassian").await.text().contains(said), "said twice");
    let page = reader.open("/atlassian?tab=api-keys&q=reader").await;
    let revoked = reader.click(&page, "Revoke the API key reader").await;
    let page = reader.follow(&revoked).await;
    assert!(page.text().contains("Revoked the API key reader. 0 API keys with these filters"), "{}", page.text());
    assert!(page.text().contains("Nothing passes these filters"), "{}", page.text());
    let page = reader.open("/license-vault").await;
    let revoked = reader.click(&page, "Revoke II of bob@example.test").await;
    assert!(reader.follow(&revoked).await.text().contains("Revoked II of bob@example.test"));
    let page = reader.open("/jetbrains-account").await;
    let disabled = reader.click(&page, "Disable API").await;
    assert!(reader.follow(&disabled).await.text().contains("The API is disabled"));
}

#[tokio::test]
async fn a_token_is_shown_with_whose_it_is_and_how_it_is_sent() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let mut reader = Reader::new(&app);
    let page = reader.open("/jetbrains-account").await;
    let shown = reader.click(&page, "Regenerate for ann@example.test in the organization").await;
    for told in ["Token of ann@example.test in the organization", "X-Api-Key, beside X-Customer-Code: 6700001"] {
        assert!(shown.text().contains(told), "{told}: {}", shown.text());
    }
    let page = reader.open("/license-vault").await;
    let shown = reader.click(&page, "Generate new token").await;
    assert!(shown.text().contains("Token of the vault example") && shown.text().contains("Authorization: Bearer"));
}

#[tokio::test]
async fn the_call_above_a_list_answers_what_the_list_shows() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let mut reader = Reader::new(&app);
    let page = reader.open("/atlassian?tab=service-accounts&tokenLabel=ci&clientName=sync").await;
    let text = plain(page.text());
    let calls: Vec<&str> = text.split("GET /admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001").collect();
    let calls: Vec<&str> = calls[1..].iter().map(|call| call.split('<').next().unwrap()).collect();
    assert_eq!(
        calls,
        [
            "/service-accounts?limit=12",
            "/service-accounts/api-tokens?tokenLabel=ci",
            "/service-accounts/oauth-clients?clientName=sync",
        ]
    );
    for call in calls {
        let answer = app.atlassian(FULL_KEY).get(call).await.expect_ok();
        let found = answer["items"].as_array().or(answer.as_array()).map(Vec::len);
        assert_eq!(found, Some(if call.contains("limit") { 2 } else { 1 }), "{call}: {answer}");
    }
}

#[tokio::test]
async fn who_may_not_look_is_led_to_where_they_may() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let mut reader = Reader::new(&app);
    let page = reader.open("/jetbrains-account?as=dan@example.test").await;
    let text = plain(page.text());
    assert!(text.contains("dan@example.test is viewer of "), "{text}");
    let team = text.split("viewer of ").nth(1).unwrap().split('.').next().unwrap().to_owned();
    let own = link(&page, &team).unwrap();
    let page = reader.open(&own).await;
    assert!(own.contains("team=2001") && button(&page, "Regenerate for dan@example.test in the team 2001").is_some());
}
