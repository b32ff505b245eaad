//! What forms say of bad values: words of people, not of the wire.

use std::collections::BTreeSet;

use super::{Reader, attribute, field, plain};
use crate::support::{Answer, Database, Role, TestApp};

/// What only who writes programs knows.
const WIRE: [&str; 17] = [
    "serde",
    "EOF",
    "missing field",
    "unknown field",
    "invalid type",
    "invalid value",
    "invalid digit",
    "expected u",
    "expected i",
    "any variant",
    "/_emulator/",
    "query:",
    "SearchType",
    "AtValue",
    "AtUom",
    "AtFrom",
    "AtRange",
];

const BAD: [&str; 9] = [
    "abc",
    "-1",
    "1.5",
    "{",
    "[]",
    "\"x\"",
    "99999999999999999999",
    "{\"then\": 1, \"match\": 2, \"at_least\": \"x\"}",
    "<b> x: [",
];

struct Form {
    action: String,
    is_post: bool,
    place: String,
    calls: Vec<String>,
    fields: BTreeSet<String>,
}

/// The forms of a page that have something to fill in.
fn forms(page: &Answer) -> Vec<Form> {
    let forms = page.text().split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
    let read = |html: &str| {
        let tags = html.split('<').skip(1).filter(|tag| !tag.contains("type=\"hidden\"") && tag.contains(" name=\""));
        let fields = tags.filter(|tag| ["input", "select", "textarea"].iter().any(|kind| tag.starts_with(kind)));
        let calls = html.split("name=\"call\"").skip(1).map(|rest| attribute(rest, "value"));
        let place = html.split("name=\"place\"").nth(1).map(|rest| attribute(rest, "value")).unwrap_or_default();
        let tag = format!(" {}", html.split('>').next().unwrap());
        Form {
            action: attribute(&tag, "action").split('#').next().unwrap().to_owned(),
            is_post: tag.contains("method=\"post\""),
            place,
            calls: calls.collect(),
            fields: fields.map(|tag| attribute(tag, "name")).collect(),
        }
    };
    forms.map(read).filter(|form| !form.fields.is_empty()).collect()
}

/// What a page says is wrong.
fn alerts(page: &Answer) -> Vec<String> {
    let alerts = page.text().split("role=\"alert\"").skip(1);
    let until = |rest: &str| plain(rest.split("</p>").next().unwrap().split("</ul>").next().unwrap());
    alerts.map(until).collect()
}

#[tokio::test]
async fn no_form_answers_in_words_of_the_wire() {
    let app = TestApp::start_with(Database::Sqlite, &[]).await;
    let asked = app.jetbrains_account(Role::TeamViewer).post("/customer/licenses/assign", "{}").await;
    let id = asked.header("x-request-id").unwrap().to_owned();
    let mut reader = Reader::new(&app);
    let (mut sent, mut refused, mut wrong) = (0, 0, BTreeSet::new());
    for path in super::PAGES.into_iter().map(ToOwned::to_owned).chain([format!("/requests/{id}")]) {
        let page = reader.open(&path).await;
        let (token, back) = (field(&page, "form"), field(&page, "back"));
        for form in forms(&page) {
            for name in &form.fields {
                for bad in BAD {
                    let mut answers = Vec::new();
                    if form.is_post && form.action.ends_with("/calls") {
                        for call in &form.calls {
                            let fields = [
                                ("form", &*token),
                                ("back", &back),
                                ("place", &form.place),
                                ("call", call),
                                (name, bad),
                            ];
                            answers.push(reader.post(&fields).await);
                        }
                    } else if !form.is_post {
                        // The form has the list that it is of in a hidden field.
                        let own = path.split_once('?').map_or("", |(_, query)| query);
                        let query = form_urlencoded::Serializer::new(own.to_owned()).append_pair(name, bad).finish();
                        answers.push(reader.send("GET", &format!("{}?{query}", form.action), String::new()).await);
                    }
                    for answer in answers {
                        sent += 1;
                        for alert in alerts(&answer) {
                            refused += 1;
                            for word in WIRE.into_iter().filter(|word| alert.contains(word)) {
                                wrong.insert(format!("{path} {} {name}={bad}: {word}: {alert}", form.place));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(sent > 400 && refused > 200, "{sent} {refused}");
}
