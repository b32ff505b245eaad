//! Tells connections that no more requests are taken.

use tokio::sync::watch;

/// Who waits for the end of all connections waits until nobody has one of these any more.
pub(super) type Stop = watch::Receiver<bool>;

pub(super) async fn wait_for(stop: &mut Stop) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stop.wait_for(|stop| *stop).await;
}
