//! Refuses query parameters and bodies that a route does not have: a misspelt `space`, or one in a body that nobody
//! reads, would otherwise mean the default one.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use utoipa::openapi::{OpenApi, RefOr, path::ParameterIn};

use super::error::Problem;
use crate::{
    core::fault::{Fault, pointer},
    http::operations::of_path,
    seed::suggest,
};

/// What routes take, by path and method.
#[derive(Clone)]
pub struct Known(Arc<HashMap<String, HashMap<Method, Takes>>>);

/// What a route takes.
struct Takes {
    query: Vec<String>,
    body: bool,
}

impl Known {
    /// Those of the document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let methods = of_path(item).into_iter().map(|(method, operation)| {
                let names = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
                    RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
                    _ => None,
                });
                (method, Takes { query: names.collect(), body: operation.request_body.is_some() })
            });
            (path.clone(), methods.collect())
        });
        Self(Arc::new(paths.collect()))
    }

    /// What the route of a request takes; `None` for what the document does not have.
    fn find(&self, request: &Request) -> Option<&Takes> {
        let (route, method) = (request.extensions().get::<MatchedPath>()?.as_str(), request.method());
        let methods = route.match_indices('/').find_map(|(at, _)| self.0.get(&route[at..]))?;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        methods.get(method)
    }
}

impl Takes {
    fn check_query(&self, request: &Request) -> Result<(), Fault> {
        let known = &self.query;
        let mut given = HashSet::new();
        for (name, _) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
            if !known.iter().any(|known| *known == name) {
                let near = suggest(&name, known.iter().map(String::as_str));
                let detail = format!("query: there is no parameter `{name}`{near}");
                return Err(Fault::invalid(pointer([&name]), detail));
            }
            if !given.insert(name.clone()) {
                return Err(Fault::invalid(pointer([&name]), format!("query: `{name}` is given twice")));
            }
        }
        Ok(())
    }
}

/// Clients send an empty object where they have nothing to say.
async fn without_body(request: Request) -> Result<Request, Fault> {
    const LONGEST: usize = 1024;
    const NOTHING: [&[u8]; 3] = [b"", b"{}", b"null"];
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    match to_bytes(body, LONGEST).await {
        Ok(bytes) if NOTHING.contains(&bytes.trim_ascii()) => Ok(Request::from_parts(parts, Body::empty())),
        _ => Err(Fault::invalid("", "body: there is none here; what is meant goes into the path and the query")),
    }
}

/// Middleware: lets pass what the document knows.
pub async fn check(State(known): State<Known>, request: Request, next: Next) -> Response {
    let Some(takes) = known.find(&request) else { return next.run(request).await };
    if let Err(fault) = takes.check_query(&request) {
        return Problem::from(fault).into_response();
    }
    if takes.body {
        return next.run(request).await;
    }
    match without_body(request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => Problem::from(fault).into_response(),
    }
}
