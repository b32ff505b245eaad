//! What CONTRIBUTING.md promises: a service is a folder and a line in the registry. This one's folder is this file, and
//! the line is in [`start`]; no other room knows of it.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, Method, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use locum::{
    app::App,
    core::{error::Error, ids::Ids, progress::Progress, token::PlainToken},
    domain::{credential::Credential, organization::DEFAULT_SPACE},
    http::{
        caller::{Caller, Scope},
        credential_places::{CredentialPlace, Location},
        document::{Document, Operation},
        mount::{mount, nest},
        routes::Routes,
        vendor_service::{InjectedError, Outcome, Presented, VendorService},
    },
    routes,
    services::{self, Registry, Service},
    store::{
        self, Session,
        credential::{CredentialKind, NewCredential},
    },
};
use serde_json::json;

use crate::support::{Client, Database, TestApp, config};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

struct CarPark;

/// Why the car park lets nobody in.
enum CarParkError {
    NoPass,
    Shared(Error),
}

impl From<Error> for CarParkError {
    fn from(error: Error) -> Self {
        Self::Shared(error)
    }
}

impl IntoResponse for CarParkError {
    fn into_response(self) -> Response {
        match self {
            Self::NoPass => (StatusCode::UNAUTHORIZED, "show your pass").into_response(),
            Self::Shared(Error::CredentialRejected) => (StatusCode::FORBIDDEN, "not your car park").into_response(),
            Self::Shared(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

impl VendorService for CarPark {
    const NAME: &'static str = "car_park";
    const BASE: &'static str = "/car-park/v1";
    const DOCUMENT: &'static str = "car-park";
    const CREDENTIAL_PLACES: &'static [CredentialPlace] =
        &[CredentialPlace { location: Location::Header("x-parking-pass"), prefix: "", variable: "PARKING_PASS" }];
    const READ_HEADERS: &'static [&'static str] = &["accept-language"];
    type Error = CarParkError;
    type Principal = String;
    type Need = ();

    fn document() -> &'static Document {
        &DOCUMENT
    }

    fn credential(parts: &Parts) -> Presented {
        match parts.headers.get("x-parking-pass").map(HeaderValue::to_str) {
            None => Presented::Nothing,
            Some(Err(_)) => Presented::Unreadable,
            Some(Ok(pass)) => Presented::Token(PlainToken::new(pass)),
        }
    }

    async fn principal<M: Send>(_: &mut Session<M>, credential: &Credential) -> Result<Option<String>, Error> {
        Ok(Some(credential.label.clone()))
    }

    fn describe_permission(_: &String) -> String {
        "parking".to_owned()
    }

    fn injected(error: InjectedError<'_, String>) -> Response {
        let code = error.code.unwrap_or("no code");
        (error.status, format!("the barrier is stuck: {code}")).into_response()
    }

    fn admit(_: &Parts, outcome: &Outcome<Self>, (): &()) -> Result<Arc<String>, CarParkError> {
        match outcome {
            Outcome::Nothing => Err(CarParkError::NoPass),
            Outcome::Bad | Outcome::Good(_) => Ok(outcome.principal()?),
        }
    }
}

struct Park;

impl Scope<CarPark> for Park {
    const NEED: () = ();
    const NEEDS: &'static str = "a pass";
}

#[utoipa::path(get, path = "/places", operation_id = "getPlaces", responses((status = 200, body = serde_json::Value)))]
async fn get_places(caller: Caller<CarPark, Park>) -> Response {
    locum::http::answer::json::<CarPark>(JSON, &json!({"free": 3, "driver": *caller.principal}))
}

/// What a handler sees of the request's headers.
#[utoipa::path(get, path = "/mirror", operation_id = "getMirror", responses((status = 200, body = serde_json::Value)))]
async fn get_mirror(_: Caller<CarPark, Park>, headers: HeaderMap) -> Response {
    let seen: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    locum::http::answer::json::<CarPark>(JSON, &json!(seen))
}

fn routes(app: &App) -> Router<App> {
    let routes = Routes::new().routes(routes!(get_places)).routes(routes!(get_mirror));
    nest(app, CarPark::BASE, mount::<CarPark>(app, routes))
}

/// What `make openapi` makes of the attributes above, for a service whose document is committed.
static DOCUMENT: Document = Document::of(CarPark::DOCUMENT, &OPERATIONS);
static OPERATIONS: [Operation; 2] = [get_operation("/places", "getPlaces"), get_operation("/mirror", "getMirror")];

const fn get_operation(path: &'static str, id: &'static str) -> Operation {
    Operation {
        method: Method::GET,
        path,
        server: None,
        id: Some(id),
        query: &[],
        takes_body: false,
        scope: None,
        refusals: &[],
        missing: None,
        unverified: None,
        summary: "",
    }
}

fn new_pass(ids: &mut Ids) -> PlainToken {
    PlainToken::new(format!("PARK-{}", ids.upper(6)))
}

const PASS: CredentialKind = CredentialKind::new("pass", new_pass);

/// A Locum with a fourth service, and a pass for it.
async fn start() -> TestApp {
    let car_park = Service { credential_kinds: &[PASS], ..Service::new::<CarPark>("Car park", routes) };
    let services = Registry::new(services::all().into_iter().chain([car_park]).collect());
    let settings = config(&["--clock", "frozen@2026-01-15T09:00:00Z", "--id-seed", "7"]);
    let started = locum::startup::start_with(settings, services, &Progress::default(), &std::sync::OnceLock::new())
        .await
        .unwrap();
    let app = started.app;
    let mut db = app.db.write(app.space(DEFAULT_SPACE).await.unwrap().id).await.unwrap();
    let space = db.space().id;
    let organization = store::organization::list(&mut db, space).await.unwrap()[0].id;
    let new = NewCredential {
        organization,
        service: CarPark::NAME,
        kind: PASS.name,
        created_at: None,
        label: "red car",
        expires_at: None,
    };
    let pass = PlainToken::new("demo-pass");
    store::credential::issue(&mut db, &app.keyring, &new, &pass).await.unwrap();
    db.commit().await.unwrap();
    TestApp { app, router: started.router, database: Database::Sqlite }
}

#[tokio::test]
async fn it_is_served_with_everything_that_the_platform_does_for_a_service() {
    let app = start().await;
    let stranger = app.client();
    assert_eq!(stranger.get("/car-park/v1/places").await.text(), "show your pass");
    let forger = stranger.with_header("x-parking-pass", "forged-pass");
    assert_eq!(forger.get("/car-park/v1/places").await.status, 403);
    let driver = stranger.with_header("x-parking-pass", "demo-pass");
    let places = driver.get("/car-park/v1/places").await;
    assert_eq!(places.expect_ok(), json!({"free": 3, "driver": "red car"}));

    let requests = app.control().get("/requests?service=car_park&operation=getPlaces").await.expect_ok();
    let requests = requests["requests"].as_array().unwrap();
    assert_eq!((requests.len(), &requests[0]["credential"]), (3, &json!("red car")));
    for request in requests {
        let id = request["id"].as_str().unwrap();
        let entry = app.control().get(&format!("/requests/{id}")).await;
        assert!(!entry.text().contains("demo-pass") && !entry.text().contains("forged-pass"), "{}", entry.text());
    }
}

#[tokio::test]
async fn a_tester_finds_and_controls_it_like_any_other() {
    let app = start().await;
    let driver = app.client().with_header("x-parking-pass", "demo-pass");
    let operations = app.control().get("/operations").await.expect_ok();
    let is_own = |one: &&serde_json::Value| one["service"] == "car_park" && one["operation"] == "getPlaces";
    let own = operations.as_array().unwrap().iter().find(is_own).expect("it is listed");
    assert_eq!(own["path"], "/car-park/v1/places");
    assert_eq!(app.control().get("/docs/car-park.json").await.status, 200);

    let rule = json!({"match": {"service": "car_park", "operation": "getPlaces"}, "then": {"status": 503}, "times": 1});
    assert_eq!(app.control().post("/faults", rule).await.status, 200);
    let stuck = driver.get("/car-park/v1/places").await;
    assert_eq!((stuck.status.as_u16(), stuck.text()), (503, "the barrier is stuck: no code"));
    driver.get("/car-park/v1/places").await.expect_ok();

    let rotated = app.control().post("/credentials/red%20car/rotate", "").await.expect_ok();
    let token = rotated["token"].as_str().unwrap();
    assert!(token.starts_with("PARK-") && rotated["kind"] == "pass", "{rotated}");
    assert_eq!(driver.get("/car-park/v1/places").await.status, 403);
    app.client().with_header("x-parking-pass", token).get("/car-park/v1/places").await.expect_ok();
}

#[tokio::test]
async fn a_handler_that_reads_sees_only_the_headers_that_answers_are_remembered_by() {
    let app = start().await;
    let driver = app.client().with_header("x-parking-pass", "demo-pass").without_document_check();
    let see = async |client: &Client| client.get("/car-park/v1/mirror").await.expect_ok();
    for (language, seen) in
        [("de", "accept-language: de"), ("fr", "accept-language: fr"), ("de", "accept-language: de")]
    {
        let client = driver.with_header("accept-language", language).with_header("x-whatever", "x");
        assert_eq!(see(&client).await, json!([seen, "x-parking-pass: "]));
    }
    assert_eq!(see(&driver).await, json!(["x-parking-pass: "]));
    assert_eq!(see(&driver.with_header("x-whatever", "y")).await, json!(["x-parking-pass: "]));
    assert_eq!(app.app.remembered_answers.as_ref().unwrap().hits(), 2);
}
