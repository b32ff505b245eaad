//! Whose turn it is to write to a space, among the requests of this process.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::timeout,
};

use crate::{core::error::Error, domain::organization::SpaceId};

/// How long a write waits for its turn.
pub(crate) const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// By space, who holds its turn.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<SpaceId, Arc<AsyncMutex<()>>>>);

impl Turns {
    /// Waits for the space's turn: first come, first served.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it takes too long.
    pub(crate) async fn take(&self, space: SpaceId) -> Result<OwnedMutexGuard<()>, Error> {
        let turn = Arc::clone(self.0.lock().entry(space).or_default());
        let taken = timeout(TURN_TIMEOUT, turn.lock_owned()).await;
        taken.map_err(|_| Error::from(sqlx::Error::PoolTimedOut))
    }

    /// Drops what is kept of a space that is gone.
    pub(crate) fn forget(&self, space: SpaceId) {
        self.0.lock().remove(&space);
    }
}
