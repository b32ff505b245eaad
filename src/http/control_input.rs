//! Query and body of control requests, refused as problems that point at the value.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::{
    app::App,
    core::{
        each_once::{Twice, find_twice},
        error::{self, Error},
    },
    domain::organization::{DEFAULT_SPACE, Organization, Person, Space},
    http::{body_limit, extract::object, plain_words::put_in_words, problem::Problem},
    store::{ReadWrite, Session, Written, organization},
};

/// The largest control body: seeds are longer than what the services take.
pub(crate) const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The space that a control request is about: `/spaces/NAME/…`, `?space=NAME`, or the default one.
pub struct InSpace(pub Space);

/// How the query names it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SpaceQuery {
    /// The space; `default` if left out.
    space: Option<String>,
}

/// Marks a request whose space was looked for, while the database was away. It is not looked for once more, because the
/// caller has already waited for that.
#[derive(Clone, Copy)]
pub(crate) struct SpaceUnavailable;

/// Where the space of a request is left as it was found, for who put this into it.
#[derive(Clone, Default)]
pub(crate) struct FoundSpace(Arc<OnceLock<Space>>);

impl FoundSpace {
    /// `None` when the request is about no space, or was refused before.
    pub(crate) fn get(&self) -> Option<&Space> {
        self.0.get()
    }
}

/// Where the JSON that a request sent is left as it was, for who put this into it.
#[derive(Clone, Default)]
pub(crate) struct SentBody(Arc<OnceLock<Bytes>>);

impl SentBody {
    /// `None` when nobody read it as JSON.
    pub(crate) fn get(&self) -> Option<&Bytes> {
        self.0.get()
    }
}

impl FromRequestParts<App> for InSpace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if parts.extensions.get::<SpaceUnavailable>().is_some() {
            return Err(Error::Unavailable("the database was away a moment ago".into()).into());
        }
        let path = Segments::from_request_parts(parts, app).await?;
        let Params(query) = Params::<SpaceQuery>::from_request_parts(parts, app).await?;
        let name = match (path.0.get("space"), query.space) {
            (Some(path), Some(query)) if *path != query => {
                return Err(Error::invalid("/space", "the path names another space").into());
            }
            (Some(path), _) => path.clone(),
            (None, query) => query.unwrap_or_else(|| DEFAULT_SPACE.to_owned()),
        };
        let space = app.space(&name).await?;
        app.space_uses.note(space.id);
        if let Some(FoundSpace(found)) = parts.extensions.get() {
            found.get_or_init(|| space.clone());
        }
        Ok(Self(space))
    }
}

/// The space that a request writes to, and who is told what it changes.
#[derive(Clone)]
pub(crate) struct WrittenSpace {
    pub(crate) space: Space,
    written: Option<Arc<Written>>,
}

impl FromRequestParts<App> for WrittenSpace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let InSpace(space) = InSpace::from_request_parts(parts, app).await?;
        Ok(Self { space, written: parts.extensions.get().cloned() })
    }
}

impl WrittenSpace {
    /// Opens a session that writes to it. What is changed is to be noted with `note_change`, because the timeline says it.
    pub(crate) async fn open(&self, app: &App) -> Result<Session<ReadWrite>, Error> {
        let mut db = app.db.write_in(&self.space).await?;
        if let Some(written) = &self.written {
            written.note_session();
            db.tell_changes(written);
        }
        Ok(db)
    }
}

/// Says that a request has changed nothing, and why, so that nobody is told that it did. An extension of the answer,
/// because programs see that by what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NothingDone(pub(crate) &'static str);

/// An answer, and whether anything was done.
pub(crate) type Outcome<T> = (Option<Extension<NothingDone>>, Answer<T>);

impl NothingDone {
    /// For an answer to a request that has done nothing where `is_nothing`.
    pub(crate) fn when(is_nothing: bool, why: &'static str) -> Option<Extension<Self>> {
        is_nothing.then_some(Extension(Self(why)))
    }
}

/// The parameters of the path.
pub struct Segments(HashMap<String, String>);

impl Segments {
    /// One of them, by its name.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl FromRequestParts<App> for Segments {
    type Rejection = Problem;

    /// What cannot be read names nothing.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        Ok(Self(path.map_err(|e| Error::NotFound(format!("path: {}", e.body_text())))?.0))
    }
}

