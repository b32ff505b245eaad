//! How a service's routes are mounted.

use std::any::Any;

use axum::{Router, middleware::from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    app::App,
    core::error::Error,
    http::{
        authenticate,
        one_generation::answer_in_one_generation,
        operations::Operations,
        routes::Routes,
        vendor_service::{VendorService, refuse},
    },
};

/// Puts what every service needs around its routes: unknown paths and methods in the vendor's words, a time limit,
/// a net under panics, and, innermost, who is asking.
pub fn mount<S: VendorService>(app: &App, routes: Routes) -> Router<App> {
    layered::<S>(app, routes.into_router().fallback(|| async { refuse::<S>(Error::RouteUnknown) }))
}

/// Like [`mount`], for routes that stand beside others' and have no say about unknown paths.
pub fn mount_without_fallback<S: VendorService>(app: &App, routes: Routes) -> Router<App> {
    layered::<S>(app, routes.into_router())
}

fn layered<S: VendorService>(app: &App, routes: Router<App>) -> Router<App> {
    let service = authenticate::Service::<S>::new(app.clone(), Operations::of(S::document()));
    let net = |_: Box<dyn Any + Send>| S::complete(refuse::<S>(Error::internal("a handler panicked")));
    routes
        .method_not_allowed_fallback(|| async { refuse::<S>(Error::MethodUnknown) })
        // Together, because each layer of a router is a box, which every request copies.
        .layer((CatchPanicLayer::custom(net), from_fn_with_state(service, answer_in_one_generation::<S>)))
}

/// Puts a service behind its base path.
pub fn nest(app: &App, base: &str, service: Router<App>) -> Router<App> {
    Router::new()
        .nest(base, service.clone())
        // `nest` leaves the prefix with a slash and nothing behind it to the root, whose words are not the vendor's.
        .route_service(&format!("{base}/"), service.with_state(app.clone()))
}
