//! Which operation a request is: the vendor's id for its method and path.

use std::collections::HashMap;

use axum::http::Method;
use utoipa::openapi::{OpenApi, PathItem, path::Operation};

/// Something about every operation of a document, by path and method.
#[derive(Debug, Default)]
pub struct Operations<T>(HashMap<String, HashMap<Method, T>>);

/// The operations of one path of a document.
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

/// As [`of_path`], to be changed.
pub(crate) fn of_path_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// The vendor's ids. They are leaked on purpose, once per start and a few kilobytes: metrics, journal, rate limits and
/// log lines name them in every request, and would each have to count references otherwise.
pub fn ids(document: &OpenApi) -> Operations<&'static str> {
    Operations::of(document, |operation| Some(Box::leak(operation.operation_id.clone()?.into_boxed_str()) as &str))
}

impl<T> Operations<T> {
    /// What `of` says about those of a document.
    pub fn of(document: &OpenApi, of: impl Fn(&Operation) -> Option<T>) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let operations = of_path(item).into_iter();
            (path.clone(), operations.filter_map(|(method, operation)| Some((method, of(operation)?))).collect())
        });
        Self(paths.collect())
    }

    /// What was said about a method on a route, as the router names it: with whatever it is mounted behind in front.
    pub fn find(&self, route: &str, method: &Method) -> Option<&T> {
        // What is asked for with HEAD is answered like GET.
        self.find_all(route)?.get(if method == Method::HEAD { &Method::GET } else { method })
    }

    /// The methods of a route, as `Allow` names them.
    pub fn write_allowed(&self, route: &str) -> Option<String> {
        const ORDER: [(Method, &str); 5] = [
            (Method::GET, "GET,HEAD"),
            (Method::POST, "POST"),
            (Method::PUT, "PUT"),
            (Method::PATCH, "PATCH"),
            (Method::DELETE, "DELETE"),
        ];
        let known = self.find_all(route)?;
        let names = ORDER.into_iter().filter(|(method, _)| known.contains_key(method)).map(|(_, name)| name);
        Some(names.collect::<Vec<_>>().join(",")).filter(|names| !names.is_empty())
    }

    fn find_all(&self, route: &str) -> Option<&HashMap<Method, T>> {
        route.match_indices('/').find_map(|(at, _)| self.0.get(&route[at..]))
    }
}
