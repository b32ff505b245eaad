//! `/ca.crt`: the certificate of the authority that Locum made. Every TLS server shows who vouches for it,
//! so the guard lets everybody have it.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    core::error::Error,
    http::problem::{Problem, Refused},
};

/// The certificate of the authority that vouches for this Locum, made by `--tls auto` or `--proxy`: for clients to trust. Not
/// guarded.
#[utoipa::path(get, path = "/ca.crt", operation_id = "getCaCertificate", tag = "Info",
    responses(
        (status = 200, description = "The certificate, PEM", body = String, content_type = "application/x-pem-file"),
        Refused))]
pub async fn get_ca_certificate(State(app): State<App>) -> Response {
    let Some(authority) = app.config.authority() else {
        let why = "there is no authority of Locum's: it makes one with --tls auto and with --proxy";
        return Problem::from(Error::NotFound(why.to_owned())).into_response();
    };
    let mut response = authority.to_owned().into_response();
    let pem = HeaderValue::from_static("application/x-pem-file");
    response.headers_mut().insert(header::CONTENT_TYPE, pem);
    response
}
