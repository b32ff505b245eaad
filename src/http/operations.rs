//! Which operation a request is: the vendor's id for its method and path.

use std::collections::HashMap;

use axum::http::Method;
use utoipa::openapi::{OpenApi, PathItem, path::Operation};

/// The operations of a service, by path below its base and method.
#[derive(Debug, Default)]
pub struct Operations(HashMap<String, HashMap<Method, &'static str>>);

/// The operations of one path of a document.
#[must_use]
pub fn of_path(item: &PathItem) -> Vec<(Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

impl Operations {
    /// Those of a document. Its ids are kept for as long as the process lives: there are few, and they are named in
    /// everything that counts.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let operations = of_path(item).into_iter().filter_map(|(method, operation)| {
                let id: &'static str = Box::leak(operation.operation_id.clone()?.into_boxed_str());
                Some((method, id))
            });
            (path.clone(), operations.collect())
        });
        Self(paths.collect())
    }

    /// The operation of a method on a route, as the router names it: with whatever it is mounted behind in front.
    #[must_use]
    pub fn find(&self, route: &str, method: &Method) -> Option<&'static str> {
        let operations = route.match_indices('/').find_map(|(at, _)| self.0.get(&route[at..]))?;
        // What is asked for with HEAD is answered like GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        operations.get(method).copied()
    }
}
