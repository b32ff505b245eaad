//! `/_emulator`: the tester's side (`control-plane.md`). Ours, so it has its own document and its own errors.

mod atlassian;
mod authority;
mod clock;
mod credentials;
mod docs;
mod error;
mod events;
mod extract;
mod faults;
mod guard;
mod info;
mod one_world;
mod organizations;
mod probes;
mod rate_limits;
mod requests;
mod selector;
mod snapshots;
mod spaces;
mod state;
mod takes;
pub mod variables;
mod vaults;
mod world;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware::from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, core::fault::Fault, http::metrics::Metrics};

pub use authority::PATH as AUTHORITY_PATH;
pub use error::Problem;
pub use guard::{guard_site, is_control_token};
pub use probes::starting;

/// Where the control API is mounted.
pub const BASE: &str = "/_emulator";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Locum control API",
        description = "The tester's side of Locum. Everything takes `?space=NAME`, or stands behind `/spaces/NAME` once more; without it, the default space is meant. A query parameter that a route does not have is refused, and so is a body.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/_emulator")),
)]
struct Document;

fn documented() -> OpenApiRouter<App> {
    let mut document = Document::openapi();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("controlToken", scheme);
    OpenApiRouter::with_openapi(document)
        .routes(routes!(info::get_operations))
        .routes(routes!(docs::get_document))
        .routes(routes!(authority::get_ca_certificate))
        .routes(routes!(spaces::get_spaces, spaces::create_space))
        .routes(routes!(spaces::get_space, spaces::delete_space))
        .merge(of_a_space())
}

/// What is about one space: once as it is, and once behind `/spaces/{space}`.
fn of_a_space() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(info::get_info))
        .routes(routes!(world::reset))
        .routes(routes!(world::seed))
        .merge(state_of_a_space())
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
        .routes(routes!(organizations::put_api))
        .routes(routes!(organizations::generate_token, organizations::remove_token))
        .routes(routes!(organizations::give_role, organizations::take_role))
        .routes(routes!(atlassian::open_session))
        .routes(routes!(atlassian::revoke_api_tokens))
        .routes(routes!(atlassian::revoke_api_token))
        .routes(routes!(atlassian::revoke_api_key))
        .routes(routes!(atlassian::delete_service_account))
        .routes(routes!(atlassian::revoke_service_account_tokens))
        .routes(routes!(atlassian::delete_oauth_client))
        .routes(routes!(faults::get_faults, faults::inject_fault, faults::remove_faults))
        .routes(routes!(faults::get_fault, faults::remove_fault))
        .routes(routes!(rate_limits::get_rate_limits, rate_limits::put_rate_limits))
        .routes(routes!(rate_limits::reset_rate_limits))
        .routes(routes!(requests::get_requests, requests::delete_requests))
        .routes(routes!(requests::get_request))
        .routes(routes!(requests::verify_requests))
        .routes(routes!(events::get_events))
        .routes(routes!(vaults::get_vault))
        .routes(routes!(vaults::generate_token, vaults::delete_token))
        .routes(routes!(vaults::generate_automation_token, vaults::remove_automation_token))
        .routes(routes!(vaults::get_connections, vaults::connect))
        .routes(routes!(vaults::refresh))
        .routes(routes!(vaults::close))
        .routes(routes!(vaults::revoke))
}

/// A state is longer than anything else that is sent here.
fn state_of_a_space() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new().routes(routes!(state::get_state, state::put_state));
    routes.layer(DefaultBodyLimit::max(state::BODY_LIMIT))
}

/// The document of the control API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

/// The control API behind its guard, to be mounted at [`BASE`].
pub fn guarded(inside: Router<App>, app: &App) -> Router<App> {
    inside.layer(from_fn_with_state(app.clone(), guard::guard))
}

/// The control API as such: for [`guarded`], and for Locum's own pages, which stand behind a guard of their own.
pub fn inside(app: &App) -> Router<App> {
    let (routes, document) = documented().split_for_parts();
    let takes = takes::by_route(&document);
    // Documents are large: the next is not made beside this one.
    drop(document);
    let (of_a_space, _) = of_a_space().split_for_parts();
    routes
        .nest("/spaces/{space}", of_a_space)
        .merge(docs::router())
        .fallback(|| async { Problem::from(Fault::RouteUnknown) })
        .method_not_allowed_fallback(|| async { Problem::from(Fault::MethodUnknown) })
        .layer(from_fn_with_state(app.clone(), one_world::one_world))
        .layer(from_fn_with_state(takes, takes::check))
        .layer(DefaultBodyLimit::max(extract::BODY_LIMIT))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(Problem::from(Fault::internal("a handler panicked")))
        }))
}

/// `/livez`, `/readyz` and `/metrics`, to be mounted at the root.
pub fn probes(metrics: &Arc<Metrics>) -> Router<App> {
    probes::router(metrics)
}
