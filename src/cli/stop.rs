//! Tells connections that no more requests are taken.

use tokio::sync::watch;

/// Every connection keeps one until it ends, so that the sender knows by them when all have ended.
pub(super) type Stop = watch::Receiver<bool>;

pub(super) async fn wait_for(stop: &mut Stop) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stop.wait_for(|stop| *stop).await;
}
