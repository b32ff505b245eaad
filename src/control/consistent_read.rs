//! Reads of the control API that tell of one generation of a space's data, as those of the services do: see
//! [`crate::http::one_generation`]. They are neither counted nor kept, so they are asked anew, whatever they waited for.

use axum::{
    body::Body,
    extract::{FromRequestParts as _, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    app::App,
    core::error::Error,
    http::{
        control_input::{InSpace, SpaceUnavailable},
        problem::Problem,
    },
};

/// Middleware: reads once more when everything in the space was replaced meanwhile.
pub(super) async fn consistent_read(State(app): State<App>, request: Request, next: Next) -> Response {
    read_consistently(&app, request, next).await.unwrap_or_else(|error| Problem::from(error).into_response())
}

/// Answers a request, if it only reads, by one generation of its space's data, however often it reads.
pub(crate) async fn read_consistently(app: &App, request: Request, next: Next) -> Result<Response, Error> {
    if request.method() != Method::GET {
        return Ok(next.run(request).await);
    }
    // No route that reads takes a body, and without one the request can be sent again.
    let (parts, _) = request.into_parts();
    loop {
        let mut parts = parts.clone();
        let space = InSpace::from_request_parts(&mut parts, app).await;
        if space.as_ref().is_err_and(|problem| problem.status() == StatusCode::SERVICE_UNAVAILABLE) {
            parts.extensions.insert(SpaceUnavailable);
        }
        let answer = next.clone().run(Request::from_parts(parts, Body::empty())).await;
        // Without a space, the route says so itself, or is about none.
        let Ok(InSpace(space)) = space else { return Ok(answer) };
        let at = app.db.position(space.id).await?;
        if at.is_some_and(|at| at.generation == space.generation()) {
            return Ok(answer);
        }
        // Who replaces the data has announced it, and has perhaps not finished: before that, there is nothing to read.
        app.db.wait_for_writer().await?;
    }
}
