//! `/_emulator`: the tester's side (`control-plane.md`). Ours, so it has its own document and its own errors.

pub mod ca_certificate;
mod clock;
pub(crate) mod consistent_read;
pub(crate) mod coverage;
mod credentials;
mod describe;
mod docs;
mod error_code;
mod events;
mod fault_rules;
pub mod index;
mod info;
pub mod known_credentials;
mod new_space;
mod origin;
mod probes;
mod rate_limits;
mod request_matcher;
mod requests;
mod seed;
mod snapshots;
mod spaces;
mod state;
mod strict_params;
mod timeline;
pub mod variables;

use std::sync::Arc;

use axum::{
    Extension, Router,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{
    app::App,
    core::error::Error,
    http::{
        body_limit, control_input, document,
        metrics::Metrics,
        operations::Operations,
        problem::Problem,
        routes::{Described, Description, Routes},
        time_limit,
    },
    routes,
    services::{self, Services, seeds::Seeds},
    web::guard::guard,
};

pub use self::probes::starting;
pub(crate) use self::seed::reload;
pub(crate) use self::{
    credentials::{CredentialAnswer, CredentialStatus},
    fault_rules::FaultRuleAnswer,
    rate_limits::{PolicyAnswer, RateLimits, WindowAnswer},
    requests::{
        ChangeAnswer, RequestSummary,
        detail::{Header, MessageAnswer, RequestDetail},
        har::Archive,
        list::JournalPage,
    },
    timeline::NoteAnswer,
};

pub use crate::http::CONTROL_BASE as BASE;
pub use crate::http::control_guard::CA_CERTIFICATE_PATH;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Locum control API",
        description = "The tester's side of Locum. Everything takes `?space=NAME`, or stands behind `/spaces/NAME` \
                       once more; without it, the default space is meant. A query parameter that a route does not have \
                       is refused, and so is a body.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/_emulator")),
)]
struct Document;

/// All routes but those that are behind `/spaces/{space}`, with what is about one space.
fn documented<D: Description>(space_routes: Routes<D>) -> Routes<D> {
    let begin = || {
        let mut document = Document::openapi();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("controlToken", scheme);
        document
    };
    Routes::of_document(begin)
        .routes(routes!(index::get_index))
        .routes(routes!(info::get_operations))
        .routes(routes!(docs::get_document))
        .routes(routes!(coverage::get_coverage, coverage::delete_coverage))
        .routes(routes!(ca_certificate::get_ca_certificate))
        .routes(routes!(spaces::get_spaces, new_space::create_space))
        .routes(routes!(spaces::get_space, spaces::delete_space))
        .merge(space_routes)
}

/// What is about one space: once as it is, and once behind `/spaces/{space}`.
fn space_routes<D: Description>(of_services: impl Iterator<Item = Routes<D>>) -> Routes<D> {
    let platform = Routes::new()
        .routes(routes!(info::get_info))
        .routes(routes!(variables::get_variables))
        .routes(routes!(seed::reset))
        .routes(routes!(seed::seed))
        .merge(space_state_routes())
        .routes(routes!(snapshots::get_snapshots))
        .routes(routes!(snapshots::take_snapshot, snapshots::delete_snapshot))
        .routes(routes!(snapshots::restore_snapshot))
        .routes(routes!(clock::get_clock, clock::put_clock, clock::delete_clock))
        .routes(routes!(clock::advance_clock))
        .routes(routes!(credentials::get_credentials))
        .routes(routes!(credentials::get_credential))
        .routes(routes!(credentials::expire_credential))
        .routes(routes!(credentials::revoke_credential))
        .routes(routes!(credentials::rotate_credential))
        .routes(routes!(fault_rules::get_faults, fault_rules::inject_fault, fault_rules::remove_faults))
        .routes(routes!(fault_rules::get_fault, fault_rules::remove_fault))
        .routes(routes!(rate_limits::get_rate_limits, rate_limits::put_rate_limits))
        .routes(routes!(rate_limits::reset_rate_limits))
        .routes(routes!(requests::list::get_requests, requests::list::delete_requests))
        .routes(routes!(requests::detail::get_request))
        .routes(routes!(requests::verify::verify_requests))
        .routes(routes!(timeline::get_timeline))
        .routes(routes!(events::get_events));
    of_services.fold(platform, Routes::merge)
}

/// A state is longer than anything else that is sent here.
fn space_state_routes<D: Description>() -> Routes<D> {
    let routes = Routes::new().routes(routes!(state::get_state, state::put_state));
    routes.wrap(|routes| routes.layer(body_limit::layer(state::BODY_LIMIT)))
}

/// The name of the document of the control API.
pub const DOCUMENT: &str = "control";

/// The document of the control API, built from the code.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let of_services = services::documents().into_iter().map(|service| (service.control_routes)());
    let mut document = documented::<Described>(space_routes(of_services)).into_openapi();
    describe::share_common_parts(&mut document);
    describe::add_examples(&mut document);
    document
}

/// The control API behind its guard, to be mounted at [`BASE`].
pub fn with_guard(routes: Router<App>, app: &App) -> Router<App> {
    routes.layer(from_fn_with_state(app.clone(), guard))
}

/// The control API as such: for [`with_guard`], and for Locum's own pages, which stand behind a guard of their own.
pub fn routes(app: &App, services: &Services, seeds: Seeds) -> Router<App> {
    let space_routes = || space_routes(services.iter().map(|service| (service.control_routes)()));
    let routes = documented(space_routes()).into_router();
    let routes = routes.nest("/spaces/{space}", space_routes().into_router()).merge(docs::router(app, services));
    layered(app, services, seeds, routes)
}

/// The index once more, at the control API's path with a slash at its end, where nesting does not reach.
pub fn index_with_slash(app: &App, services: &Services, seeds: Seeds) -> Router<App> {
    layered(app, services, seeds, Router::new().route(&format!("{BASE}/"), axum::routing::get(index::get_index)))
}

fn layered(app: &App, services: &Services, seeds: Seeds, routes: Router<App>) -> Router<App> {
    let operations = Arc::new(Operations::of(document::find(DOCUMENT)));
    routes
        .fallback(|| async { Problem::from(Error::RouteUnknown) })
        .method_not_allowed_fallback(|| async { Problem::from(Error::MethodUnknown) })
        .layer(from_fn_with_state(app.clone(), consistent_read::consistent_read))
        .layer(from_fn(time_limit::limit_control))
        .layer(from_fn_with_state(Arc::clone(&operations), strict_params::check))
        .layer(from_fn_with_state((app.clone(), operations), timeline::note))
        .layer(Extension(seeds))
        .layer(Extension(Arc::clone(services)))
        .layer(body_limit::layer(control_input::BODY_LIMIT))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(Problem::from(Error::internal("a handler panicked")))
        }))
}

/// `/livez`, `/readyz` and `/metrics`, to be mounted at the root.
pub fn probes(metrics: &Arc<Metrics>) -> Router<App> {
    probes::router(metrics)
}
