//! Pages that cannot be shown.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use crate::{core::error::Error, http::problem::Problem};

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) struct PageError {
    pub status: StatusCode,
    pub detail: String,
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self { status: problem.status(), detail: problem.detail().to_owned() }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Error::internal(error).into()
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/web/askama.toml")]
struct ErrorPage<'a> {
    status: StatusCode,
    detail: &'a str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Self { status, detail } = self;
        let page = ErrorPage { status, detail: &detail }.render().unwrap_or_default();
        (status, Html(page)).into_response()
    }
}
