//! Routes with their description. Method, path and description stand in one attribute at the handler: the program
//! mounts by it, and the tests that write the documents describe by it.

use axum::{Router, handler::Handler, routing::MethodRouter};
use utoipa::{Path, openapi::OpenApi};
use utoipa_axum::{
    PathItemExt as _,
    router::{OpenApiRouter, UtoipaMethodRouter},
};

use crate::app::App;

/// Routes, and, where `D` is [`Described`], their document. A generic and no setting, so that what builds documents is
/// not linked into the program, which only mounts.
pub struct Routes<D = ()> {
    router: Router<App>,
    description: D,
}

/// Builds the document of routes.
pub type Described = OpenApiRouter<App>;

/// Collects what routes say of themselves: [`Described`] into a document, `()` not at all, because the program only
/// mounts.
pub trait Description: Default {
    fn begin(document: impl FnOnce() -> OpenApi) -> Self;
    fn add(self, routes: impl FnOnce() -> UtoipaMethodRouter<App>) -> Self;
    fn merge(self, other: Self) -> Self;
    fn nest(self, base: &str, other: Self) -> Self;
    fn edit(self, edit: impl FnOnce(&mut OpenApi)) -> Self;
}

impl Description for () {
    fn begin(_: impl FnOnce() -> OpenApi) {}

    fn add(self, _: impl FnOnce() -> UtoipaMethodRouter<App>) {}

    fn merge(self, (): Self) {}

    fn nest(self, _: &str, (): Self) {}

    fn edit(self, _: impl FnOnce(&mut OpenApi)) {}
}

impl Description for Described {
    fn begin(document: impl FnOnce() -> OpenApi) -> Self {
        Self::with_openapi(document())
    }

    fn add(self, routes: impl FnOnce() -> UtoipaMethodRouter<App>) -> Self {
        self.routes(routes())
    }

    fn merge(self, other: Self) -> Self {
        self.merge(other)
    }

    fn nest(self, base: &str, other: Self) -> Self {
        self.nest(base, other)
    }

    fn edit(mut self, edit: impl FnOnce(&mut OpenApi)) -> Self {
        edit(self.get_openapi_mut());
        self
    }
}

impl<D: Description> Routes<D> {
    #[expect(clippy::new_without_default, reason = "one way to begin is enough")]
    pub fn new() -> Self {
        Self { router: Router::new(), description: D::default() }
    }

    /// As [`Self::new`], with what the document says beside the operations.
    pub fn of_document(document: impl FnOnce() -> OpenApi) -> Self {
        Self { router: Router::new(), description: D::begin(document) }
    }

    /// Adds the routes of one path, as [`routes!`](crate::routes) makes them.
    pub fn routes(self, path: PathRoutes<impl FnOnce() -> UtoipaMethodRouter<App>>) -> Self {
        let PathRoutes { path, methods, describe } = path;
        Self { router: self.router.route(&path, methods), description: self.description.add(describe) }
    }

    pub fn merge(self, other: Self) -> Self {
        Self { router: self.router.merge(other.router), description: self.description.merge(other.description) }
    }

    /// Puts the routes of `other` behind a path.
    pub fn nest(self, base: &str, other: Self) -> Self {
        let description = self.description.nest(base, other.description);
        Self { router: self.router.nest(base, other.router), description }
    }

    /// Puts layers around the routes.
    pub fn wrap(self, wrap: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        Self { router: wrap(self.router), ..self }
    }

    /// Changes what the document says.
    pub fn edit_document(self, edit: impl FnOnce(&mut OpenApi)) -> Self {
        Self { description: self.description.edit(edit), ..self }
    }
}

impl Routes {
    pub fn into_router(self) -> Router<App> {
        self.router
    }
}

impl Routes<Described> {
    pub fn into_openapi(self) -> OpenApi {
        self.description.into_openapi()
    }
}

/// The handlers of one path.
pub struct PathRoutes<F> {
    path: String,
    methods: MethodRouter<App>,
    describe: F,
}

impl<F: FnOnce() -> UtoipaMethodRouter<App>> PathRoutes<F> {
    pub fn new(describe: F) -> Self {
        Self { path: String::new(), methods: MethodRouter::new(), describe }
    }

    /// Adds a handler with the path and the methods that `P` names. All of one have the same path.
    pub fn with<P: Path, T: 'static>(mut self, _: P, handler: &impl Handler<T, App>) -> Self {
        self.path = P::path();
        for method in P::methods() {
            self.methods = self.methods.on(method.to_method_filter(), handler.clone());
        }
        self
    }
}

/// Names the handlers of one path: `routes!(module::get_thing, module::delete_thing)`.
#[macro_export]
macro_rules! routes {
    ($($first:ident $(:: $rest:ident)*),+ $(,)?) => {
        $crate::http::routes::PathRoutes::new(|| utoipa_axum::routes!($($first $(:: $rest)*),+))
            $(.with($crate::routes!(@described_by [] $first $(:: $rest)*), &$first $(:: $rest)*))+
    };
    // What `utoipa::path` calls that which it makes of a handler.
    (@described_by [$($module:tt)*] $handler:ident) => {
        utoipa_axum::paste! { $($module)* [<__path_ $handler>] }
    };
    (@described_by [$($module:tt)*] $next:ident :: $($rest:tt)+) => {
        $crate::routes!(@described_by [$($module)* $next ::] $($rest)+)
    };
}
