//! Refuses query parameters and bodies that a route does not have: a misspelt `space`, or one in a body that nobody
//! reads, would otherwise mean the default one.

use std::{collections::HashSet, sync::Arc};

use axum::{
    body::{Body, HttpBody as _},
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    core::{
        error::{Error, pointer},
        suggest::suggest,
    },
    http::{CONTROL_BASE, body_limit, document::Operation, operations::Operations, problem::Problem},
};

fn check_query(operation: &Operation, request: &Request) -> Result<(), Error> {
    let known = operation.query;
    let mut given = HashSet::new();
    for (name, _) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        if !known.iter().any(|known| *known == name) {
            let near = suggest(&name, known.iter().copied());
            let detail = format!("query: there is no parameter `{name}`{near}");
            return Err(Error::invalid(pointer([&name]), detail));
        }
        if !given.insert(name.clone()) {
            return Err(Error::invalid(pointer([&name]), format!("query: `{name}` is given twice")));
        }
    }
    Ok(())
}

/// Clients send an empty object where they have nothing to say.
async fn without_body(request: Request) -> Result<Request, Error> {
    const LONGEST: usize = 1024;
    const NOTHING: [&[u8]; 3] = [b"", b"{}", b"null"];
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    match body_limit::read_within(LONGEST, &parts.headers, body).await {
        Ok(bytes) if NOTHING.contains(&bytes.trim_ascii()) => Ok(Request::from_parts(parts, Body::empty())),
        _ => Err(Error::invalid("", "body: there is none here; what is meant goes into the path and the query")),
    }
}

/// Middleware: lets pass what the document knows.
pub(super) async fn check(State(known): State<Arc<Operations>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    // The index is found with and without a slash.
    let route = route.map(|route| if route.as_str() == CONTROL_BASE { "/" } else { route.as_str() });
    let operation = route.and_then(|route| known.find(route, request.method()));
    let Some(operation) = operation else { return next.run(request).await };
    if let Err(error) = check_query(operation, &request) {
        return Problem::from(error).into_response();
    }
    if operation.takes_body {
        return next.run(request).await;
    }
    match without_body(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}
