//! Locums that remember answers, and one that does not, asked the same.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::steps::{Body, Step};
use crate::support::{Answer, Client, NOW, ORG, TestApp};

/// The space beside the default one.
pub const SECOND: &str = "second";

/// What is read, of one space: `ORG` stands for the organization's id.
pub const PATHS: [&str; 41] = [
    "/api/v1/customer/licenses",
    "/api/v1/customer/licenses?perPage=2&page=2",
    "/api/v1/customer/licenses?assigned=false",
    "/api/v1/customer/licenses?assigneeEmail=eve@example.test",
    "/api/v1/customer/licenses?page=0&perPage=0",
    "/api/v1/customer/licenses/FREE000001",
    "/api/v1/customer/licenses/EXPIRED001",
    "/api/v1/customer/licenses/NONE",
    "/api/v1/customer/teams/2001/licenses?perPage=3",
    "/api/v1/customer/teams/2002/licenses?perpage=1&page=1&page=2",
    "/api/v1/products",
    "/api/v1/plugins",
    "/api/v1/token",
    "/api/v1/nothing",
    "/admin/api-access/v1/orgs/ORG/api-tokens",
    "/admin/api-access/v1/orgs/ORG/api-tokens?pageSize=2&sort=expiresAt",
    "/admin/api-access/v1/orgs/ORG/api-tokens?q=laptop",
    "/admin/api-access/v1/orgs/ORG/api-tokens?status=blocked",
    "/admin/api-access/v1/orgs/ORG/api-tokens?createdAtSearchType=lt&createdAtUom=day&createdAtValue=30",
    "/admin/api-access/v1/orgs/ORG/api-tokens/count",
    "/admin/api-access/v1/orgs/ORG/api-tokens/count?q=o",
    "/admin/api-access/v1/orgs/ORG/api-keys",
    "/admin/api-access/v1/orgs/ORG/api-keys/count",
    "/admin/api-access/v1/orgs/ORG/oauth-clients",
    "/admin/api-access/v1/orgs/ORG/oauth-clients/client-sync",
    "/admin/api-access/v1/orgs/ORG/service-accounts?limit=1",
    "/admin/api-access/v1/orgs/ORG/service-accounts/api-tokens",
    "/admin/api-access/v1/orgs/ORG/service-accounts/svc-1/api-tokens",
    "/admin/api-access/v1/orgs/ORG/service-accounts/svc-1/oauth-clients",
    "/users/712020:ann/manage/api-tokens",
    "/users/svc-1/manage/api-tokens",
    "/public-api/licenses/usage",
    "/public-api/licenses?email=eve@example.test",
    "/public-api/licenses?username=ann",
    "/public-api/licenses/report",
    "/public-api/licenses/report?from=2026-01-15&to=2026-03-01",
    "/public-api/denials/report",
    "/license-vault/example/public-api/licenses/report",
    "/licenses-report.json?token=demo-reporting-token",
    "/tickets-report.json?token=demo-reporting-token",
    "/health",
];

/// Whose answers tell the very instant, or what another Locum's clock says.
const OF_THE_INSTANT: [&str; 3] = ["/licenses/usage", "/api-keys", "/health"];

/// Who asks: headers, and the id of the organization.
#[derive(Clone)]
pub struct Actor {
    headers: Vec<(String, String)>,
    org_id: String,
}

impl Actor {
    fn new(org_id: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { headers, org_id: org_id.to_owned() }
    }

    /// Those of the demo seed. Each header is a credential of one service, so that one actor calls all three.
    fn of_default_space() -> Vec<Self> {
        let jetbrains = |token, code, authorization| {
            Self::new(ORG, &[("X-Api-Key", token), ("X-Customer-Code", code), ("Authorization", authorization)])
        };
        vec![
            jetbrains("demo-jba-organization-admin", "6700001", "Bearer demo-atlassian-key"),
            jetbrains("demo-jba-team-admin", "6700001", "Bearer demo-vault-token"),
            jetbrains("demo-jba-team-viewer", "6700001", "Bearer demo-atlassian-reader"),
            jetbrains("demo-jba-organization-viewer", "6700001", "Automation demo-automation-token"),
            jetbrains("demo-jba-organization-admin", "6700002", "Automation demo-vault-token"),
            jetbrains("demo-jba-other-organization-admin", "6700002", "Bearer demo-vault-other-token"),
            Self::new(ORG, &[("X-Api-Key", "demo-jba-organization-admin"), ("Authorization", "Bearer nobody-s")]),
            Self::new(ORG, &[("Cookie", "cloud.session.token=demo-atlassian-key")]),
        ]
    }

