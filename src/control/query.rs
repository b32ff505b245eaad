//! Refuses query parameters that a route does not have: a misspelt `space` would otherwise mean the default one.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
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

/// The query parameters of every route, by path and method.
#[derive(Clone)]
pub struct Known(Arc<HashMap<String, HashMap<Method, Vec<String>>>>);

impl Known {
    /// Those of the document.
    pub(super) fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let methods = of_path(item).into_iter().map(|(method, operation)| {
                let names = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
                    RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
                    _ => None,
                });
                (method, names.collect())
            });
            (path.clone(), methods.collect())
        });
        Self(Arc::new(paths.collect()))
    }

    /// Those of a route, as the router names it; `None` for what the document does not have.
    fn find(&self, route: &str, method: &Method) -> Option<&[String]> {
        let methods = route.match_indices('/').find_map(|(at, _)| self.0.get(&route[at..]))?;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        methods.get(method).map(Vec::as_slice)
    }

    fn check(&self, request: &Request) -> Result<(), Fault> {
        let Some(route) = request.extensions().get::<MatchedPath>() else { return Ok(()) };
        let Some(known) = self.find(route.as_str(), request.method()) else { return Ok(()) };
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

/// Middleware: lets pass what the document knows.
pub async fn check(State(known): State<Known>, request: Request, next: Next) -> Response {
    match known.check(&request) {
        Ok(()) => next.run(request).await,
        Err(fault) => Problem::from(fault).into_response(),
    }
}
