//! What the operations of a router have in common in the document, so that it is said once.

use axum::http::Method;
use utoipa::{
    IntoParams, IntoResponses,
    openapi::{PathItem, RefOr, path::Operation, security::SecurityRequirement},
};

use crate::http::{
    control_input::SpaceQuery,
    problem::Refused,
    routes::{Description, Routes},
};

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

/// Describes every operation of a router.
pub(crate) fn describe_each<D: Description>(routes: Routes<D>, describe: impl Fn(&mut Operation)) -> Routes<D> {
    routes.edit_document(|document| document.paths.paths.values_mut().flat_map(of_path_mut).for_each(describe))
}

/// Describes control routes below a path with the parameters `P`: their parameters, who may call, and their refusals.
pub(crate) fn describe_control_routes<P: IntoParams, D: Description>(tag: &str, routes: Routes<D>) -> Routes<D> {
    describe_each(routes, |operation| {
        operation.tags = Some(vec![tag.to_owned()]);
        operation.security = Some(vec![SecurityRequirement::default(), require("controlToken")]);
        prepend_parameters::<P>(operation);
        let space = SpaceQuery::into_params(|| None);
        operation.parameters.get_or_insert_default().extend(space.into_iter().map(RefOr::T));
        add_responses::<Refused>(operation);
    })
}

/// Requires a credential of the security scheme with this name.
pub(crate) fn require(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], _>(scheme, [])
}

pub(crate) fn prepend_parameters<P: IntoParams>(operation: &mut Operation) {
    let parameters = P::into_params(|| None).into_iter().map(RefOr::T);
    operation.parameters.get_or_insert_default().splice(0..0, parameters);
}

pub(crate) fn add_responses<R: IntoResponses>(operation: &mut Operation) {
    operation.responses.responses.extend(R::responses());
}