    fn of_space(space: &Value) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let organization = &space["organizations"][0];
        let (code, org_id) = (text(&organization["customer_code"]), text(&organization["org_id"]));
        let key = format!("Bearer {}", text(&organization["atlassian"]["api_keys"][0]["token"]));
        let vault = format!("Bearer {}", text(&organization["license_vault"]["tokens"][0]["token"]));
        let tokens = organization["jetbrains_account"]["tokens"].as_array().unwrap();
        let token = |index: usize| text(&tokens[index]["token"]);
        let authorized = [(token(0), key), (token(1), vault)];
        let actors = authorized.iter().map(|(token, authorization)| {
            let headers = [("X-Api-Key", token.as_str()), ("X-Customer-Code", &code), ("Authorization", authorization)];
            Self::new(&org_id, &headers)
        });
        actors.collect()
    }

    fn client(&self, app: &TestApp) -> Client {
        let client = app.client().without_document_check();
        self.headers.iter().fold(client, |client, (name, value)| client.with_header(name, value))
    }

    fn write(&self, path: &str) -> String {
        path.replace("ORG", &self.org_id).replace(ORG, &self.org_id)
    }
}

pub struct Twins {
    /// They share a database, if there are several.
    remembering: Vec<TestApp>,
    forgetful: TestApp,
    actors: Vec<Actor>,
    of_default_space: usize,
}

impl Twins {
    /// Those that remember on the first databases, the one that does not on the second one.
    pub async fn start(remembering: &[Option<&str>], forgetful: Option<&str>) -> Self {
        let mut apps = Vec::new();
        for url in remembering {
            apps.push(TestApp::start_on(*url, &[]).await);
        }
        let forgetful = TestApp::start_on(forgetful, &["--answers", "off"]).await;
        assert!(forgetful.app.remembered_answers.is_none());
        let actors = Actor::of_default_space();
        let twins = Self { remembering: apps, forgetful, of_default_space: actors.len(), actors };
        // The start of a further process sets the clock, and ids are drawn from the number of writes.
        for _ in 1..remembering.len() {
            twins.forgetful.freeze_clock(NOW).await;
        }
        twins
    }

    /// How many answers were given from memory.
    pub fn hits(&self) -> u64 {
        self.remembering.iter().map(|app| app.app.remembered_answers.as_ref().unwrap().hits()).sum()
    }

    /// Makes the second space, or makes it anew.
    pub async fn make_second_space(&mut self) {
        let _ = self.both("make", 0, async |app| app.control().delete(&format!("/spaces/{SECOND}")).await).await;
        let space =
            self.both("make", 0, async |app| app.control().post("/spaces", json!({"name": SECOND})).await).await;
        let space = space.expect_ok();
        self.actors.truncate(self.of_default_space);
        self.actors.extend(Actor::of_space(&space));
        let clock = json!({"mode": "frozen", "now": NOW});
        let path = format!("/spaces/{SECOND}/clock");
        self.both("make", 0, async |app| app.control().put(&path, &clock).await).await.expect_ok();
    }

    /// Sends the same to one of those that remember and to the one that does not, and compares.
    async fn both(&self, what: &str, turn: usize, send: impl AsyncFn(&TestApp) -> Answer) -> Answer {
        let remembered = send(&self.remembering[turn % self.remembering.len()]).await;
        let made = send(&self.forgetful).await;
        compare(what, &remembered, &made, |_| true);
        made
    }

    pub async fn control(&self, method: &str, path: &str, body: &str) -> Answer {
        self.both(path, 0, async |app| app.control().without_document_check().call(method, path, body).await).await
    }

    pub async fn take(&mut self, step: &Step, number: &str) {
        let what = format!("{number}: {step:?}");
        match step {
            Step::Read { actors: [one, other], path, host, accept, turn } => {
                let headers = [("Host", *host), ("Accept", *accept)];
                // From memory from the second time on, if it may be. Each process is asked by each.
                for (asked, actor) in [one, other, one, other, one, other].into_iter().enumerate() {
                    let actor = &self.actors[actor % self.actors.len()];
                    let path = actor.write(PATHS[path % PATHS.len()]);
                    let send = async |app: &TestApp| {
                        let client = actor.client(app);
                        let with = |client: Client, (name, value): (&str, Option<&str>)| match value {
                            Some(value) => client.with_header(name, value),
                            None => client,
                        };
                        headers.into_iter().fold(client, with).get(&path).await
                    };
                    self.both(&what, turn.wrapping_add(asked / 2), send).await;
                }
            }
            Step::Write { actor, method, path, body, turn } => {
                let actor = &self.actors[actor % self.actors.len()];
                let path = actor.write(path);
                self.both(&what, *turn, async |app| actor.client(app).call(method, &path, body.bytes()).await).await;
            }
            Step::Control { in_second, method, path, body, turn } => {
                let base = if *in_second { format!("/spaces/{SECOND}") } else { String::new() };
                let path = format!("{base}{path}");
                let send = async |app: &TestApp| {
                    app.control().without_document_check().call(method, &path, body.bytes()).await
                };
                self.both(&what, *turn, send).await;
                self.stop_clock(&base).await;
            }
            Step::Reset { turn } => {
                self.both(&what, *turn, async |app| app.control().post("/reset", "").await).await.expect_ok();
            }
            Step::SecondSpaceAnew => self.make_second_space().await,
        }
    }

