//! Random steps, of which a number is the whole cause.

use std::fmt;

use locum::services::{atlassian, jetbrains_account, license_vault};
use proptest::{
    prelude::*,
    sample::select,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use crate::{
    document::Document,
    random_requests::strategies::{RandomRequest, random_request},
};

/// Operations of the control API that are not for random: those that tell of the process or of its requests, let the
/// clock run, inject what takes time, or are steps of their own.
const LEFT_OUT: [&str; 19] = [
    "getInfo",
    "getRequests",
    "getRequest",
    "deleteRequests",
    "verifyRequests",
    "putClock",
    "deleteClock",
    "advanceClock",
    "injectFault",
    "removeFaults",
    "createSpace",
    "deleteSpace",
    "getSpace",
    "getSpaces",
    "reset",
    // These may set the clock of the machine, by which dates would differ.
    "seed",
    "putState",
    "getDocument",
    "getOperations",
];

#[derive(Clone)]
pub struct Body(pub Vec<u8>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// `turn` says which of several processes gets it.
#[derive(Debug, Clone)]
pub enum Step {
    /// Asked by one, by another, and by the first again.
    Read {
        actors: [usize; 2],
        path: usize,
        host: Option<&'static str>,
        accept: Option<&'static str>,
        turn: usize,
    },
    Write {
        actor: usize,
        method: String,
        path: String,
        body: Body,
        turn: usize,
    },
    Control {
        in_second: bool,
        method: String,
        path: String,
        body: Body,
        turn: usize,
    },
    Reset {
        turn: usize,
    },
    SecondSpaceAnew,
}

pub struct Steps {
    runner: TestRunner,
    steps: BoxedStrategy<Step>,
}

impl Steps {
    pub fn new(seed: u8) -> Self {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        Self { runner: TestRunner::new_with_rng(Config::default(), rng), steps: any_step() }
    }

    pub fn next(&mut self) -> Step {
        self.steps.new_tree(&mut self.runner).expect("there is always a step").current()
    }
}

fn any_step() -> BoxedStrategy<Step> {
    let actors = [0..10_usize, 0..10_usize];
    let read = (actors, 0..64_usize, any_host(), any_accept(), any::<usize>())
        .prop_map(|(actors, path, host, accept, turn)| Step::Read { actors, path, host, accept, turn });
    prop_oneof![
        70 => read,
        6 => any_write(),
        6 => likely_write(),
        7 => any_control(),
        3 => any_clock(),
        2 => any_fault(),
        1 => any::<usize>().prop_map(|turn| Step::Reset { turn }),
        1 => Just(Step::SecondSpaceAnew),
    ]
    .boxed()
}

fn any_host() -> impl Strategy<Value = Option<&'static str>> {
    const HOSTS: [&str; 3] = ["locum:8080", "example.fls.jetbrains.com", "other.fls.jetbrains.com"];
    proptest::option::weighted(0.2, select(&HOSTS[..]).prop_map(|host: &'static str| host))
}

fn any_accept() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::weighted(0.2, select(&["text/csv", "application/json"][..]).prop_map(|it: &'static str| it))
}

/// A request of any operation of the services', made from their documents.
fn any_write() -> impl Strategy<Value = Step> {
    let services = [
        (jetbrains_account::BASE, Document::read(&jetbrains_account::openapi())),
        ("", Document::read(&license_vault::openapi())),
        (atlassian::BASE, Document::read(&atlassian::openapi())),
    ];
    let requests = services.map(|(base, document)| {
        (0..10_usize, random_request(&document, &[]), any::<usize>()).prop_map(move |(actor, request, turn)| {
            let RandomRequest { method, path, query, body, .. } = request;
            // Those of people stand at the root.
            let base = if path.starts_with("/users") { "" } else { base };
            let path = format!("{base}{path}{query}");
            Step::Write { actor, method: method.to_string(), path, body: Body(body), turn }
        })
    });
    proptest::strategy::Union::new(requests.map(Strategy::boxed))
}

/// A write that mostly succeeds.
fn likely_write() -> impl Strategy<Value = Step> {
    let assign = |id: &str, name: &str| {
        let contact = json!({"firstName": name, "lastName": "Stone", "email": format!("{name}@example.test")});
        ("POST", "/api/v1/customer/licenses/assign".to_owned(), json!({"licenseId": id, "contact": contact}))
    };
    let revoke = |id: &str| ("POST", format!("/api/v1/customer/licenses/revoke?licenseId={id}"), json!(null));
    let account = json!({"displayName": "deploy-bot", "permissionRules": [], "additionalGroups": []});
    let writes = vec![
        assign("FREE000001", "eve"),
        assign("FREE000002", "max"),
        assign("FREE000003", "eve"),
        revoke("FREE000001"),
        revoke("ABCDE12345"),
        ("POST", "/admin/api-access/v1/orgs/ORG/service-accounts".to_owned(), account),
        ("DELETE", "/admin/api-access/v1/orgs/ORG/service-accounts/svc-1/api-tokens".to_owned(), json!(null)),
        ("POST", "/public-api/licenses/revoke?email=eve@example.test".to_owned(), json!(null)),
        ("POST", "/public-api/products/disconnect?email=eve@example.test&productCode=II".to_owned(), json!(null)),
    ];
    (0..10_usize, select(writes), any::<usize>()).prop_map(|(actor, (method, path, body), turn)| {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Step::Write { actor, method: method.to_owned(), path, body: Body(body), turn }
    })
}

/// A token that ends soon after it is made.
const TOKENS: &str = "version: 1
organizations:
  - name: Example Corp
    customer_code: 6700001
    atlassian:
      api_tokens: [{ user: bob@example.test, label: short, created_at: -1h, expires_at: +20m }]
";

fn any_control() -> impl Strategy<Value = Step> {
    let mut document = Document::of_ending_control();
    document.operations.retain(|operation| !LEFT_OUT.contains(&operation.id.as_str()));
    let random = random_request(&document, &[]).prop_map(|request| {
        let RandomRequest { method, path, query, body, .. } = request;
        (method.to_string(), format!("{path}{query}"), body)
    });
    let connect = |user: &str, product: &str| {
        let body = json!({"user": format!("{user}@example.test"), "product": product}).to_string().into_bytes();
        ("POST".to_owned(), "/vaults/example/connections".to_owned(), body)
    };
    let connects = vec![
        ("POST".to_owned(), "/seed".to_owned(), TOKENS.as_bytes().to_vec()),
        connect("eve", "II"),
        connect("ann", "II"),
        connect("ann", "WS"),
        connect("max", "GO"),
    ];
    (any::<bool>(), prop_oneof![2 => random, 1 => select(connects)], any::<usize>()).prop_map(
        |(in_second, (method, path, body), turn)| Step::Control { in_second, method, path, body: Body(body), turn },
    )
}

/// Moves of a clock that stands still, small ones over the dates at which something ends.
fn any_clock() -> impl Strategy<Value = Step> {
    const SPANS: [&str; 11] = ["1ms", "1s", "1m", "20m", "20m", "1h", "1d", "7d", "30d", "30d", "90d"];
    const DATES: [&str; 10] = [
        "2026-01-15T09:00:00Z",
        "2026-01-15T09:20:00Z",
        "2026-01-15T09:19:59.999999Z",
        "2026-04-15T08:59:59.999999Z",
        "2026-04-15T09:00:00Z",
        "2026-12-06T08:59:59.999Z",
        "2026-12-06T09:00:00Z",
        "2027-01-15T08:59:59.999999Z",
        "2027-01-15T20:59:59.999999Z",
        "2027-01-15T21:00:00Z",
    ];
    let advance = select(&SPANS[..]).prop_map(|by| ("POST", "/clock/advance", json!({"by": by})));
    let set = select(&DATES[..]).prop_map(|now| ("PUT", "/clock", json!({"mode": "frozen", "now": now})));
    (any::<bool>(), prop_oneof![1 => advance, 1 => set], any::<usize>()).prop_map(
        |(in_second, (method, path, body), turn)| {
            let (method, path, body) = (method.to_owned(), path.to_owned(), Body(body.to_string().into_bytes()));
            Step::Control { in_second, method, path, body, turn }
        },
    )
}

fn any_fault() -> impl Strategy<Value = Step> {
    let rules = vec![
        json!({"match": {"service": "jetbrains_account"}, "then": {"status": 503}, "times": 2}),
        json!({"match": {"service": "atlassian"}, "then": {"status": 429}, "times": 1}),
        json!({"match": {"service": "license_vault"}, "then": {"delay": "1ms"}, "times": 3}),
    ];
    let inject = select(rules).prop_map(|rule| ("POST", "/faults", rule.to_string().into_bytes()));
    let remove = Just(("DELETE", "/faults", Vec::new()));
    let step = |(in_second, (method, path, body), turn): (bool, (&str, &str, Vec<u8>), usize)| Step::Control {
        in_second,
        method: method.to_owned(),
        path: path.to_owned(),
        body: Body(body),
        turn,
    };
    (any::<bool>(), prop_oneof![2 => inject, 1 => remove], any::<usize>()).prop_map(step)
}
