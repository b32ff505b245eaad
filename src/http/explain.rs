//! Why a request was refused, where its service says less than is known: whose token it was and since when it is dead, and
//! which operation was probably meant. Only who looks into the journal or the log is told. Nothing is asked for requests
//! that are not refused.

use axum::http::{Method, StatusCode};

use crate::{
    app::App,
    core::{
        clock::{self, Time},
        error::Error,
        token::Fingerprint,
    },
    domain::journal::Ignored,
    http::{authenticate::Rejected, decide::Decision, ignored::IgnoredParts, nearest_operation::KnownOperations},
    store,
};

/// The reason of a refusal, with what more is known; `None` where that is nothing.
pub(super) async fn explain(
    app: &App,
    operations: &KnownOperations,
    (method, path): (&Method, &str),
    decision: &Decision,
    (status, reason): (StatusCode, &str),
    ignored: Option<&IgnoredParts>,
) -> Option<String> {
    if let (Some(Rejected::Expired(at)), true) = (&decision.identified.rejected, reason.ends_with("has expired")) {
        return Some(format!("{reason} {}", since(*at, decision.identified.now)));
    }
    let further = match describe_misspelled(decision, status, ignored) {
        Some(misspelled) => misspelled,
        None => find_further(app, operations, (method, path), decision, status).await?,
    };
    Some(format!("{reason}: {further}"))
}

/// What a request nearly said, where its credential, or what goes with it, is missing.
fn describe_misspelled(decision: &Decision, status: StatusCode, ignored: Option<&IgnoredParts>) -> Option<String> {
    let is_shut_out = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    // Of a good credential, only a header that goes with it can be missing: no other header is ever said to be ignored.
    let is_reason = |ignored: &&Ignored| decision.identified.credential.is_none() || ignored.at.starts_with("header/");
    let found = ignored.filter(|_| is_shut_out)?.0.iter().filter(is_reason);
    let told: Vec<String> = found.map(ToString::to_string).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

async fn find_further(
    app: &App,
    operations: &KnownOperations,
    (method, path): (&Method, &str),
    decision: &Decision,
    status: StatusCode,
) -> Option<String> {
    // The reason is that somebody wanted it so.
    if decision.fault.as_ref().is_some_and(|hit| hit.effect.status.is_some() || hit.effect.code.is_some()) {
        return None;
    }
    let identified = &decision.identified;
    match (status, &identified.rejected) {
        (StatusCode::NOT_FOUND, _) if identified.operation.is_none() => {
            operations.describe_nearest(method.as_str(), path)
        }
        (StatusCode::METHOD_NOT_ALLOWED, _) => operations.describe_methods(path),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(rejected)) => {
            let found = explain_credential(app, decision.service, rejected, identified.now).await;
            // The request is refused all the same.
            found.unwrap_or_else(|error| {
                error.log();
                None
            })
        }
        _ => None,
    }
}

async fn explain_credential(
    app: &App,
    service: Option<&str>,
    rejected: &Rejected,
    now: Time,
) -> Result<Option<String>, Error> {
    let fingerprint = match rejected {
        Rejected::Malformed => return Ok(Some("what was sent cannot be a credential by its form".to_owned())),
        Rejected::Expired(at) => return Ok(Some(format!("it expired {}", since(*at, now)))),
        Rejected::Unknown(fingerprint) => *fingerprint,
    };
    let mut db = app.db.read().await?;
    if let Some(owner) = store::credential::find_owner(&mut db, fingerprint).await? {
        let store::credential::Owner { service: of, label, space } = owner;
        return Ok(Some(if Some(of.as_str()) == service {
            format!("`{label}` of the space {space} speaks for nobody any more")
        } else {
            format!("it is the token `{label}` of {of}, another service, in the space {space}")
        }));
    }
    Ok(Some(match store::ended::find(&mut db, fingerprint).await? {
        Some(ended) => {
            let is_replaced = store::credential::has_label(&mut db, ended.space, &ended.service, &ended.label).await?;
            let how = if is_replaced { "was given a new token" } else { "was revoked" };
            // It may be one of another space, with another clock.
            let now = store::space::find(&mut db, ended.space).await?.map_or(now, |space| space.now());
            let whose = if Some(ended.service.as_str()) == service {
                format!("`{}`", ended.label)
            } else {
                format!("`{}` of {}", ended.label, ended.service)
            };
            format!("it was that of {whose}, which {how} {}", since(ended.at, now))
        }
        None => match find_label(app, fingerprint) {
            Some(label) => format!("it was that of `{label}`, which is there no more, as after a reset"),
            None => "nobody here has such a token".to_owned(),
        },
    }))
}

/// What a token was called that this process has known.
fn find_label(app: &App, fingerprint: Fingerprint) -> Option<String> {
    app.keyring.known().label_of(fingerprint).map(ToOwned::to_owned)
}

/// `at 2026-10-23T09:00:00Z, 35 days ago`.
fn since(at: Time, now: Time) -> String {
    let seconds = (now - at).num_seconds();
    let count = |number: i64, unit: &str| format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" });
    let ago = match seconds {
        // The clock was set back since.
        ..0 => "which is yet to come".to_owned(),
        0 => "just now".to_owned(),
        1..60 => count(seconds, "second"),
        60..3600 => count(seconds / 60, "minute"),
        3600..86_400 => count(seconds / 3600, "hour"),
        _ => count(seconds / 86_400, "day"),
    };
    format!("at {}, {ago}", clock::write(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_said_in_the_largest_unit() {
        let now = clock::parse("2026-01-15T09:00:00Z").unwrap();
        for (seconds, text) in [
            (0, "just now"),
            (1, "1 second ago"),
            (119, "1 minute ago"),
            (7200, "2 hours ago"),
            (86_400, "1 day ago"),
            (35 * 86_400 + 5, "35 days ago"),
            (-5, "which is yet to come"),
        ] {
            let said = since(now - chrono::TimeDelta::seconds(seconds), now);
            assert!(said.starts_with("at 202") && said.ends_with(text), "{said}");
        }
    }
}
