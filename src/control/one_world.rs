//! Answers that tell of one world, however many sessions they are read in.

use axum::{
    body::Body,
    extract::{FromRequestParts as _, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{error::Problem, extract::InSpace};
use crate::{app::App, core::fault::Fault, domain::organization::Space};

/// Middleware: reads once more when everything in the space was replaced meanwhile.
pub async fn one_world(State(app): State<App>, request: Request, next: Next) -> Response {
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

async fn is_there(app: &App, space: &Space) -> Result<bool, Fault> {
    if app.db.world(space.id).await? == Some(space.world()) {
        return Ok(true);
    }
    app.db.settled().await?;
    Ok(false)
}
