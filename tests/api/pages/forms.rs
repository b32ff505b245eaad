//! Forms that are refused: what was entered stays where it was entered, and what is wrong stands beside it.

use serde_json::json;

use super::{Reader, attribute, field, plain};
use crate::support::{Answer, Database, Role, TestApp};

async fn start() -> TestApp {
    TestApp::start_with(Database::Sqlite, &[]).await
}

/// The HTML of the form, or of what is around it, with that id.
fn form_at(page: &Answer, place: &str) -> String {
    let start = page.text().split(&format!(" id=\"{place}\"")).nth(1);
    let form = start.unwrap_or_else(|| panic!("no form {place}: {}", page.text())).split("</form>").next().unwrap();
    form.to_owned()
}

/// Sends the form at a place with one of its buttons, with JavaScript or without: it is the same.
async fn send(reader: &mut Reader<'_>, path: &str, place: &str, label: &str, entered: &[(&str, &str)]) -> Answer {
    let page = reader.open(path).await;
    let (form, back) = (field(&page, "form"), field(&page, "back"));
    let html = form_at(&page, place);
    assert!(html.contains(&format!("/calls#{place}\"")) || page.text().contains(&format!("/calls#{place}\"")));
    let call = match html.split(&format!("\">{label}</button>")).collect::<Vec<_>>().as_slice() {
        [before, _, ..] => plain(before.rsplit("value=\"").next().unwrap()),
        // The button says it with a hidden field.
        _ => attribute(html.split("name=\"call\"").nth(1).unwrap(), "value"),
    };
    for (name, _) in entered {
        assert!(html.contains(&format!("name=\"{name}\"")), "{place} has no field {name}: {html}");
    }
    let own = [("form", &*form), ("back", &*back), ("place", place), ("call", &*call)];
    reader.post(&[&own[..], entered].concat()).await
}

