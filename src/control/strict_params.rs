//! Refuses query parameters and bodies that a route does not have: a misspelt `space`, or one in a body that nobody
//! reads, would otherwise mean the default one.

use std::{collections::HashSet, sync::Arc};

use axum::{
    body::{Body, HttpBody as _},
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{Operation, ParameterIn},
};

use crate::{
    core::{
        error::{Error, pointer},
        suggest::suggest,
    },
    http::{body_limit, operations::Operations, problem::Problem},
};

/// What a route takes.
pub(super) struct AcceptedInput {
    query: Vec<String>,
    body: bool,
}

/// What the routes of a document take.
pub(crate) fn by_route(document: &OpenApi) -> Arc<Operations<AcceptedInput>> {
    let takes = |operation: &Operation| {
        let query = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
            _ => None,
        });
        Some(AcceptedInput { query: query.collect(), body: operation.request_body.is_some() })
    };
    Arc::new(Operations::of(document, takes))
}

impl AcceptedInput {
    fn check_query(&self, request: &Request) -> Result<(), Error> {
        let known = &self.query;
        let mut given = HashSet::new();
        for (name, _) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
            if !known.iter().any(|known| *known == name) {
                let near = suggest(&name, known.iter().map(String::as_str));
                let detail = format!("query: there is no parameter `{name}`{near}");
                return Err(Error::invalid(pointer([&name]), detail));
            }
            if !given.insert(name.clone()) {
                return Err(Error::invalid(pointer([&name]), format!("query: `{name}` is given twice")));
            }
        }
        Ok(())
    }
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
pub(super) async fn check(
    State(known): State<Arc<Operations<AcceptedInput>>>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let takes = route.and_then(|route| known.find(route.as_str(), request.method()));
    let Some(takes) = takes else { return next.run(request).await };
    if let Err(error) = takes.check_query(&request) {
        return Problem::from(error).into_response();
    }
    if takes.body {
        return next.run(request).await;
    }
    match without_body(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}
