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
    /// A clock that was put back counts as one that has gone on.
    fn is_due(&self, now: Time) -> bool {
        let since = micros(now).saturating_sub(self.0.load(Ordering::Relaxed));
        !(0..INTERVAL).contains(&since)
    }

    /// Notes the use, if a minute has passed since the last one that was noted. That it fails is only logged, because
    /// the answer is right all the same.
    pub async fn note<S: VendorService>(&self, app: &App, used: CredentialUse) {
        if !self.is_due(used.at) {
            return;
        }
        match S::note_use(&app.db, used).await {
            Ok(()) => self.0.store(micros(used.at), Ordering::Relaxed),
            Err(error) => error.log(),
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
        assert!(last.is_due(at("09:00:00")));
        last.0.store(micros(at("09:00:00")), Ordering::Relaxed);
        for (time, is_due) in [("09:00:00", false), ("09:00:59", false), ("09:01:00", true), ("08:59:59", true)] {
            assert_eq!(last.is_due(at(time)), is_due, "{time}");
        }
    }
}
