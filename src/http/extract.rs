//! Query, path and body, refused in the service's own words.

use std::{collections::HashSet, fmt, marker::PhantomData};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    app::App,
    core::error::Error,
    http::{body_limit, vendor_service::VendorService},
};

///
/// unverified: a parameter that is given twice counts once, as it was given first.
pub struct Query<S, T>(pub T, PhantomData<S>);

impl<S: VendorService, T: DeserializeOwned> FromRequestParts<App> for Query<S, T> {
    type Rejection = S::Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, S::Error> {
        let query = parts.uri.query().unwrap_or_default();
        let mut names = HashSet::new();
        let mut first = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if names.insert(name.clone())
                && let Some(value) = S::read_query_value(&value)
            {
                first.append_pair(&name, value);
            }
        }
        let first = first.finish();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(first.as_bytes()));
        // An error names the parameter.
        let value = serde_path_to_error::deserialize(pairs);
        Ok(Self(value.map_err(|e| Error::Unreadable(format!("query: {e}")))?, PhantomData))
    }
}

/// The parameters in the path.
pub struct Path<S, T>(pub T, PhantomData<S>);

impl<S: VendorService, T: DeserializeOwned + Send> FromRequestParts<App> for Path<S, T> {
    type Rejection = S::Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, S::Error> {
        let value = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        let value = value.map_err(|e| Error::Unreadable(format!("path: {e}")))?;
        Ok(Self(value.0, PhantomData))
    }
}

/// The body, as JSON. What its content type says does not matter.
pub struct Json<S, T>(pub T, PhantomData<S>);

impl<S: VendorService, T: DeserializeOwned> FromRequest<App> for Json<S, T> {
    type Rejection = S::Error;

    async fn from_request(request: Request, _: &App) -> Result<Self, S::Error> {
        let bytes = body_limit::read(request).await?;
        let value = serde_json::from_slice(&bytes).map_err(|e| Error::Unreadable(format!("body: {e}")))?;
        Ok(Self(value, PhantomData))
    }
}

/// Reads an object. What is derived would take an array of the members too.
///
/// # Errors
/// What is no object, or not one of a `T`.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct OfObject<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OfObject<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }
    deserializer.deserialize_map(OfObject(PhantomData))
}
