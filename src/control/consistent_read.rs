//! Reads of the control API that tell of one generation of a space's data.

use std::sync::Arc;

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
        consistent_read::{Attempt, answer_consistently},
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
    let request = request.map(|_| Body::empty());
    answer_consistently(&app.db, request, |parts, body| {
        let next = next.clone();
        async move {
            let mut parts = Arc::unwrap_or_clone(parts);
            let space = InSpace::from_request_parts(&mut parts, app).await;
            if space.as_ref().is_err_and(|problem| problem.status() == StatusCode::SERVICE_UNAVAILABLE) {
                parts.extensions.insert(SpaceUnavailable);
            }
            let answer = next.run(Request::from_parts(parts, body)).await;
            Ok(match space {
                Ok(InSpace(space)) => {
                    let (space, generation) = (space.id, space.generation());
                    Attempt::ReadFrom { space, generation, answer, when_read: None }
                }
                // Without a space, the route says so itself, or is about none.
                Err(_) => Attempt::Final(answer),
            })
        }
    })
    .await
}
