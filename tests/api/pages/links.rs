//! Where pages lead, and what they say of addresses that they do not know.

use std::collections::BTreeSet;

use super::{PAGES, Reader, plain};
use crate::support::{Database, FULL_KEY, Role, TestApp, VAULT_TOKEN};

const UNKNOWN: &str = "is nothing that this page knows";

/// A world in which every page has something to show: records that requests changed, faults, another space.
async fn start() -> TestApp {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let body = r#"{"licenseId":"FREE000003","contact":{"firstName":"E","lastName":"S","email":"eve@example.test"}}"#;
    app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/assign", body).await;
    app.jetbrains_account(Role::TeamViewer).post("/customer/licenses/assign", body).await;
    app.atlassian(FULL_KEY).get("/api-tokens?pageSize=5").await;
    app.license_vault("nobody-s").get("/public-api/licenses/usage").await;
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    for _ in 0..6 {
        app.control()
            .post("/faults", r#"{"match":{"operation":"getProducts"},"then":{"status":503}}"#)
            .await
            .expect_ok();
    }
    app
}

/// If you are here because of a link or a field that was added: name its parameter where the page is registered.
#[tokio::test]
async fn no_link_and_no_field_leads_to_what_a_page_does_not_know() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let mut ahead: Vec<String> = PAGES.iter().map(|path| format!("/_emulator/ui{path}")).collect();
    ahead.extend([
        "/_emulator/ui/?status=404&operation=assignLicense".to_owned(),
        "/_emulator/ui/?credential=dan&ignored=false".to_owned(),
    ]);
    // As many of each page as there are sets of parameters.
    let (mut seen, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    while let Some(link) = ahead.pop() {
        let link = link.split('#').next().unwrap().to_owned();
        let (path, query) = link.split_once('?').unwrap_or((&link, ""));
        let names: BTreeSet<String> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into()).collect();
        let is_body = path.ends_with("/request") || path.ends_with("/response");
        let path = if path.contains("/requests/") && !is_body { "/requests/" } else { path };
        if !path.starts_with("/_emulator/ui/") && path != "/requests/" || !seen.insert((path.to_owned(), names.clone()))
        {
            continue;
        }
        let page = reader.send("GET", &link, String::new()).await;
        if page.header("content-type").is_none_or(|kind| !kind.starts_with("text/html")) {
            continue;
        }
        assert!(!page.text().contains(UNKNOWN), "{link}: {}", page.text().split(UNKNOWN).next().unwrap());
        assert!(page.status == 200, "{link}: {}", page.status);
        kinds.insert(path.to_owned());
        ahead.extend(page.text().split(" href=\"").skip(1).map(|rest| plain(rest.split('"').next().unwrap())));
        for form in
            page.text().split("<form ").skip(1).filter(|form| form.split('>').next().unwrap().contains("\"get\""))
        {
            let action = form.split("action=\"").nth(1).unwrap().split(['"', '#']).next().unwrap();
            let fields = form.split("</form>").next().unwrap().split(" name=\"").skip(1);
            for name in
                fields.map(|rest| rest.split('"').next().unwrap()).filter(|name| !["space", "call"].contains(name))
            {
                let answer = reader.send("GET", &format!("{action}?{name}=x"), String::new()).await;
                assert!(!answer.text().contains(UNKNOWN), "{action} {name}");
            }
        }
    }
    assert!(seen.len() > 40 && kinds.len() >= 8, "{} {kinds:?}", seen.len());
}

