//! Somebody whom a service answers without a credential. What they are answered is never remembered, because nothing
//! says which space it is read from.

use crate::{
    app::App,
    core::{error::Error, now::Now},
    domain::organization::SpaceId,
    store::{ReadOnly, Session},
};

/// A request to the default space that needs no credential.
pub struct Visitor {
    pub space: SpaceId,
    /// The time in the space.
    pub now: Now,
    app: App,
}

impl Visitor {
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn of(app: &App) -> Result<Self, Error> {
        let space = app.default_space().await?;
        Ok(Self { space: space.id, now: Now::at(space.now()), app: app.clone() })
    }

    /// A session that reads.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn read(&self) -> Result<Session<ReadOnly>, Error> {
        self.app.db.read().await
    }
}
