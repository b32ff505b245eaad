//! What is mounted where, and what every request passes on its way in. Read this page first.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, header},
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse as _, Redirect, Response},
};
use tower::ServiceExt as _;

use crate::{
    app::App,
    control,
    core::error::Error,
    http::{
        accepts::wants_page,
        answer::without_needless_length,
        body_limit,
        credential_places::CredentialPlaces,
        decide,
        metrics::Metrics,
        nearest_operation::{KnownOperation, KnownOperations},
        observe::{self, Observer},
        problem::Problem,
    },
    services::{Services, seeds::Seeds},
    ui, web,
};

/// The largest body a service takes.
const BODY_LIMIT: usize = 1024 * 1024;

/// Everything, on one origin. The services' paths do not collide.
pub fn router(app: &App, services: &Services, seeds: &Seeds) -> Router {
    let metrics = Arc::new(Metrics::default());
    let credential_places = Arc::new(CredentialPlaces::new(services.credential_places().map(|(_, place)| place)));
    let vendors = services.iter().fold(Router::new(), |router, service| router.merge((service.routes)(app)));
    let operations = services.operations().iter().map(|operation| KnownOperation {
        method: operation.method,
        path: operation.path.clone(),
        base: services.iter().find(|service| service.name == operation.service).map_or("", |one| one.base_path),
        id: operation.id,
    });
    let operations = Arc::new(KnownOperations::new(operations));
    let observer = Observer { app: app.clone(), metrics: Arc::clone(&metrics), credential_places, operations };
    let mut router = Router::new().merge(control::probes(&metrics).layer(map_response(observe::mark_background)));
    router = router.merge(vendors.clone());
    if app.config.control {
        let index = control::index_with_slash(app, services, seeds.clone());
        let control_routes = control::routes(app, services, seeds.clone());
        let vendors = complete(vendors, app, observer.clone());
        let pages = ui::router(app, services, seeds, control_routes.clone(), vendors);
        router = router
            .nest(control::BASE, control::with_guard(control_routes, app))
            .merge(control::with_guard(index, app))
            .merge(pages.layer(map_response(observe::mark_background)));
    }
    complete(router, app, observer)
}

/// With what every request passes, whichever path it is for.
fn complete(router: Router<App>, app: &App, observer: Observer) -> Router {
    router
        .fallback(not_found)
        // Together, because each layer of a router is a box, which every request copies.
        .layer((from_fn_with_state(observer, observe::observe), body_limit::layer(BODY_LIMIT)))
        .with_state(app.clone())
}

/// A path that is nobody's is one that a client got wrong: the journal shows it. Who looks at the root with a browser
/// means the pages.
async fn not_found(State(app): State<App>, request: Request) -> Response {
    let page = match request.uri().path() {
        "/" if wants_page(request.headers()) => Some(web::HOME),
        // A browser asks for it beside whatever it shows that is no page.
        "/favicon.ico" => Some(web::ICON),
        _ => None,
    };
    if let Some(page) = page.filter(|_| app.config.control && request.method() == Method::GET) {
        return observe::mark_background(Redirect::to(page).into_response()).await;
    }
    let mut response = Problem::from(Error::RouteUnknown).into_response();
    if let Ok(decision) = decide::of_no_service(&app).await {
        response.headers_mut().insert(header::DATE, decision.identified.date_header());
        response.extensions_mut().insert(decision);
    }
    response
}

/// Stands in front of the router until it is there: the ports are open, and answers say that it is not ready.
pub fn front(ready: &'static OnceLock<Router>) -> Router {
    Router::new().fallback(move |request: Request| async move {
        match ready.get() {
            Some(router) => without_needless_length(router.clone().oneshot(request).await.into_response()),
            None => control::starting(request.uri().clone()).await,
        }
    })
}
