//! How fast the real service is asked, which is somebody's in use.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::Answer;
use crate::core::clock::Time;

/// Between two requests: at most two a second.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// The longest that one is waited for which asks for more time.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How often one request is sent again.
pub(super) const MOST_WAITS: usize = 3;

pub(super) struct Pace {
    pause: Duration,
    next: Option<Instant>,
}

impl Pace {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, next: None }
    }

    /// Until the next request may be sent.
    pub(super) async fn wait(&mut self) {
        if let Some(next) = self.next {
            tokio::time::sleep_until(next).await;
        }
        self.next = Some(Instant::now() + self.pause);
    }

    /// So long nothing is sent.
    pub(super) fn put_off(&mut self, wait: Duration) {
        self.next = Some(Instant::now() + wait.max(self.pause));
    }
}

/// What an answer means for those that follow.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Limit {
    None,
    /// To be asked again then.
    Wait(Duration),
    /// It does not say for how long, or for longer than somebody waits.
    Stop,
}

impl Limit {
    pub(super) fn of(answer: &Answer, now: Time) -> Self {
        if !matches!(answer.status, 429 | 503) {
            return Self::None;
        }
        let wait = answer.header("retry-after").and_then(|value| read_wait(value.trim(), now));
        wait.filter(|wait| *wait <= LONGEST_WAIT).map_or(Self::Stop, Self::Wait)
    }
}

/// Seconds, or a date.
fn read_wait(value: &str, now: Time) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until: Time = httpdate::parse_http_date(value).ok()?.into();
    Some((until - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::core::clock;

    #[test]
    fn who_asks_for_time_gets_it_within_bounds() {
        let now = clock::parse("2026-01-15T09:00:00Z").unwrap();
        for (status, retry_after, limit) in [
            (200, Some("5"), Limit::None),
            (429, Some("5"), Limit::Wait(Duration::from_secs(5))),
            (503, Some("60"), Limit::Wait(LONGEST_WAIT)),
            (503, Some("61"), Limit::Stop),
            (429, Some("Thu, 15 Jan 2026 09:00:30 GMT"), Limit::Wait(Duration::from_secs(30))),
            (429, Some("Thu, 15 Jan 2026 08:00:00 GMT"), Limit::Wait(Duration::ZERO)),
            (429, Some("Thu, 15 Jan 2026 10:00:00 GMT"), Limit::Stop),
            (429, Some("-1"), Limit::Stop),
            (429, Some("soon"), Limit::Stop),
            (429, None, Limit::Stop),
            (502, Some("5"), Limit::None),
        ] {
            let headers = retry_after.map(|value| (axum::http::header::RETRY_AFTER, HeaderValue::from_static(value)));
            let answer = Answer::new(status, &headers.into_iter().collect::<HeaderMap>(), b"");
            assert_eq!(Limit::of(&answer, now), limit, "{status} {retry_after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn at_most_two_requests_a_second_are_sent() {
        let began = Instant::now();
        let mut pace = Pace::new(PAUSE);
        for _ in 0..5 {
            pace.wait().await;
        }
        assert_eq!(began.elapsed().as_secs(), 2);
        pace.put_off(Duration::from_secs(7));
        pace.wait().await;
        assert_eq!(began.elapsed().as_secs(), 9);
    }
}
