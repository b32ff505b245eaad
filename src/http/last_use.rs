//! When a credential was last used, for services that show it.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::{
    app::App,
    core::clock::{Time, micros},
    http::vendor_service::VendorService,
    store::credential::CredentialUse,
};

/// A use is noted this long after the last one that was, in microseconds: a write per request would cost more than the
/// answer.
pub const INTERVAL: i64 = 60_000_000;

/// When the use of a credential was noted last, in microseconds since 1970.
#[derive(Debug)]
pub struct LastUse(AtomicI64);

impl Default for LastUse {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl LastUse {
    /// Takes it upon the caller to note a use at this time, if none was noted within the last minute. One of those who
    /// ask at once gets it. A clock that was put back counts as one that has gone on.
    ///
    /// Gives what to put back if it cannot be noted.
    fn claim(&self, now: Time) -> Option<i64> {
        let last = self.0.load(Ordering::Relaxed);
        if (0..INTERVAL).contains(&micros(now).saturating_sub(last)) {
            return None;
        }
        self.0.compare_exchange(last, micros(now), Ordering::Relaxed, Ordering::Relaxed).ok()
    }

    /// Notes the use, if a minute has passed since the last one that was noted. That it fails is only logged, because
    /// the answer is right all the same.
    pub async fn note<S: VendorService>(&self, app: &App, used: CredentialUse) {
        let Some(last) = self.claim(used.at) else { return };
        if let Err(error) = Box::pin(S::note_use(&app.db, used)).await {
            self.0.store(last, Ordering::Relaxed);
            error.log();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::parse;

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let at = |time: &str| parse(&format!("2026-01-15T{time}Z")).unwrap();
        let last = LastUse::default();
        for (time, is_noted) in [
            ("09:00:00", true),
            ("09:00:00", false),
            ("09:00:59", false),
            ("09:01:00", true),
            ("09:01:30", false),
            ("09:00:59", true),
        ] {
            assert_eq!(last.claim(at(time)).is_some(), is_noted, "{time}");
        }
    }
}
