//! What a client takes, of what it may be answered (RFC 9110, 12.5): lists of names with weights.

use axum::http::{HeaderMap, HeaderName, header};

/// The names of a list, each with its weight.
fn read(headers: &HeaderMap, list: HeaderName) -> Vec<(&str, f32)> {
    let values = headers.get_all(list).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(read_one).filter(|(name, _)| !name.is_empty()).collect()
}

/// What cannot be read as a weight says that it is not wanted.
fn read_one(text: &str) -> (&str, f32) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters.split(';').find_map(|parameter| {
        let (name, weight) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| weight.trim().parse().unwrap_or(0.0))
    });
    (name.trim(), weight.unwrap_or(1.0))
}

/// Whether an answer should be compressed by gzip: it may be, and plain is not liked better.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = read(headers, header::ACCEPT_ENCODING);
    let weigh = |names: &[&str]| {
        let is_named = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        said.iter().find(|(name, _)| is_named(name)).map(|(_, weight)| *weight)
    };
    let plain = weigh(&["identity"]);
    match weigh(&["gzip", "x-gzip"]).or(weigh(&["*"])) {
        Some(gzip) => gzip > 0.0 && plain.is_none_or(|plain| gzip >= plain),
        // Any other coding may be sent, because the client refuses plain and says nothing of the others.
        None => plain.is_some_and(|plain| plain <= 0.0),
    }
}

/// Whether somebody looks with a browser, which says that it prefers pages: no other range has more weight.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let said = read(headers, header::ACCEPT);
    let most = |of_pages: bool| {
        let chosen = said.iter().filter(|(name, _)| name.eq_ignore_ascii_case("text/html") == of_pages);
        chosen.map(|(_, weight)| *weight).fold(0.0, f32::max)
    };
    most(true) > 0.0 && most(true) >= most(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn who_takes_gzip() {
        let takes = |values: &[&str]| takes_gzip(&headers(&header::ACCEPT_ENCODING, values));
        for values in [
            &["gzip"][..],
            &["GZIP"],
            &["x-gzip"],
            &["gzip, deflate, br"],
            &["br;q=1, gzip;q=0.5"],
            &["br", "gzip"],
            &["*"],
            &["*;q=0.1"],
            &["identity;q=0"],
            &["identity;q=0, *"],
            &["identity;q=0.5, gzip"],
            &["gzip ; q=0.3 , identity ; Q=0.2"],
            &["identity;q=0, br"],
            &["gzip;q=1.000, *;q=0"],
        ] {
            assert!(takes(values), "{values:?}");
        }
        for values in [
            &[][..],
            &[""],
            &["identity"],
            &["br"],
            &["gzip;q=0"],
            &["gzip;q=0.0"],
            &["*;q=0"],
            &["identity, *;q=0"],
            &["gzip;q=0, *"],
            &["x-gzip;q=0, *"],
            &["gzip;q=0.2, identity;q=0.8"],
            &["*;q=0.2, identity"],
            &["gzip;q=much"],
            &["gzip;q=0, identity;q=0"],
            &["gzipped"],
        ] {
            assert!(!takes(values), "{values:?}");
        }
    }

    #[test]
    fn who_wants_a_page() {
        for (accepts, wants) in [
            (&["text/html,application/xhtml+xml,*/*;q=0.8"][..], true),
            (&["TEXT/HTML"], true),
            (&["text/html;level=1;q=0.5, */*;q=0.4"], true),
            (&["text/html;q=0"], false),
            (&["application/json, text/html;q=0.5"], false),
            (&["*/*"], false),
            (&[], false),
        ] {
            assert_eq!(wants_page(&headers(&header::ACCEPT, accepts)), wants, "{accepts:?}");
        }
    }
}
