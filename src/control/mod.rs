//! `/_emulator`: the tester's side (`control-plane.md`). Ours, so it has its own document and its own errors.

pub mod ca_certificate;
mod clock;
pub(crate) mod consistent_read;
mod credentials;
mod docs;
mod document;
mod error_code;
mod events;
mod fault_rules;
mod info;
mod probes;
mod rate_limits;
mod request_matcher;
mod requests;
mod seed;
mod snapshots;
mod spaces;
mod state;
mod strict_params;
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
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    core::error::Error,
    http::{body_limit, control_guard, control_input, metrics::Metrics, problem::Problem, time_limit},
    services::{Registry, Services, seeding::Seeds},
};

pub use self::probes::starting;
pub(crate) use self::{
    clock::ClockAnswer,
    credentials::CredentialAnswer,
    fault_rules::FaultRuleAnswer,
    rate_limits::{PolicyAnswer, RateLimits, WindowAnswer},
    requests::{
        RequestSummary,
        detail::{Header, MessageAnswer, RequestDetail},
        list::JournalPage,
    },
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
fn documented(space_routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
    let mut document = Document::openapi();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("controlToken", scheme);
    OpenApiRouter::with_openapi(document)
        .routes(routes!(info::get_operations))
        .routes(routes!(docs::get_document))
        .routes(routes!(ca_certificate::get_ca_certificate))
        .routes(routes!(spaces::get_spaces, spaces::create_space))
        .routes(routes!(spaces::get_space, spaces::delete_space))
        .merge(space_routes)
}

/// What is about one space: once as it is, and once behind `/spaces/{space}`.
fn space_routes(services: &Registry) -> OpenApiRouter<App> {
    let platform = OpenApiRouter::new()
        .routes(routes!(info::get_info))
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
        .routes(routes!(events::get_events));
    services.iter().fold(platform, |routes, service| routes.merge((service.control_routes)()))
}

/// A state is longer than anything else that is sent here.
fn space_state_routes() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new().routes(routes!(state::get_state, state::put_state));
    routes.layer(body_limit::layer(state::BODY_LIMIT))
}

/// The document of the control API.
pub fn openapi(services: &Registry) -> utoipa::openapi::OpenApi {
    let mut document = documented(space_routes(services)).into_openapi();
    document::share_common_parts(&mut document);
    document::add_examples(&mut document);
    document
}

/// The control API behind its guard, to be mounted at [`BASE`].
pub fn with_guard(routes: Router<App>, app: &App) -> Router<App> {
    routes.layer(from_fn_with_state(app.clone(), control_guard::guard))
}

/// The control API as such: for [`with_guard`], and for Locum's own pages, which stand behind a guard of their own.
pub fn routes(app: &App, services: &Services, seeds: Seeds) -> Router<App> {
    // Made once, because what stands in the document takes a good part of a start.
    let space_routes = space_routes(services);
    let (routes, document) = documented(space_routes.clone()).split_for_parts();
    let takes = strict_params::by_route(&document);
    routes
        .nest("/spaces/{space}", space_routes.into())
        .merge(docs::router(services))
        .fallback(|| async { Problem::from(Error::RouteUnknown) })
        .method_not_allowed_fallback(|| async { Problem::from(Error::MethodUnknown) })
        .layer(from_fn_with_state(app.clone(), consistent_read::consistent_read))
        .layer(from_fn(time_limit::limit_control))
        .layer(from_fn_with_state(takes, strict_params::check))
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
