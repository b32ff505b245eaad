//! Which operation a request is: the vendor's id for its method and path.

use std::collections::HashMap;

use axum::http::Method;

use crate::http::document::{Document, Operation};

/// The operations of a document, by path.
#[derive(Debug)]
pub struct Operations(HashMap<&'static str, Vec<&'static Operation>>);

impl Operations {
    pub fn of(document: &Document) -> Self {
        let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
        for operation in document.operations {
            by_path.entry(operation.path).or_default().push(operation);
        }
        Self(by_path)
    }

    /// What a method on a route is, as the router names that: with whatever it is mounted behind in front.
    pub fn find(&self, route: &str, method: &Method) -> Option<&'static Operation> {
        // What is asked for with HEAD is answered like GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.find_all(route)?.iter().find(|operation| operation.method == *method).copied()
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
        let names = ORDER.into_iter().filter(|(method, _)| known.iter().any(|operation| operation.method == *method));
        Some(names.map(|(_, name)| name).collect::<Vec<_>>().join(",")).filter(|names| !names.is_empty())
    }

    fn find_all(&self, route: &str) -> Option<&[&'static Operation]> {
        route.match_indices('/').find_map(|(at, _)| self.0.get(&route[at..])).map(Vec::as_slice)
    }
}
