//! A credential that was sent in vain: under a name, or a scheme, that is nearly the right one. The service answers as
//! if there were none, and who reads the journal is told.

use axum::http::{HeaderMap, request::Parts};

use super::{Findings, IgnoredParts, LONGEST_NAME};
use crate::{
    core::{error::escape_in_pointer, suggest::nearest},
    domain::journal::Ignored,
    http::{credential_places::Location, vendor_service::VendorService},
};

/// Headers that services read and that no credential depends on.
const USUAL: [&str; 2] = ["accept", "host"];

/// Finds what a request that was not let in has nearly said.
pub fn find_misspelled<S: VendorService>(parts: &Parts) -> Option<IgnoredParts> {
    let mut headers: Vec<&'static str> = S::READ_HEADERS.iter().copied().filter(|name| !USUAL.contains(name)).collect();
    let (mut parameters, mut schemes) = (Vec::new(), Vec::new());
    for place in S::CREDENTIAL_PLACES.iter().filter(|place| S::reads_credential_in(parts, &place.location)) {
        match place.location {
            Location::Header(name) => {
                headers.push(name);
                // A cookie's name is no scheme.
                schemes.extend(place.prefix.strip_suffix(' ').map(|scheme| (name, scheme)));
            }
            Location::Parameter(name) => parameters.push(name),
        }
    }
    let mut found = Findings::default();
    let query = parts.uri.query().unwrap_or_default();
    let sent: Vec<_> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect();
    let is_sent = |name: &str| sent.iter().any(|sent| sent == name);
    let is_other = |name: &&str| name.len() <= LONGEST_NAME;
    find_near("query", sent.iter().map(|name| &**name).filter(is_other), &parameters, is_sent, &mut found);
    let names = parts.headers.keys().map(axum::http::HeaderName::as_str).filter(is_other);
    find_near("header", names, &headers, |name| parts.headers.contains_key(name), &mut found);
    check_schemes(&parts.headers, &schemes, &mut found);
    (!found.0.is_empty()).then(|| IgnoredParts(found.0.into()))
}

/// Finds the sent names that are like a known one that was not sent.
fn find_near<'a>(
    within: &str,
    sent: impl Iterator<Item = &'a str>,
    known: &[&'static str],
    is_sent: impl Fn(&str) -> bool,
    found: &mut Findings,
) {
    for name in sent.filter(|name| !known.contains(name)) {
        if let Some(near) = nearest(name, known.iter().copied().filter(|known| !is_sent(known))) {
            let at = format!("{within}/{}", escape_in_pointer(name));
            found.add(within, || Ignored { at, did_you_mean: Some(near.into()), reason: None });
        }
    }
}

/// Finds schemes in front of credentials that are misspelled or missing. Findings name the right one and do not repeat
/// what was sent, because that may be the credential itself.
fn check_schemes(headers: &HeaderMap, schemes: &[(&'static str, &'static str)], found: &mut Findings) {
    for (name, value) in headers {
        let known = || schemes.iter().filter(|(header, _)| name == header).map(|(_, scheme)| *scheme);
        let Some(text) = value.to_str().ok().filter(|_| known().next().is_some()) else { continue };
        let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
        let (reason, did_you_mean) = match (text.split_once(' '), known().find(|scheme| begins(scheme))) {
            (Some((word, _)), _) if known().any(|scheme| scheme.eq_ignore_ascii_case(word)) => continue,
            (Some((word, _)), _) => (format!("its scheme is not {}", list(known())), nearest(word, known())),
            (None, Some(scheme)) if text.len() == scheme.len() => (format!("nothing stands behind {scheme}"), None),
            (None, Some(scheme)) => (format!("no blank stands behind {scheme}"), None),
            (None, None) => (format!("nothing stands in front of it, where {} is read", list(known())), None),
        };
        found.add("header", || Ignored {
            at: format!("header/{name}"),
            did_you_mean: did_you_mean.map(Into::into),
            reason: Some(reason.into()),
        });
    }
}

fn list(schemes: impl Iterator<Item = &'static str>) -> String {
    schemes.collect::<Vec<_>>().join(" or ")
}
