//! The search box of the list of requests, and the chips below it.

use super::{Reader, plain};
use crate::support::{Answer, Database, FULL_KEY, Role, TestApp};

/// A journal in which statuses, reasons, faults and ignored parameters differ; some reasons are parts of others.
async fn start() -> TestApp {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let viewer = app.jetbrains_account(Role::OrgViewer);
    viewer.get("/token").await.expect_ok();
    for body in ["{}", "{", r#"{"licenseId":"FREE000001","contact":{"email":"eve@example.test"}}"#, "[1]", "\"x\""] {
        app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/assign", body).await;
        app.jetbrains_account(Role::TeamViewer).post("/customer/licenses/assign", body).await;
    }
    for path in ["/token?tema=1", "/nothing", "/customer/licenses?page=abc", "/customer/licenses?page=abc&perPage=x"] {
        viewer.get(path).await;
    }
    app.jetbrains_account(Role::Anonymous).get("/token").await;
    app.atlassian("nobody-s-key").get("/api-tokens").await;
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    let fault = r#"{"match":{"operation":"getManagedEntityInfo"},"then":{"status":503},"times":2}"#;
    app.control().post("/faults", fault).await.expect_ok();
    let viewer = viewer.without_document_check();
    viewer.get("/token").await;
    viewer.get("/token?tema=1").await;
    app
}

fn count_rows(page: &Answer) -> usize {
    page.text().matches("<tr id=").count()
}

/// Each chip, as where it leads and how many it says are there; without those that are pressed.
fn chips(page: &Answer) -> Vec<(String, usize)> {
    let chips = page.text().split("<a class=\"chip\"").skip(1).map(|chip| chip.split("</a>").next().unwrap());
    let offered = chips.filter(|chip| !chip.contains("aria-current"));
    let read = |chip: &str| {
        let link = plain(chip.split("href=\"").nth(1).unwrap().split('"').next().unwrap());
        let count = chip.rsplit('×').next().unwrap().split('<').next().unwrap().parse().unwrap();
        (link.strip_prefix("/_emulator/ui").unwrap().to_owned(), count)
    };
    offered.map(read).collect()
}

async fn search(reader: &mut Reader<'_>, text: &str) -> Answer {
    let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    reader.open(&format!("/?q={query}")).await
}

/// If you are here because a chip shows another number than it finds: it is counted in one place and searched in
/// another (`Counts` and `Search`), which have to mean the same.
#[tokio::test]
async fn a_chip_finds_as_many_as_it_shows() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let mut pressed = 0;
    for from in [
        "/",
        "/?q=status%3A4xx",
        "/?q=tema",
        "/?q=changed%3Ayes",
        "/?q=is%3Aignored+is%3Arefused",
        "/?q=-status%3A401+STATUS%3A4xx",
        "/?q=foo%3Abar",
        "/?status=404",
        "/?credential=dan&ignored=false",
    ] {
        let page = reader.open(from).await;
        let chips = chips(&page);
        for (link, count) in &chips {
            let found = reader.open(link).await;
            assert_eq!(count_rows(&found), *count, "{from} → {link}");
            assert!(!found.text().contains("role=\"alert\""), "{from} → {link}");
            pressed += 1;
        }
    }
    let reasons = chips(&reader.open("/").await);
    let of_reasons = reasons.iter().filter(|(link, _)| link.contains("reason")).count();
    assert!(of_reasons >= 4 && pressed > 40, "{pressed}: {reasons:?}");
}

#[tokio::test]
async fn a_path_is_found_as_it_is_shown_and_as_it_is() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    for (text, found) in [
        ("path:/token op:getManagedEntityInfo", 5),
        ("path:/token", 5),
        ("path:/api/v1/token", 5),
        ("path:/customer/licenses/assign", 10),
        ("path:/customer/*/assign", 10),
        ("path:/orgs/8f2b0c1e…/api-tokens/count", 1),
        ("\"GET /token\"", 5),
        ("path:/tok", 0),
    ] {
        assert_eq!(count_rows(&search(&mut reader, text).await), found, "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_found_is_told_in_one_line() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    for (text, says) in [
        ("\"unclosed", "a quote is opened and never closed"),
        ("eve \"unclosed", "a quote is opened and never closed"),
        ("method:FOO", "`FOO` is not a method of any request"),
        ("status:404 status:401", "no request is both `status:404` and `status:401`"),
        ("status:9xx", "`9xx` is not a status: 404 or 4xx"),
        ("foo:bar", "there is no filter `foo:`"),
        ("path:/token?a=b", "search for what stands behind ? as a text"),
        ("service:license_vault op:assignLicense", "no request is both"),
    ] {
        let page = search(&mut reader, text).await;
        let alert = page.text().split("role=\"alert\"").nth(1).unwrap_or_else(|| panic!("{text}: {}", page.text()));
        let alert = plain(alert.split("</p>").next().unwrap());
        assert!(alert.contains(says) && !alert.contains('\n'), "{text}: {alert}");
        // The box keeps it.
        assert!(plain(page.text()).contains(&format!("value=\"{text}\"")), "{text}");
    }
    // A method that only this journal knows.
    app.client().call("PURGE", "/api/v1/token", "").await;
    assert_eq!(count_rows(&search(&mut reader, "method:purge").await), 1);
}