#[tokio::test]
async fn every_form_of_the_controls_keeps_what_was_refused() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let far = "9".repeat(30);
    for (place, label, entered, says) in [
        ("clock-by", "Advance", vec![("set.by", "next week")], "next week"),
        ("clock-at", "Freeze at", vec![("set.now:time", "2026-13-01T00:00")], "2026-13-01"),
        ("clock-at", "Run on from", vec![("set.now:time", "soon")], "soon"),
        (
            "fault-fields",
            "Build",
            vec![
                ("set.match.service", "atlassian"),
                ("set.match.operation", "assignLicence"),
                ("set.match.credential", "dan \"the man\""),
                ("set.match.path", "/<x>"),
                ("set.then.status:number", "503"),
                ("set.then.fault", ""),
                ("set.then.delay", "5s"),
                ("set.times:number", "many"),
                ("set.after:number", "2"),
                ("set.then:steps", ""),
            ],
            "",
        ),
        ("fault-fields", "Build", vec![("set.then.fault", "empty"), ("set.then:steps", "503, pass")], "said twice"),
        ("fault-json", "Inject", vec![("body", "{\"match\": <b>,\n \"x\": 1}")], "this is not JSON"),
        (
            "fault-json",
            "Inject",
            vec![("body", r#"{"match":{"operation":"getLicenseUsagx"},"then":{"status":503}}"#)],
            "did you mean `getLicenseUsage`?",
        ),
        (
            "limit",
            "Set",
            vec![
                ("set.organization", "6700001"),
                ("set.limit:number", "3"),
                ("set.window", "soon"),
                ("set.mode", "observe"),
            ],
            "soon",
        ),
        ("limit", "Set", vec![("set.organization", &far), ("set.limit:number", "3")], "no organization"),
        ("snapshot", "Take", vec![("set.{snapshot}", "a b")], "a b"),
        ("space", "Create", vec![("set.name", "default"), ("set.clock", "soon"), ("set.idle_ttl", "1y")], ""),
        ("seed-text", "Add", vec![("body", "version: 1\norganizations:\n  - nam: x\n    people: 3\n")], "Line 3:"),
        ("seed-text", "Check", vec![("body", "version: 1\norganizations: 3\n")], "Line 2:"),
    ] {
        let refused = send(&mut reader, "/controls", place, label, &entered).await;
        assert!(refused.status.is_client_error(), "{place}: {}: {}", refused.status, refused.text());
        assert!(!refused.text().contains("<dialog"), "{place}: it stands beside the form");
        let html = plain(&form_at(&refused, place));
        assert!(html.contains(&format!("{label}: refused")) || html.contains("Inject: refused"), "{place}: {html}");
        assert!(html.contains("role=\"alert\"") && html.contains(says), "{place} does not say {says}: {html}");
        for (name, text) in entered.iter().filter(|(_, text)| !text.is_empty()) {
            let kept = html.contains(&format!("name=\"{name}\" value=\"{text}\""))
                || html.contains(&format!("{text}</textarea>"))
                || html.contains(&format!("<option selected>{text}</option>"))
                || html.contains(&format!("<option value=\"{text}\" selected>"));
            assert!(kept, "{place} has lost {name}: {html}");
        }
        assert_eq!(refused.text().matches("class=\"notice bad refused\"").count(), 1, "{place}: only beside that form");
        if place == "fault-json" {
            assert!(refused.text().contains("<details id=\"fault-json\" open>"));
        }
    }
    assert_eq!(app.control().get("/faults").await.expect_ok(), json!([]));
    assert_eq!(app.control().get("/snapshots").await.expect_ok(), json!([]));
    assert_eq!(app.control().get("/spaces").await.expect_ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_seed_is_marked_by_line() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let seed = "version: 1\norganizations:\n  - nam: x\n    people: 3\n";
    let refused = send(&mut reader, "/controls", "seed-text", "Add", &[("body", seed)]).await;
    let html = plain(&form_at(&refused, "seed-text"));
    for told in [
        "Line 3: unknown key `nam`, did you mean `name`?<pre>  - nam: x\n    ^</pre>",
        "Line 4: expected a list<pre>    people: 3\n            ^</pre>",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
}

#[tokio::test]
async fn what_is_only_checked_or_asked_about_is_not_lost() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let good = "version: 1\norganizations:\n  - name: Second Corp\n";
    let before = app.control().get("/credentials").await.expect_ok();
    let checked = send(&mut reader, "/controls", "seed-text", "Check", &[("body", good)]).await;
    assert_eq!(checked.status, 200);
    assert!(checked.text().contains("The seed is good; nothing was done yet"), "{}", checked.text());
    assert!(plain(&form_at(&checked, "seed-text")).contains(&format!("{good}</textarea>")));
    // A question, a change of mind, and yes after all to what turns out to be wrong.
    for (seed, is_good) in [("version: 1\norganizations: 3\n", false), (good, true)] {
        let asked = send(&mut reader, "/controls", "seed-text", "Replace", &[("body", seed)]).await;
        assert_eq!(asked.status, 200, "{}", asked.text());
        let dialog = asked.text().split("<dialog").nth(1).unwrap();
        assert!(dialog.contains("Put this seed in the place of everything") && dialog.contains("Cancel"), "{dialog}");
        let hidden = |name: &str| attribute(dialog.split(&format!("name=\"{name}\"")).nth(1).unwrap(), "value");
        let fields = ["form", "back", "place", "call", "body"].map(|name| (name, hidden(name)));
        let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answered = reader.post(&fields).await;
        fields.push(("cancel", "1"));
        let cancelled = reader.post(&fields).await;
        assert!(!cancelled.text().contains("<dialog") && cancelled.status == 200);
        assert!(plain(&form_at(&cancelled, "seed-text")).contains(&format!("{seed}</textarea>")));
        if is_good {
            assert!(answered.status.is_redirection(), "{}", answered.text());
            assert_ne!(app.control().get("/credentials").await.expect_ok(), before);
        } else {
            let html = plain(&form_at(&answered, "seed-text"));
            assert!(html.contains("Line 2:") && html.contains(&format!("{seed}</textarea>")), "{html}");
            assert_eq!(app.control().get("/credentials").await.expect_ok(), before);
        }
    }
}

#[tokio::test]
async fn the_forms_of_a_request_keep_what_was_refused() {
    let app = start().await;
    let asked = app.jetbrains_account(Role::TeamViewer).post("/customer/licenses/assign", "{}").await;
    let id = asked.header("x-request-id").unwrap().to_owned();
    let mut reader = Reader::new(&app);
    for path in [format!("/?open={id}"), format!("/requests/{id}")] {
        let question = r#"{"match":{"operation":"assignLicense","status":299}}"#;
        let refused = send(&mut reader, &path, "verify-form", "Verify", &[("body", question)]).await;
        assert_eq!(refused.status, 409);
        let html = plain(&form_at(&refused, "verify-form"));
        assert!(html.contains("status: expected 299") && html.contains(&format!("{question}</textarea>")), "{html}");
        let fault = r#"{"match":{"operation":"assignLicence"},"then":{"status":503}}"#;
        let refused = send(&mut reader, &path, "fault-form", "Inject", &[("body", fault)]).await;
        let html = plain(&form_at(&refused, "fault-form"));
        assert!(html.contains("did you mean") && html.contains(&format!("{fault}</textarea>")), "{html}");
    }
    // Its credential is gone.
    let token = json!({"actor": "ann@example.test", "person": "dan@example.test", "team": 2001});
    app.control().call("DELETE", "/organizations/6700001/jetbrains-account/tokens", token).await.expect_ok();
    let page = reader.open(&format!("/?open={id}")).await;
    let (form, back) = (field(&page, "form"), field(&page, "back"));
    let fields = [("form", &*form), ("back", &*back), ("place", "again"), ("id", &*id), ("body", "{\"a\": 1}")];
    let refused = reader.submit("/again", &fields).await;
    let refused = reader.go_on(refused).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let html = plain(&form_at(&refused, "again"));
    assert!(html.contains("is gone, so nobody can send as it") && html.contains("{\"a\": 1}</textarea>"), "{html}");
}

#[tokio::test]
async fn where_forms_lead_is_no_dead_end() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    for path in ["/calls", "/again"] {
        let answer = reader.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/_emulator/ui/")), "{path}");
    }
    assert_eq!(reader.get("/shown/0123").await.status, 404);
}

/// What was made is shown with its variables first; of a long answer the beginning, and a link to all of it.
#[tokio::test]
async fn what_was_made_is_shown_whatever_its_length() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let page = send(&mut reader, "/controls", "space", "Create", &[("set.name", "t1")]).await;
    let text = plain(page.text());
    assert!(
        text.contains("export LOCUM_SPACE='t1'\n") && text.contains("export JETBRAINS_ACCOUNT_API_KEY='"),
        "{text}"
    );
    let organizations: Vec<_> = (0..150)
        .map(|n| {
            json!({
                "name": format!("O{n}"),
                "people": [{ "email": "ann@example.test", "name": "Ann" }],
                "atlassian": { "api_keys": [{ "label": "full" }] },
            })
        })
        .collect();
    let seed = json!({ "version": 1, "organizations": organizations }).to_string();
    let page = send(&mut reader, "/controls", "seed-text", "Add", &[("body", &seed)]).await;
    assert!(page.text().len() < 40_000, "{} bytes", page.text().len());
    let whole = page.text().split("href=\"/_emulator/ui/shown/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let whole = reader.get(&format!("/shown/{whole}")).await;
    assert_eq!(whole.header("content-type"), Some("text/plain; charset=utf-8"));
    let body: serde_json::Value = serde_json::from_str(whole.text()).unwrap();
    assert_eq!(body["organizations"].as_array().unwrap().len(), 150);
    let id = page.text().split("/_emulator/ui/shown/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(Reader::new(&app).get(&format!("/shown/{id}")).await.status, 404, "another session");
}

#[tokio::test]
async fn of_a_member_that_is_there_twice_neither_is_taken() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    for (body, twice) in [
        (r#"{"match":{"operation":"assignLicense"},"then":{"status":503},"then":{"status":500}}"#, "then"),
        (r#"{"match":{"operation":"assignLicense"},"then":{"body":{"a":1,"a":2}}}"#, "a"),
    ] {
        let refused = send(&mut reader, "/controls", "fault-json", "Inject", &[("body", body)]).await;
        assert_eq!(refused.status, 400);
        let html = plain(&form_at(&refused, "fault-json"));
        assert!(html.contains(&format!("`{twice}` is there twice")) && html.contains(body), "{html}");
    }
    assert_eq!(app.control().get("/faults").await.expect_ok(), json!([]));
}

#[tokio::test]
async fn what_was_entered_is_of_its_page() {
    let app = start().await;
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let mut reader = Reader::new(&app);
    let seed = "version: 1\norganizations: 3\n";
    let page = reader.open("/controls?spaces=1").await;
    let (form, back) = (field(&page, "form"), field(&page, "back"));
    let call = r#"{"method":"POST","path":"/seed","body":"","label":"Add"}"#;
    let fields = [("form", &*form), ("back", &*back), ("place", "seed-text"), ("call", call), ("body", seed)];
    let answer = reader.submit("/calls", &fields).await;
    let id = answer.header("location").unwrap().split("shown=").nth(1).unwrap().to_owned();
    for (path, is_its) in [
        ("/controls?spaces=1", true),
        ("/controls?space=default&spaces=1&faults=", true),
        ("/controls?space=t1&spaces=1", false),
        ("/controls?x", false),
        ("/atlassian?spaces=1", false),
        ("/?spaces=1", false),
    ] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = reader.get(&format!("{path}{separator}shown={id}")).await;
        assert_eq!(page.status, if is_its { 400 } else { 200 }, "{path}");
        assert_eq!(plain(page.text()).contains("organizations: 3\n</textarea>"), is_its, "{path}");
        assert_eq!(page.text().contains("class=\"notice bad refused\""), is_its, "{path}");
        assert!(!page.text().contains("is not kept any more"), "{path}");
    }
    let page = reader.open("/controls?spaces=1&shown=0123").await;
    assert!(page.text().contains("is not kept any more"));
}

#[tokio::test]
async fn a_form_that_is_too_large_says_how_large_one_may_be_and_how_the_text_comes_back() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let page = reader.open("/controls").await;
    assert!(page.text().contains(&format!(" data-limit=\"{}\"", 16 * 1024 * 1024)));
    let (form, back) = (field(&page, "form"), field(&page, "back"));
    let call = r#"{"method":"POST","path":"/seed?dry_run=true","body":"","label":"Check"}"#;
    let seed = |bytes: usize| format!("version: 1\n# {}\n", "x".repeat(bytes));
    let mut check = async |seed: &str| {
        let own = [("form", &*form), ("back", &*back), ("place", "seed-text"), ("call", call), ("body", seed)];
        reader.submit("/calls", &own).await
    };
    // More than a service takes.
    assert_eq!(check(&seed(2 * 1024 * 1024)).await.status, 303);
    let refused = check(&seed(16 * 1024 * 1024)).await;
    assert_eq!(refused.status, 413);
    for told in ["Nothing was done: the form is larger than 16MiB", "Go back", "--seed FILE"] {
        assert!(refused.text().contains(told), "{told}: {}", refused.text());
    }
}