/// The organization that a control path names by its customer code.
#[derive(Clone, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub(crate) struct OrganizationPath {
    #[param(ignore)]
    space: WrittenSpace,
    /// The organization
    #[param(example = "6700001")]
    customer_code: String,
}

impl FromRequestParts<App> for OrganizationPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let space = WrittenSpace::from_request_parts(parts, app).await?;
        let path = Segments::from_request_parts(parts, app).await?;
        Ok(Self { space, customer_code: path.get("customerCode").to_owned() })
    }
}

impl OrganizationPath {
    /// Opens a session that writes to the organization's space.
    pub(crate) async fn open(self, app: &App) -> Result<OrganizationAdmin, Error> {
        let mut db = self.space.open(app).await?;
        let organization = match self.customer_code.parse() {
            // As the header is compared: `+1` and `01` are not `1`.
            Ok(code) if i64::to_string(&code) == self.customer_code => {
                organization::find_by_customer_code(&mut db, self.space.space.id, code).await?
            }
            _ => None,
        };
        let organization = organization.ok_or_else(|| {
            Error::NotFound(format!("there is no organization with the customer code `{}`", self.customer_code))
        })?;
        Ok(OrganizationAdmin { db, organization })
    }
}

/// An organization that somebody is about to change.
pub(crate) struct OrganizationAdmin {
    pub(crate) db: Session<ReadWrite>,
    pub(crate) organization: Organization,
}

impl OrganizationAdmin {
    pub(crate) async fn person(&mut self, email: &str) -> Result<Person, Error> {
        self.find_person(email).await?.ok_or_else(|| Error::NotFound(describe_stranger(email)))
    }

    /// Who makes the change. Whom the organization does not know may change nothing.
    pub(crate) async fn actor(&mut self, email: &str) -> Result<Person, Problem> {
        self.find_person(email).await?.ok_or_else(|| Problem::forbidden(describe_stranger(email)))
    }

    async fn find_person(&mut self, email: &str) -> Result<Option<Person>, Error> {
        organization::find_person(&mut self.db, self.organization.id, email).await
    }
}

fn describe_stranger(email: &str) -> String {
    format!("`{email}` is not one of the organization's people")
}

pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let pairs = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|e| {
            let (pointer, detail) = (pointer(e.path()), put_in_words(&e.into_inner().to_string()));
            Error::invalid(pointer, format!("query: {detail}")).into()
        })
    }
}

/// The body, as JSON; its content type does not matter.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let sent = request.extensions().get::<SentBody>().cloned();
        let bytes = body_limit::read(request).await?;
        if let Some(SentBody(sent)) = sent {
            sent.get_or_init(|| bytes.clone());
        }
        if let Some(Twice { place, detail }) = find_twice(&bytes) {
            return Err(Error::invalid(error::pointer(place), detail).into());
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let mut track = serde_path_to_error::Track::new();
        let value = object(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track));
        let value = value.map_err(|e| Error::invalid(pointer(&track.path()), put_in_words(&e.to_string())))?;
        deserializer.end().map_err(|e| Error::invalid("", put_in_words(&e.to_string())))?;
        Ok(Self(value))
    }
}

/// The body, as text.
pub struct Text(pub String);

impl FromRequest<App> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let bytes: Bytes = body_limit::read(request).await?;
        let text = String::from_utf8(bytes.into()).map_err(|e| Error::invalid("", format!("not UTF-8: {e}")))?;
        Ok(Self(text))
    }
}

/// An answer. Never kept by anybody: it may hold a new token.
pub struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body)
                .into_response(),
            Err(error) => Problem::from(Error::internal(error)).into_response(),
        }
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment::{Enum, Map, Seq, Unknown};
    error::pointer(path.iter().filter_map(|segment| match segment {
        Seq { index } => Some(index.to_string()),
        Map { key } => Some(key.clone()),
        Enum { .. } | Unknown => None,
    }))
}

/// A text that can be kept and shown.
pub(crate) fn check_text(pointer: &str, text: &str) -> Result<(), Error> {
    const LONGEST: usize = 255;
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.chars().count() > LONGEST {
        return Err(Error::invalid(pointer, format!("expected a text of 1 to {LONGEST} characters")));
    }
    Ok(())
}
