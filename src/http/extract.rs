//! Query, path and body, refused in the service's own words.

use std::{cell::Cell, collections::HashSet, fmt, marker::PhantomData};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor,
        value::{self, MapAccessDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::{
    app::App,
    core::error::Error,
    http::{body_limit, ignored, vendor_service::VendorService},
};

/// The query, read into a struct of parameters, or into a tuple struct of such. Not into one with flattened ones: serde
/// hides which names those look for, and the journal is to tell what nothing looked for.
///
/// unverified: a parameter that is given twice counts once, as it was given first.
pub struct Query<S, T>(pub T, PhantomData<S>);

impl<S: VendorService, T: DeserializeOwned> FromRequestParts<App> for Query<S, T> {
    type Rejection = S::Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, S::Error> {
        let value = read_query::<S, T>(parts.uri.query().unwrap_or_default());
        Ok(Self(value.inspect_err(|_| ignored::note_refusal())?, PhantomData))
    }
}

/// Reads a query as the service's requests are read.
///
/// # Errors
/// [`Error::Unreadable`], which names the parameter.
pub fn read_query<S: VendorService, T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    let mut names = HashSet::new();
    let mut first = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if names.insert(name.clone())
            && let Some(value) = S::read_query_value(&value)
        {
            first.append_pair(&name, value);
        }
    }
    T::deserialize(Parameters(&first.finish())).map_err(|e| Error::Unreadable(format!("query: {e}")))
}

/// The parameters of a query, for a struct, and for each of the structs in a tuple struct.
#[derive(Clone, Copy)]
struct Parameters<'de>(&'de str);

impl<'de> Parameters<'de> {
    /// Lets a visitor read them; an error names the parameter.
    fn read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(self.0.as_bytes()));
        let mut track = serde_path_to_error::Track::new();
        let value = serde_path_to_error::Deserializer::new(pairs, &mut track).deserialize_map(visitor);
        value.map_err(|e| value::Error::custom(serde_path_to_error::Error::new(track.path(), e)))
    }
}

impl<'de> Deserializer<'de> for Parameters<'de> {
    type Error = value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        ignored::note_parameters(fields);
        self.read(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        visitor.visit_seq(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        ignored::note_every_parameter();
        self.read(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple map enum identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for Parameters<'de> {
    type Error = value::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, value::Error> {
        seed.deserialize(*self).map(Some)
    }
}

/// The parameters in the path.
pub struct Path<S, T>(pub T, PhantomData<S>);

impl<S: VendorService, T: DeserializeOwned + Send> FromRequestParts<App> for Path<S, T> {
    type Rejection = S::Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, S::Error> {
        let value = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        let value = value.inspect_err(|_| ignored::note_refusal());
        let value = value.map_err(|e| Error::Unreadable(format!("path: {e}")))?;
        Ok(Self(value.0, PhantomData))
    }
}

/// The body, as JSON. What its content type says does not matter.
pub struct Json<S, T>(pub T, PhantomData<S>);

impl<S: VendorService, T: DeserializeOwned> FromRequest<App> for Json<S, T> {
    type Rejection = S::Error;

    async fn from_request(request: Request, _: &App) -> Result<Self, S::Error> {
        ignored::note_body();
        let bytes = body_limit::read(request).await.inspect_err(|_| ignored::note_refusal())?;
        let value = ignored::read_json(&bytes).map_err(|e| Error::Unreadable(format!("body: {e}")))?;
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
    deserializer.deserialize_struct("", find_fields::<T>(), OfObject(PhantomData))
}

/// Finds the names of a struct's members, by letting it ask for them.
fn find_fields<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    struct Asked<'a>(&'a Cell<&'static [&'static str]>);
    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = value::Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, value::Error> {
            self.0.set(fields);
            self.deserialize_any(visitor)
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
            Err(value::Error::custom(""))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let fields = Cell::default();
    // It has nothing to read, which is what it answers.
    let _ = T::deserialize(Asked(&fields));
    fields.get()
}
