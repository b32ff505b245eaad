//! Answers that tell of one generation, however many sessions they are read in.

use axum::{
    body::Body,
    extract::{FromRequestParts as _, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    app::App,
    core::error::Error,
    domain::organization::Space,
    http::{control_input::InSpace, problem::Problem},
};

/// Middleware: reads once more when everything in the space was replaced meanwhile.
pub(super) async fn consistent_read(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    loop {
        let space = InSpace::from_request_parts(&mut parts, &app).await;
        let answer = next.clone().run(Request::from_parts(parts.clone(), Body::empty())).await;
        // Without one, the route says so itself, or is about none.
        let Ok(InSpace(space)) = space else { return answer };
        match is_there(&app, &space).await {
            Ok(true) => return answer,
            Ok(false) => {}
            Err(fault) => return Problem::from(fault).into_response(),
        }
    }
}

async fn is_there(app: &App, space: &Space) -> Result<bool, Error> {
    if app.db.generation(space.id).await? == Some(space.generation()) {
        return Ok(true);
    }
    app.db.wait_for_writer().await?;
    Ok(false)
}