    /// Stops the clock of a space that a seed or a state has let run: what tells the time would differ.
    async fn stop_clock(&self, base: &str) {
        let path = format!("{base}/clock");
        let runs = |clock: Answer| clock.status == 200 && clock.json()["mode"] != "frozen";
        if runs(self.forgetful.control().get(&path).await) {
            let clock = json!({"mode": "frozen", "now": NOW}).to_string();
            self.control("PUT", &path, &clock).await.expect_ok();
        }
    }

    /// Compares what the journals say of the last requests, and how those were decided.
    pub async fn compare_journals(&self) {
        if self.remembering.len() > 1 {
            // Each has ids of its own for requests, and these order what came at one time.
            return;
        }
        let mut lists = Vec::new();
        for app in [&self.remembering[0], &self.forgetful] {
            let mut list = app.control().get("/requests?limit=100").await.expect_ok()["requests"].take();
            let mut entries = Vec::new();
            for entry in list.as_array_mut().unwrap().iter_mut().take(30) {
                let id = entry["id"].as_str().unwrap().to_owned();
                let mut entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
                mask(&mut entry);
                entries.push(entry.to_string().replace(&id, "ID"));
            }
            lists.push(entries);
        }
        for (remembered, made) in lists[0].iter().zip(&lists[1]) {
            assert_eq!(remembered, made);
        }
        assert_eq!(lists[0].len(), lists[1].len());
    }

    /// Lets the clock run over a date, and reads everything before and after it. How many answers changed.
    pub async fn read_across(&self, date: &str) -> usize {
        let remembering = &self.remembering[0];
        let at = chrono::DateTime::parse_from_rfc3339(date).unwrap();
        let mut lead = chrono::TimeDelta::milliseconds(300);
        let before = loop {
            let clock = json!({"mode": "offset", "now": (at - lead).to_rfc3339()});
            for app in [remembering, &self.forgetful] {
                app.control().put("/clock", &clock).await.expect_ok();
            }
            let before = self.read_all(remembering).await;
            if !is_past(remembering, at.timestamp_micros()).await {
                break before;
            }
            // The machine is busy: once more, earlier.
            lead = lead * 2;
        };
        for app in [remembering, &self.forgetful] {
            while !is_past(app, at.timestamp_micros()).await {
                self.read_all(remembering).await;
            }
        }
        let (after, made) = (self.read_all(remembering).await, self.read_all(&self.forgetful).await);
        let mut changed = 0;
        for (((what, before), (_, after)), (_, made)) in before.iter().zip(&after).zip(&made) {
            compare(&format!("after {date}: {what}"), after, made, |name| {
                name != "date" && !name.contains("ratelimit")
            });
            changed += usize::from(before.body != after.body);
        }
        changed
    }

    async fn read_all(&self, app: &TestApp) -> Vec<(String, Answer)> {
        let mut answers = Vec::new();
        for actor in &self.actors[..2] {
            for path in PATHS.iter().filter(|path| !OF_THE_INSTANT.iter().any(|end| path.contains(end))) {
                let answer = actor.client(app).get(&actor.write(path)).await;
                // What is refused tells its time.
                if answer.status == 200 {
                    answers.push(((*path).to_owned(), answer));
                }
            }
        }
        answers
    }
}

/// Whether a Locum's clock shows more than this, in microseconds since 1970.
async fn is_past(app: &TestApp, micros: i64) -> bool {
    let clock = app.control().get("/clock").await.expect_ok();
    let now = chrono::DateTime::parse_from_rfc3339(clock["now"].as_str().unwrap()).unwrap();
    now.timestamp_micros() > micros
}

/// Compares two answers, all but the request's id, which also stands in what is refused.
fn compare(what: &str, one: &Answer, other: &Answer, is_compared: impl Fn(&str) -> bool) {
    let texts = [one, other].map(|answer| {
        let id = answer.header("x-request-id").unwrap_or("no id").to_owned();
        let body = String::from_utf8_lossy(&answer.body).replace(&id, "ID");
        format!("{}\n{}\n{body}", answer.status, write_headers(&answer.headers, &is_compared).replace(&id, "ID"))
    });
    assert!(texts[0] == texts[1], "{what}\nremembering:\n{}\n\nforgetful:\n{}", texts[0], texts[1]);
}

fn write_headers(headers: &HeaderMap, is_compared: impl Fn(&str) -> bool) -> String {
    let shown = headers.iter().filter(|(name, _)| is_compared(name.as_str()));
    let lines: Vec<String> = shown.map(|(name, value)| format!("{name}: {value:?}")).collect();
    lines.join("\n")
}

/// Takes out of an entry of a journal how long it took.
pub fn mask(entry: &mut Value) {
    match entry {
        Value::Object(members) => {
            members.retain(|name, _| !name.contains("elapsed") && !name.contains("duration") && name != "cursor");
            members.values_mut().for_each(mask);
        }
        Value::Array(elements) => elements.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}
