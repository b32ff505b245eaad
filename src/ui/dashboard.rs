//! What Locum is doing: requests as they come, the clock, faults, limits, spaces.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    domain::organization::DEFAULT_SPACE,
    web::{
        control_action::Call,
        view::{Page, PageError, rendered, segment, tidy, written},
    },
};

/// What requests are filtered by: parameters of the control route, too.
const FILTERS: [&str; 5] = ["service", "operation", "credential", "status", "cursor"];

/// A page of the journal.
#[derive(Default, Deserialize)]
struct Journal {
    requests: Vec<Line>,
    evicted: i64,
    next: Option<String>,
}

/// A request, in short.
#[derive(Deserialize)]
pub(super) struct Line {
    pub id: String,
    pub at: String,
    pub elapsed_us: u64,
    pub service: Option<String>,
    pub operation: Option<String>,
    pub credential: Option<String>,
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub status: u16,
    pub fault: Option<String>,
    pub refusal: Option<String>,
}

impl Line {
    /// Its time, without the date.
    fn time(&self) -> &str {
        let time = self.at.split('T').nth(1).unwrap_or(&self.at);
        time.get(..12).unwrap_or(time).trim_end_matches('Z')
    }

    fn target(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.path)
    }

    pub(super) fn class(&self) -> u16 {
        self.status / 100
    }

    /// Why it was not simply answered.
    fn why(&self) -> &str {
        self.refusal.as_deref().or(self.fault.as_deref()).unwrap_or_default()
    }

    /// In milliseconds.
    pub(super) fn elapsed(&self) -> String {
        format!("{}.{} ms", self.elapsed_us / 1000, self.elapsed_us % 1000 / 100)
    }
}

#[derive(Deserialize)]
struct Operation {
    operation: Option<String>,
}

#[derive(Deserialize)]
struct Credential {
    label: String,
}

#[derive(Deserialize)]
struct Clock {
    mode: String,
    now: String,
}

/// A rule that injects faults.
#[derive(Deserialize)]
struct Error {
    id: String,
    #[serde(rename = "match")]
    which: Value,
    then: Value,
    times: Option<i64>,
    hits: i64,
}

impl Error {
    /// A member for member account of it.
    fn described(value: &Value) -> String {
        let members = value.as_object().into_iter().flatten();
        let described = members.map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        });
        described.collect::<Vec<_>>().join(", ")
    }

    fn which(&self) -> String {
        let described = Self::described(&self.which);
        if described.is_empty() { "every request".to_owned() } else { described }
    }

    fn then(&self) -> String {
        Self::described(&self.then)
    }
}

/// A rule and the button that removes it.
struct FaultRow {
    fault: Error,
    remove: Call,
}

#[derive(Deserialize)]
struct Limits {
    policies: Vec<Policy>,
    windows: Vec<Window>,
}

#[derive(Deserialize)]
struct Policy {
    organization: String,
    limit: i64,
    window: String,
    mode: String,
}

#[derive(Deserialize)]
struct Window {
    organization: String,
    credential: String,
    operation: String,
    requests: i64,
    reset: String,
}

impl Limits {
    fn of(&self, window: &Window) -> i64 {
        let policy = self.policies.iter().find(|policy| policy.organization == window.organization);
        policy.map_or(0, |policy| policy.limit)
    }
}

/// A space, the link to it, and the button that deletes it.
struct SpaceRow {
    name: String,
    is_here: bool,
    link: String,
    delete: Option<Call>,
}

#[derive(Template)]
#[template(path = "dashboard.html", config = "src/ui/askama.toml")]
struct Locum<'a> {
    page: &'a Page,
    journal: Journal,
    /// Why there is no list.
    trouble: Option<String>,
    operations: Vec<String>,
    credentials: Vec<String>,
    clock: Clock,
    moves: Vec<Call>,
    faults: Vec<FaultRow>,
    inject: Call,
    clear: Call,
    limits: Limits,
    recount: Call,
    spaces: Vec<SpaceRow>,
    create: Call,
    reset: Call,
}

/// Shows all of it.
pub(super) async fn show(page: Page) -> Result<Response, PageError> {
    let filters = FILTERS.map(|name| (name, page.get(name)));
    let query = written(filters.into_iter().chain([("limit", "50")]));
    let (journal, trouble) = match page.ask(&format!("/requests{query}")).await {
        Ok(journal) => (journal, None),
        Err(trouble) => (Journal::default(), Some(trouble.detail)),
    };
    let operations: Vec<Operation> = page.ask_outside("/operations").await?;
    let mut operations: Vec<String> = operations.into_iter().filter_map(|known| known.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    let credentials: Vec<Credential> = page.ask("/credentials").await?;
    let faults: Vec<Error> = page.ask("/faults").await?;
    let removable = |fault: Error| {
        let remove = page.call("DELETE", &format!("/faults/{}", segment(&fault.id)), Value::Null, "Remove");
        FaultRow { remove: remove.of(format!("the fault for {}", fault.which())), fault }
    };
    let moved = |by: &str, label: &str| page.call("POST", "/clock/advance", json!({ "by": by }), label);
    let template = Locum {
        journal,
        trouble,
        operations,
        credentials: credentials.into_iter().map(|credential| credential.label).collect(),
        clock: page.ask("/clock").await?,
        moves: vec![
            page.call("PUT", "/clock", json!({ "mode": "frozen" }), "Freeze"),
            moved("1h", "+1 h"),
            moved("1d", "+1 d"),
            page.call("DELETE", "/clock", Value::Null, "Real"),
        ],
        faults: faults.into_iter().map(removable).collect(),
        inject: page.call("POST", "/faults", Value::Null, "Inject"),
        clear: page.call("DELETE", "/requests", Value::Null, "Clear").asks("Forget every request of this space?"),
        limits: page.ask("/rate-limits").await?,
        recount: page.call("POST", "/rate-limits/reset", Value::Null, "Start counting over"),
        spaces: page.spaces.iter().map(|name| space(&page, name)).collect(),
        create: Call::new("POST", "/spaces".to_owned(), Value::Null, "Create".to_owned()),
        reset: page.call("POST", "/reset", Value::Null, "Reset to seed").asks(format!(
            "Put the space {} back to its seed? Data, clock, faults, limits and requests go.",
            page.space.name
        )),
        page: &page,
    };
    rendered(&page, &template)
}

fn space(page: &Page, name: &str) -> SpaceRow {
    let home = format!("{}/", crate::web::BASE);
    let link = if name == DEFAULT_SPACE { home.clone() } else { format!("{home}{}", written([("space", name)])) };
    let is_here = name == page.space.name;
    let delete = (name != DEFAULT_SPACE).then(|| {
        let path = format!("/spaces/{}", segment(name));
        let delete = Call::new("DELETE", path, Value::Null, "Delete".to_owned()).of(format!("the space {name}"));
        let delete = delete.asks(format!("Delete the space {name}? Its credentials are unknown from then on."));
        if is_here { delete.leads(home) } else { delete }
    });
    SpaceRow { name: name.to_owned(), is_here, link, delete }
}
