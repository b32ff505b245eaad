//! What the operations of a router have in common in the document, so that it is said once.

use utoipa::{
    IntoParams, IntoResponses,
    openapi::{RefOr, path::Operation, security::SecurityRequirement},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    http::{control_input::SpaceQuery, operations::of_path_mut, problem::Refused},
};

/// Describes every operation of a router.
pub(crate) fn describe_each(mut routes: OpenApiRouter<App>, describe: impl Fn(&mut Operation)) -> OpenApiRouter<App> {
    routes.get_openapi_mut().paths.paths.values_mut().flat_map(of_path_mut).for_each(describe);
    routes
}

/// Describes control routes below a path with the parameters `P`: their parameters, who may call, and their refusals.
pub(crate) fn describe_control_routes<P: IntoParams>(tag: &str, routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
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
