//! `/events`: what happens in a space, as it happens.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    control::{clock::ClockAnswer, fault_rules, requests::RequestSummary, timeline::NoteAnswer},
    core::error::Error,
    domain::organization::{Space, SpaceId},
    http::{
        control_input::{InSpace, SpaceQuery},
        problem::{Problem, Refused},
    },
    store::{
        self,
        events::{Event, EventKind, Listener},
    },
};

/// Server-sent events of a space: `request` (answered, as in the journal), `state` (something was written; its
/// revision), `clock` (it was set), `fault` (a rule was made, hit or removed), `note` (what was done to the space, in
/// words, as in its timeline), `missed` (the listener was too slow, or the database was away: look again), `deleted` (the
/// space is gone). The first is the `state` that the space is in. The stream ends with `deleted`, or with Locum.
#[utoipa::path(get, path = "/events", operation_id = "getEvents", tag = "Requests", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream"), Refused))]
pub(super) async fn get_events(State(app): State<App>, InSpace(space): InSpace) -> Result<Response, Problem> {
    let listener = app.db.listen(space.id).await?;
    let first = Some(state(&space)?);
    let stream = EventStream { listener, space: space.id, name: space.name, app, first, is_over: false };
    let events = stream::unfold(stream, |mut stream| async {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

struct EventStream {
    listener: Listener,
    space: SpaceId,
    name: String,
    app: App,
    first: Option<sse::Event>,
    /// There will be no more.
    is_over: bool,
}

impl EventStream {
    /// The next event; `None` when there will be none.
    async fn next(&mut self) -> Option<sse::Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while !self.is_over {
            let heard = tokio::select! {
                heard = self.listener.next() => heard,
                () = self.app.stopping() => return None,
            };
            match self.write(heard).await {
                Ok(Some(event)) => return Some(event),
                // The journal has dropped it already.
                Ok(None) => {}
                Err(Error::NotFound(_)) => {
                    self.is_over = true;
                    return event("deleted", &json!({ "name": self.name })).ok();
                }
                Err(error) => {
                    error.log();
                    // Whoever listens looks again when the database is back.
                    self.is_over = !matches!(error, Error::Unavailable(_));
                    return if self.is_over { None } else { event("missed", &json!({})).ok() };
                }
            }
        }
        None
    }

    /// Writes an event as it is sent; `None` where there is nothing left to tell.
    async fn write(&self, heard: Option<Event>) -> Result<Option<sse::Event>, Error> {
        let Some(Event { happened, id, .. }) = heard else {
            // What was missed may be the end of the space.
            self.space().await?;
            return event("missed", &json!({})).map(Some);
        };
        match happened {
            EventKind::Request => {
                let found = store::journal::find(&self.app.db, self.space, &id).await?;
                let request = found.map(|(_, entry)| event("request", &RequestSummary::from(&*entry)));
                Ok(request.transpose()?.map(|event| event.id(id)))
            }
            EventKind::Note => {
                let number = id.parse().map_err(Error::internal)?;
                let found = store::journal::find_note(&self.app.db, self.space, number).await?;
                found.map(|note| event("note", &NoteAnswer::from(note))).transpose()
            }
            EventKind::State => state(&self.space().await?).map(Some),
            EventKind::Clock => event("clock", &ClockAnswer::from(self.space().await?.clock)).map(Some),
            EventKind::Fault => match fault_rules::find(&self.app, self.space, &id).await {
                Ok(kept) => event("fault", &kept).map(Some),
                Err(Error::NotFound(_)) => event("fault", &json!({ "id": id, "removed": true })).map(Some),
                Err(error) => Err(error),
            },
        }
    }

    async fn space(&self) -> Result<Space, Error> {
        let found = store::space::find(&mut self.app.db.read().await?, self.space).await?;
        found.ok_or_else(|| Error::NotFound("the space is gone".to_owned()))
    }
}

fn state(space: &Space) -> Result<sse::Event, Error> {
    event("state", &json!({ "revision": space.revision }))
}

fn event(name: &str, data: &impl Serialize) -> Result<sse::Event, Error> {
    Ok(sse::Event::default().event(name).data(serde_json::to_string(data).map_err(Error::internal)?))
}
