//! Whether a fault can hit at all. A path that no operation has is one that a client may send all the same, and the
//! service refuses it by a 404, or as the fault says. Refused is what reaches no service, and what is an operation's
//! path but for a slip: whoever wrote that would wait in vain.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::{
    control::request_matcher::{candidates, check_half_pattern, refuse_path},
    core::suggest::{nearest, suggest},
    domain::{
        path_pattern::{PathPattern, Segment, normalize, stands_for_any},
        request_matcher::RequestMatcher,
    },
    http::problem::Problem,
    services::{Registry, Service, operations::Operation},
};

/// Checks path and method of a matcher.
pub(super) fn check(services: &Registry, which: &RequestMatcher) -> Result<(), Problem> {
    if let Some(path) = &which.path {
        check_half_pattern(path)?;
        if !candidates(services, which).any(|operation| operation.can_have(services, path)) {
            return check_unknown_path(services, which, path);
        }
    }
    check_method(services, which)
}

fn check_unknown_path(services: &Registry, which: &RequestMatcher, path: &str) -> Result<(), Problem> {
    let named = which.service.as_deref();
    let mut meant = services.iter().filter(|service| named.is_none_or(|name| service.name == name));
    if !meant.any(|service| is_below(service, path)) {
        return Err(refuse_path(services, which, path, ""));
    }
    let is_slip = candidates(services, which)
        .flat_map(|operation| operation.paths(services).collect::<Vec<_>>())
        .any(|known| is_slip(path, &known));
    if is_slip {
        const WAY_OUT: &str = "; for what clients misspell, put `*` in the place of the segment";
        return Err(refuse_path(services, which, path, WAY_OUT));
    }
    Ok(())
}

/// Whether requests for the path reach the service, which answers all that is below its base.
fn is_below(service: &Service, path: &str) -> bool {
    let is_written = !path.contains(['?', '#']);
    let path = path.trim_end_matches('/');
    let rest = path.split('/').count().saturating_sub(service.base_path.split('/').count());
    is_written && PathPattern::new(path).can_be(&format!("{}{}", service.base_path, "/{any}".repeat(rest)))
}

/// Whether an operation's path was meant: each segment is the operation's, as far as both go, and one is misspelt; or
/// there is a slash too many at the end; or the end is the operation's, and something in the middle was left out.
fn is_slip(path: &str, known: &str) -> bool {
    let known: Vec<&str> = known.split('/').collect();
    let sent: Vec<Segment<'_>> = PathPattern::new(path).segments().collect();
    if let [rest @ .., Segment::Text("")] = &*sent
        && rest.len() == known.len()
        && rest.iter().zip(&known).all(|(sent, known)| fits(*sent, known))
    {
        return true;
    }
    let is_last_word = |last: &str| sent.last() == Some(&Segment::Text(last)) && !stands_for_any(last);
    if sent.len() < known.len() && known.last().is_some_and(|last| is_last_word(last)) {
        return true;
    }
    let mut misspelt = false;
    for (sent, known) in sent.iter().zip(&known) {
        match sent {
            sent if fits(*sent, known) => {}
            Segment::Text(text) if nearest(text, [*known]).is_some() => misspelt = true,
            _ => return false,
        }
    }
    misspelt
}

fn fits(sent: Segment<'_>, known: &str) -> bool {
    match sent {
        Segment::Any => true,
        Segment::Text(text) => stands_for_any(known) && !text.is_empty() || normalize(text) == normalize(known),
        Segment::Start(start) => stands_for_any(known) || known.starts_with(start),
    }
}

/// Refuses a method that none of the operations has which are meant. With `OPTIONS` a browser asks everywhere.
fn check_method(services: &Registry, which: &RequestMatcher) -> Result<(), Problem> {
    let Some(method) = which.method.as_deref().filter(|method| !method.eq_ignore_ascii_case(Method::OPTIONS.as_str()))
    else {
        return Ok(());
    };
    let has_path = |one: &&Operation| which.path.as_ref().is_none_or(|path| one.can_have(services, path));
    let meant: Vec<_> = candidates(services, which).filter(has_path).collect();
    if meant.iter().any(|operation| operation.has_method(method)) {
        return Ok(());
    }
    let whose = which.service.as_deref().unwrap_or("any service");
    let what = format!("no operation of {whose} has the method `{method}`");
    let detail = if let Some(path) = &which.path {
        let known: Vec<String> = meant.iter().map(|operation| operation.describe()).collect();
        format!("{what} at `{path}`: {}", known.join(", "))
    } else {
        let known: BTreeSet<&str> = meant.iter().map(|operation| operation.method).collect();
        format!("{what}{}", suggest(method, known))
    };
    Err(Problem::unknown("/match/method", detail))
}
