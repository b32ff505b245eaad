//! `/_emulator/ui/`: pages for people. What they show they read; what their buttons do, the control API does.

mod again;
mod changes;
mod contradiction;
mod controls;
mod copies;
mod coverage;
mod curl;
mod dashboard;
mod json_text;
mod list;
pub(crate) mod report;
mod request;
mod search;
mod search_text;
mod short_path;
mod start;
mod world;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, any, get, post},
};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    app::App,
    control::consistent_read::read_consistently,
    core::error::Error,
    http::{accepts::wants_page, body_limit, problem::Problem},
    services::{Services, seeds::Seeds},
    web::{
        BASE, HOME, Pages, control_action, error::PageError, form, overlay::Overlay, security_headers, session,
        shown::Shown, view::Parameters,
    },
};

const CONTROLS: &str = "/controls";
const COVERAGE: &str = "/coverage";
const START: &str = "/start";

/// The pages to look at.
fn views(app: &App, services: &Services, seeds: &Seeds) -> Router<Pages> {
    let at = |path: &str| format!("{BASE}{path}");
    let page = |show: MethodRouter<Pages>, parameters| show.layer(Extension(Parameters(parameters)));
    let own = Router::new()
        .route(&at("/"), page(get(dashboard::show), dashboard::PARAMETERS))
        .route(&at("/requests/{id}"), page(get(request::show), &["against"]))
        .route(&at("/requests/{id}/{which}"), get(request::show_body))
        .route(&at(START), page(get(start::show), &["page"]))
        .route(&at("/start/variables"), get(start::show_exports))
        .route(&at(CONTROLS), page(get(controls::show), controls::PARAMETERS))
        .route(&at(COVERAGE), page(get(coverage::show), &[]))
        .route(&at("/state"), get(controls::download_state));
    let all = services.pages().fold(own, |views, it| views.route(&at(it.path), page((it.show)(), it.parameters)));
    all.layer(Extension(Arc::clone(services)))
        .layer(Extension(seeds.clone()))
        .layer(from_fn_with_state(app.clone(), show_one_world))
}

/// The pages, to be merged into the root. `control` is the control API, behind no guard; `vendors` are the services.
pub(crate) fn router(
    app: &App,
    services: &Services,
    seeds: &Seeds,
    control: Router<App>,
    vendors: Router,
) -> Router<App> {
    let of_services = services.pages().map(|page| (page.path, page.title));
    let own = [("/", "Requests"), (CONTROLS, "Controls")];
    let further = [(COVERAGE, "Coverage"), (START, "Start here")];
    let links = own.into_iter().chain(of_services).chain(further).collect();
    let names = services.names().collect();
    let control = control.with_state(app.clone());
    let pages = Pages { app: app.clone(), control, vendors, shown: Shown::default(), links, services: names };
    let at = |path: &str| format!("{BASE}{path}");
    let home = async || Redirect::to(HOME);
    Router::new()
        .merge(views(app, services, seeds).with_state(pages.clone()))
        .route(&at("/calls"), post(control_action::call).get(home).with_state(pages.clone()))
        .route(&at("/again"), post(again::send).get(home).with_state(pages.clone()))
        // Behind the session, because who has none is not to send more than the services take.
        .layer(body_limit::layer(form::LIMIT))
        .route(&at("/shown/{id}"), get(show_made).with_state(pages.clone()))
        .route(&at("/events"), get(events).with_state(pages.clone()))
        .layer(from_fn_with_state(pages.clone(), session::session))
        .route(&at("/login"), post(session::login).get(session::ask).with_state(pages))
        .route(&at("/pages.css"), get(asset("text/css; charset=utf-8", include_str!("../web/templates/pages.css"))))
        .route(
            &at("/pages.js"),
            get(asset("text/javascript; charset=utf-8", include_str!("../web/templates/pages.js"))),
        )
        .route(
            &at("/login.js"),
            get(asset("text/javascript; charset=utf-8", include_str!("../web/templates/login.js"))),
        )
        .route(&at("/icon.svg"), get(asset("image/svg+xml", include_str!("../web/templates/icon.svg"))))
        .route(BASE, get(home))
        .route(&at("/{*rest}"), any(show_nothing))
        .layer(from_fn_with_state(app.clone(), crate::http::control_guard::guard_site))
        .layer(map_response(security_headers::add))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::from(Error::internal("a handler panicked")).into_response()
        }))
}

/// Middleware: a page asks the control API several times, and is made anew when everything was replaced in between.
async fn show_one_world(State(app): State<App>, request: Request, next: Next) -> Result<Response, PageError> {
    Ok(read_consistently(&app, request, next).await?)
}

/// Serves a file that is part of the binary.
fn asset(content_type: &'static str, text: &'static str) -> impl Fn() -> std::future::Ready<Response> + Clone {
    move || std::future::ready(([(header::CONTENT_TYPE, content_type)], text).into_response())
}

/// The events of the control API, for a page: a browser cannot send the control token along.
async fn events(State(pages): State<Pages>, uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    match Request::get(format!("/events{query}")).body(Body::empty()) {
        Ok(request) => pages.control.oneshot(request).await.into_response(),
        Err(error) => Problem::from(Error::Unreadable(error.to_string())).into_response(),
    }
}

/// Says to people that there is no such page; to programs, what they are told of every path that is nobody's.
async fn show_nothing(uri: Uri, headers: HeaderMap) -> Response {
    if !wants_page(&headers) {
        return Problem::from(Error::RouteUnknown).into_response();
    }
    let detail = format!("there is no page `{}`: it may have been one of another version of Locum", uri.path());
    PageError { status: StatusCode::NOT_FOUND, detail }.into_response()
}

/// All of what was made, where a page shows the beginning.
async fn show_made(
    State(pages): State<Pages>,
    Extension(session): Extension<session::Session>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    match pages.shown.find(session.name(), &id) {
        Some((Overlay::Made(made), _)) => {
            Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], made.body).into_response())
        }
        _ => Err(Error::NotFound("what was made is not shown any more".to_owned()).into()),
    }
}