#[tokio::test]
async fn what_a_page_does_not_know_it_says() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    for (path, says) in [
        ("/jetbrains-account?tema=2001", "`tema` is nothing that this page knows, did you mean `team`?"),
        ("/jetbrains-account?organisation=1&tema=1", "`organisation` is nothing that this page knows, did you mean"),
        ("/license-vault?vualt=example", "did you mean `vault`?"),
        ("/atlassian?tba=api-keys", "did you mean `tab`?"),
        ("/atlassian?tab=api-keys&createdatfrom=2026", "did you mean `createdAtFrom`?"),
        ("/atlassian?tab=api-keys&status=blocked", "`status` is nothing that API keys are filtered by, but API tokens"),
        (
            "/atlassian?keyType=x&tokenLabel=y",
            "`keyType` is nothing that API tokens are filtered by, but API keys are; `tok",
        ),
        ("/atlassian?tab=service-accounts&q=x&foo=1", "by, but API tokens and API keys"),
        ("/atlassian?tab=service-accounts&q=x&foo=1", "`foo` is nothing that this page knows"),
        ("/atlassian?tab=api-keys&createdAtFrom=2026-01-01&lastActiveAtFrom=2026-01-01", "`createdAtFrom` is nothing"),
        ("/?serach=x", "`serach` is nothing that this page knows: expected `q`"),
        ("/controls?fault=2", "did you mean `faults`?"),
        ("/start?pgae=2&space=t1", "did you mean `page`?"),
        ("/coverage?service=x", "`service` is nothing that this page knows"),
    ] {
        let page = reader.open(path).await;
        assert!(plain(page.text()).contains(says), "{path}");
        let without = path.split('?').next().unwrap();
        assert!(!reader.open(&format!("{without}?tema=&space=")).await.text().contains(UNKNOWN), "{path}");
    }
    let page = reader.open("/atlassian?tab=api-keys&status=blocked&q=reader&foo=1").await;
    assert!(page.text().contains("/api-keys?q=reader<"), "the request is the one that is answered: {}", page.text());
    let long = reader.open(&format!("/?{}=1", "x%3C".repeat(500))).await;
    assert!(long.text().contains(UNKNOWN) && !plain(long.text()).contains(&"x<".repeat(60)), "it is cut");
}

/// A denial that a request led to leads back to it; one of the seed has no request to lead to.
#[tokio::test]
async fn a_denial_leads_to_its_request() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let vault = "version: 1\norganizations: [{ name: A, customer_code: 1, people: [{ email: ann@a.test }], \
                 license_vault: { name: example, plan: enterprise_floating";
    let seed = format!(
        "{vault}, token: {VAULT_TOKEN}, pools: [{{ product: II, regular: 1 }}], \
         denials: [{{ user: seeded@a.test, product: RD }}], \
         administrators: [ann@a.test] }}}}]"
    );
    app.control().post("/seed?mode=replace", &seed).await.expect_ok();
    let bob = r#"{"user":"bob@a.test","product":"II"}"#;
    let started = app.control().post("/vaults/example/connections", bob).await.expect_ok();
    let id = started["allocation"]["id"].as_str().unwrap().to_owned();
    // To keep a user out, an administrator makes a rule first, and revokes then.
    let rules = format!("{vault}, rules: [{{ users: [bob@a.test], products: [GO] }}] }}}}]");
    app.control().post("/seed", &rules).await.expect_ok();
    let revoked =
        app.license_vault(VAULT_TOKEN).post(&format!("/public-api/licenses/revoke?allocationId={id}"), "").await;
    let request = revoked.header("x-request-id").unwrap().to_owned();
    let mut reader = Reader::new(&app);
    let page = reader.open("/license-vault").await;
    let rows = page.text().split("<h2 id=\"denials\">").nth(1).unwrap().split("<tbody>").nth(1).unwrap();
    let rows = rows.split("</tbody>").next().unwrap();
    let row = |user: &str| rows.split("<tr>").find(|row| row.contains(user)).unwrap_or_else(|| panic!("{rows}"));
    assert!(!row("seeded@a.test").contains("href"), "{rows}");
    let link = plain(row("bob@a.test").split("href=\"").nth(1).unwrap().split('"').next().unwrap());
    let list = reader.open(link.strip_prefix("/_emulator/ui").unwrap()).await;
    assert!(list.text().contains(&request) && list.text().matches("<tr id=").count() == 1, "{link}");
}
