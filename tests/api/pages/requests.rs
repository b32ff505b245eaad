//! The list of requests, one request, and what is done with it.

use super::{Reader, attribute, button, field, plain};
use crate::support::{Answer, FULL_KEY, Role, TestApp, VAULT_TOKEN, apply, on_both_databases};

const ASSIGN: &str = "/customer/licenses/assign";

/// The rows of the list, as one reads them.
fn rows(page: &Answer) -> Vec<String> {
    let rows = page.text().split("<tr").skip(2).map(|row| row.split("</tr>").next().unwrap());
    let says = |row: &str| {
        let texts = row.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
        plain(&texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "))
    };
    rows.map(says).collect()
}

async fn ask(app: &TestApp, role: Role, body: &str) -> String {
    let asked = app.jetbrains_account(role).post(ASSIGN, body).await;
    asked.header("x-request-id").unwrap().to_owned()
}

#[apply(on_both_databases)]
async fn a_text_is_searched_in_the_bodies_of_the_newest_thousand(app: TestApp) {
    const SEARCHED: usize = 1000;
    ask(&app, Role::TeamViewer, r#"{"licenseId":"FIRST00001","note":"oldest-body"}"#).await;
    ask(&app, Role::TeamViewer, r#"{"licenseId":"FIRST00001","note":"second-body"}"#).await;
    let client = app.jetbrains_account(Role::OrgAdmin);
    for _ in 0..SEARCHED - 2 {
        client.get("/token").await.expect_ok();
    }
    let mut reader = Reader::new(&app);
    let found = async |reader: &mut Reader, search: &str| {
        let page = reader.open(&format!("/?q={search}")).await;
        let says_so = page.text().contains("headers and bodies searched in the newest 1000");
        (page.text().matches("<tr id=").count(), says_so)
    };
    assert_eq!(found(&mut reader, "oldest-body").await, (1, false), "there are no more");
    client.get("/token").await.expect_ok();
    assert_eq!(found(&mut reader, "oldest-body").await, (0, true));
    assert_eq!(found(&mut reader, "second-body").await, (1, true));
    assert_eq!(found(&mut reader, "/licenses/assign").await, (2, true), "the rest is searched in all");
    assert!(!found(&mut reader, "status:403").await.1);
}

#[apply(on_both_databases)]
async fn requests_are_searched_in_words(app: TestApp) {
    ask(&app, Role::TeamViewer, r#"{"licenseId":"FREE000001","contact":{"email":"eve@example.test"}}"#).await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token?nobody=reads").await;
    let mut reader = Reader::new(&app);
    for (search, found) in [
        ("", 3),
        ("status:4xx op:assignLicense cred:dan eve@example.test", 1),
        ("-status:2xx", 1),
        ("op:getManagedEntityInfo", 2),
        ("is:ignored", 1),
        ("nobody=reads", 1),
        ("not-there-at-all", 0),
    ] {
        let query: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
        let page = reader.open(&format!("/?q={query}")).await;
        assert_eq!(page.text().matches("<tr id=").count(), found, "{search}");
        assert_eq!(page.text().contains("None of 3 requests fits"), found == 0, "{search}");
    }
    for (search, says) in [
        ("q=statsu:404", "did you mean status:"),
        ("q=cred:nobody", "no credential is called `nobody`"),
        ("credential=nobody", "no credential is called `nobody`"),
    ] {
        assert!(plain(reader.open(&format!("/?{search}")).await.text()).contains(says), "{search}");
    }
}

/// What a request changed stands in the list and on its page, with a link to the row; and the row links back.
#[apply(on_both_databases)]
async fn a_request_and_the_rows_that_it_changed_link_to_each_other(app: TestApp) {
    let body = r#"{"licenseId":"FREE000003","contact":{"firstName":"E","lastName":"S","email":"eve@example.test"}}"#;
    let assigned = ask(&app, Role::OrgAdmin, body).await;
    ask(&app, Role::OrgAdmin, &body.replace("FREE000003", "FREE000001")).await;
    ask(&app, Role::TeamViewer, body).await;
    let vault = app.license_vault(VAULT_TOKEN);
    let held = vault.get("/public-api/licenses?email=bob@example.test").await.expect_ok();
    let held = held[0]["allocationId"].as_str().unwrap();
    let revoked = vault.post(&format!("/public-api/licenses/revoke?allocationId={held}"), "").await;
    let full = app.atlassian(FULL_KEY);
    let renamed = full.patch("/service-accounts", r#"{"atlassianId":"svc-2","displayName":"release-bot"}"#).await;
    let gone = full.delete("/oauth-clients/client-sync").await;
    let rotated = app.jetbrains_account(Role::TeamAdmin).post("/token/rotate", "").await;
    let id = |answer: &Answer| answer.header("x-request-id").unwrap().to_owned();
    let mut reader = Reader::new(&app);
    for (id, what, row) in [
        (assigned, "assigned FREE000003 to eve@example.test", Some("id=\"license-FREE000003\"")),
        (id(&revoked), "gave bob@example.test a licence of IntelliJ IDEA Ultimate", Some("bob@example.test</a></th>")),
        (id(&renamed), "changed the service account release-bot", Some("id=\"service-account-svc-2\"")),
        (id(&rotated), "rotated the token of bob@example.test (team 2001)", Some("<h3 id=\"own\">")),
        (id(&gone), "deleted the OAuth client sync", None),
    ] {
        let page = reader.open(&format!("/?open={id}")).await;
        let changed = page.text().split("What it changed</h3>").nth(1).unwrap_or_else(|| panic!("{what}"));
        let changed = changed.split("</ul>").next().unwrap();
        let item = changed.split("<li>").find(|item| plain(item).contains(what)).unwrap_or_else(|| panic!("{changed}"));
        assert_eq!(item.starts_with("<a href="), row.is_some(), "{item}");
        let touched = item.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        let list = reader.open(plain(touched).strip_prefix("/_emulator/ui").unwrap()).await;
        assert!(list.text().contains(&id), "{what}: {touched}");
        let Some(row) = row else { continue };
        let link = plain(item.split('"').nth(1).unwrap());
        let (path, fragment) = link.strip_prefix("/_emulator/ui").unwrap().split_once('#').unwrap();
        let there = reader.open(path).await;
        assert!(there.text().contains(row) && there.text().contains(&format!("id=\"{fragment}\"")), "{link}");
        let back = there.text().split(&format!("id=\"{fragment}\"")).nth(1).unwrap();
        let back = plain(back.split("href=\"").nth(1).unwrap().split('"').next().unwrap());
        assert!(back.contains("q=record"), "{back}");
        assert!(reader.open(back.strip_prefix("/_emulator/ui").unwrap()).await.text().contains(&id), "{what}: {back}");
    }
    for (search, found) in [
        ("record:free000003", 1),
        ("record:FREE00000", 0),
        ("is:changed", 6),
        ("changed:yes service:license_vault", 1),
        ("-is:changed op:assignLicense", 1),
        ("is:changed eve@example.test", 2),
    ] {
        let query: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
        let page = reader.open(&format!("/?q={query}")).await;
        assert_eq!(page.text().matches("<tr id=").count(), found, "{search}");
    }
    let lines = rows(&reader.open("/?q=record:FREE000003").await);
    assert!(lines[1].contains("assigned FREE000003 to eve@example.test"), "{lines:?}");
}

#[apply(on_both_databases)]
async fn what_happened_between_requests_stands_between_them(app: TestApp) {
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    app.control().post("/clock/advance", r#"{"by":"31d"}"#).await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    let mut reader = Reader::new(&app);
    let lines = rows(&reader.open("/").await);
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[0].starts_with("2026-02-15") && lines[3].starts_with("2026-01-15"), "{lines:#?}");
    assert_eq!(lines[2], "— clock +31 d → 2026-02-15 09:00:00 frozen —");
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!(rows(&reader.open("/").await), ["— reset to the seed —"]);
}

/// Also where pages end between them, and where a search leaves out the requests around them.
#[apply(on_both_databases)]
async fn each_page_counts_the_whole_journal_and_every_line_is_on_one(app: TestApp) {
    for number in 0..120 {
        let path = if number % 3 == 0 { "/customer/licenses/NOSUCH" } else { "/token" };
        app.jetbrains_account(Role::OrgAdmin).get(path).await;
        if [19, 69, 70, 119].contains(&number) {
            app.advance_clock("1h").await;
        }
    }
    let mut reader = Reader::new(&app);
    for (search, found, statuses) in [
        ("", 120, [80, 40]),
        ("status:404", 40, [80, 40]),
        ("op:getByLicenseId status:200", 0, [0, 40]),
        ("-status:404", 80, [80, 0]),
    ] {
        let query: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
        let (mut path, mut numbers, mut notes) = (format!("/?q={query}"), Vec::new(), Vec::new());
        loop {
            let page = reader.open(&path).await;
            let text = page.text();
            for (status, count) in [200, 404].into_iter().zip(statuses) {
                let chip = format!("{status}</b> <span>×{count}</span>");
                assert_eq!(text.contains(&chip), count > 0, "{search}: {status} × {count} of {path}: {text}");
            }
            let of_page = text.split("<tr id=\"r").skip(1).map(|row| row.split('"').next().unwrap().to_owned());
            numbers.extend(of_page);
            notes.extend(rows(&page).into_iter().filter(|row| row.starts_with('—')));
            let Some((before, _)) = text.split_once("\">Older requests") else { break };
            let older = plain(before.rsplit("href=\"").next().unwrap());
            older.strip_prefix("/_emulator/ui").unwrap().clone_into(&mut path);
        }
        assert_eq!(numbers.len(), found, "{search}");
        numbers.dedup();
        assert_eq!(numbers.len(), found, "{search}: none twice");
        if found == 0 {
            assert!(notes.is_empty(), "{search}: {notes:?}");
        } else {
            let hours = [13, 12, 11, 10].map(|hour| format!("— clock +1 h → 2026-01-15 {hour}:00:00 frozen —"));
            assert_eq!(notes, hours, "{search}");
        }
    }
    let second = app.control().get("/requests?status=404&limit=3").await.expect_ok()["requests"].clone();
    let id = |at: usize| second[at]["id"].as_str().unwrap();
    let page = reader.open(&format!("/?q=status%3A404&open={}", id(1))).await;
    assert!(page.text().contains(&format!("open={}", id(0))) && page.text().contains(&format!("open={}", id(2))));
}

#[apply(on_both_databases)]
async fn a_body_is_shown_as_it_was_sent(app: TestApp) {
    let body = r#"{"z":1,"licenseId":"A","licenseId":"B","n":12345678901234567890123,"f":1.10}"#;
    let id = ask(&app, Role::OrgAdmin, body).await;
    let mut reader = Reader::new(&app);
    let shown = plain(reader.open(&format!("/?open={id}")).await.text());
    let set_out = "  \"z\": 1,\n  \"licenseId\": \"A\",\n  \"licenseId\": \"B\",\n  \
                   \"n\": 12345678901234567890123,\n  \"f\": 1.10\n";
    assert!(shown.contains(set_out), "{shown}");
    let raw = reader.get(&format!("/requests/{id}/request")).await;
    assert_eq!((raw.text(), raw.header("content-type")), (body, Some("text/plain; charset=utf-8")));
    assert_eq!(reader.get(&format!("/requests/{id}/other")).await.status, 404);
}

#[apply(on_both_databases)]
async fn a_request_is_sent_again_as_its_caller(app: TestApp) {
    let body = r#"{"licenseId":"FREE000001","contact":{"firstName":"E","lastName":"S","email":"eve@example.test"}}"#;
    for (role, status, changed) in
        [(Role::TeamViewer, 403, 404), (Role::OrgAdmin, 200, 404), (Role::Anonymous, 401, 401)]
    {
        let id = ask(&app, role, body).await;
        let mut reader = Reader::new(&app);
        let page = reader.open(&format!("/?open={id}")).await;
        let (form, back) = (field(&page, "form"), field(&page, "back"));
        let mut send = async |further: &[(&str, &str)]| {
            let fields: Vec<(&str, &str)> =
                [("form", &*form), ("back", &*back), ("id", &*id)].into_iter().chain(further.iter().copied()).collect();
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let sent = reader.send("POST", "/_emulator/ui/again", body).await;
            let to = sent.header("location").unwrap_or_else(|| panic!("{}", sent.text())).to_owned();
            let page = reader.open(to.strip_prefix("/_emulator/ui").unwrap()).await;
            let shown = page.text().split("id=\"opened-title\">").nth(1).unwrap().to_owned();
            (shown.split('>').nth(1).unwrap()[..3].to_owned(), plain(&shown))
        };
        let (got, shown) = send(&[]).await;
        let second = if status == 200 { "4" } else { &status.to_string() };
        assert!(got.starts_with(second), "{got}: {shown}");
        let (got, shown) = send(&[("body", &body.replace("FREE000001", "NOSUCH"))]).await;
        assert_eq!(got, changed.to_string(), "{shown}");
        assert!(shown.contains("Against the answer before") && shown.contains("NOSUCH"), "{shown}");
        let foreign = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("form", "x"), ("back", &*back), ("id", &*id)])
            .finish();
        let asked = reader.send("POST", "/_emulator/ui/again", foreign).await;
        let shown = reader.get(asked.header("location").unwrap().strip_prefix("/_emulator/ui").unwrap()).await;
        assert_eq!(shown.status, 403);
        assert!(shown.text().contains("Nothing was done yet: press once more"), "{}", shown.text());
    }
}

/// Back and Reload show the token again, and make no other.
#[apply(on_both_databases)]
async fn a_token_is_on_a_page_that_can_be_loaded_again(app: TestApp) {
    let mut reader = Reader::new(&app);
    let page = reader.open("/jetbrains-account?as=cleo@example.test").await;
    let call = button(&page, "Regenerate for cleo@example.test in the organization").unwrap();
    let (form, back) = (field(&page, "form"), field(&page, "back"));
    let fields = [("form", &*form), ("back", &*back), ("call", &*call)];
    let asked = reader.submit("/calls", &fields).await;
    let asked = reader.go_on(asked).await;
    let dialog = asked.text().split("id=\"dialog\"").nth(1).unwrap();
    let call = attribute(dialog.split("name=\"call\"").nth(1).unwrap(), "value");
    let made = reader.submit("/calls", &[("form", &form), ("back", &back), ("call", &call)]).await;
    let to = made.header("location").unwrap().strip_prefix("/_emulator/ui").unwrap().to_owned();
    let token = |page: &Answer| {
        page.text().split("id=\"token\">").nth(1).map(|rest| rest.split('<').next().unwrap().to_owned())
    };
    let first = token(&reader.open(&to).await).unwrap();
    assert_eq!(token(&reader.open(&to).await).as_ref(), Some(&first));
    app.jetbrains_account_token(&first, "6700001").get("/token").await.expect_ok();
    // Nobody else sees it.
    assert_eq!(token(&Reader::new(&app).open(&to).await), None);
}

#[apply(on_both_databases)]
async fn a_request_of_another_space_is_found_by_its_id(app: TestApp) {
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let id = ask(&app, Role::OrgAdmin, "{}").await;
    let mut reader = Reader::new(&app);
    let found = reader.get(&format!("/requests/{id}?space=t1")).await;
    assert_eq!(found.header("location"), Some(&*format!("/_emulator/ui/requests/{id}?space=default")));
    assert_eq!(reader.get("/requests/nothing?space=t1").await.status, 404);
}
