//! Reads the values of settings.

use std::{
    net::{IpAddr, Ipv6Addr},
    path::PathBuf,
};

use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::{
    config::values::{Answers, Journal, Listen},
    core::{
        byte_size,
        suggest::{self, nearest},
    },
};

pub(crate) fn parse_listen(text: &str) -> Result<Listen, String> {
    let wrong = || format!("`{text}` is not HOST:PORT, like localhost:8080, 0.0.0.0:8080 or [::]:8080");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv6Addr>().is_ok() || is_host_name(host),
    };
    if !is_host {
        return Err(wrong());
    }
    Ok(Listen { host: bracketed.unwrap_or(host).to_owned(), port })
}

/// A host as a `Host` header names it, without its port; in lower case.
pub(super) fn parse_host(text: &str) -> Result<String, String> {
    let host = text.trim();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() || is_host_name(host) {
        return Ok(bare.to_lowercase());
    }
    Err(format!("`{text}` is not a host name, like locum.example.test: without scheme, port, path and `*`"))
}

/// Labels of letters, digits, hyphens and, as containers have them, underscores.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Refuses a token that no caller can send.
const SHORTEST_CONTROL_TOKEN: usize = 8;

pub(super) fn check_control_token(token: &str) -> Result<(), String> {
    if token.len() < SHORTEST_CONTROL_TOKEN {
        return Err(format!("at least {SHORTEST_CONTROL_TOKEN} characters"));
    }
    if token.trim() != token || !token.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err("must be ASCII characters with no space at either end, because it is sent in a header".to_owned());
    }
    Ok(())
}

/// Refuses a path of blanks, which is no file that somebody means.
pub(super) fn check_path(path: PathBuf) -> Result<PathBuf, String> {
    let is_blank = path.to_str().is_some_and(|text| text.trim().is_empty());
    if is_blank { Err("expected the path of a file".to_owned()) } else { Ok(path) }
}

pub(crate) fn parse_public_url(text: &str) -> Result<String, String> {
    let uri: hyper::Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() || uri.query().is_some() {
        return Err(format!("`{text}` is not a base URL, like http://locum:8080"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn parse_journal(text: &str) -> Result<Journal, String> {
    if text == "off" { Ok(Journal(None)) } else { text.parse().map(|bounds| Journal(Some(bounds))) }
}

pub(super) fn parse_answers(text: &str) -> Result<Answers, String> {
    if text == "off" {
        return Ok(Answers(None));
    }
    let bytes =
        byte_size::parse(text).ok_or_else(|| format!("`{text}` is not a size: expected one like 16MiB, or off"))?;
    Ok(Answers(Some(bytes)))
}

/// The host of a URL, without brackets.
pub(crate) fn url_host(url: &str) -> Option<String> {
    let uri: hyper::Uri = url.parse().ok()?;
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

/// Whether a name is one that Locum has without a setting: an address, a single label, since that is how containers know
/// each other, or one below `localhost`. In lower case, without brackets.
pub(crate) fn is_near_host(name: &str) -> bool {
    let is_single_label = !name.is_empty() && !name.contains(['.', ':']);
    is_single_label || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

/// Crates that log something, to find misspelled ones.
const LOGGING: [&str; 8] = ["locum", "axum", "hyper", "hyper_util", "rustls", "sqlx", "tokio", "tower_http"];
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A filter as tracing-subscriber has them, without spans. A word alone is a level, because what is meant as one and
/// misspelled would be taken for the name of a crate.
pub(super) fn parse_log(text: &str) -> Result<String, String> {
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    for directive in &directives {
        let (target, level) = directive.rsplit_once('=').map_or((None, *directive), |(t, level)| (Some(t), level));
        if directive.contains('[') {
            return Err(format!("`{directive}` is about spans or fields, which are not filtered: say TARGET=LEVEL"));
        }
        if level.is_empty() || level.parse::<LevelFilter>().is_err() {
            return Err(suggest::describe_unknown(level, "a level", LEVELS));
        }
        let name = target.unwrap_or_default().split(':').next().unwrap_or_default();
        if let Some(meant) = nearest(name, LOGGING).filter(|meant| !name.is_empty() && *meant != name) {
            return Err(format!("nothing called `{name}` logs anything, did you mean `{meant}`?"));
        }
    }
    let filter = directives.join(",");
    filter.parse::<Targets>().map_err(|e| e.to_string())?;
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        let listen = |text| parse_listen(text).map(|l| (l.host, l.port));
        assert_eq!(listen("localhost:8080"), Ok(("localhost".into(), 8080)));
        assert_eq!(listen("[::]:0"), Ok(("::".into(), 0)));
        for wrong in ["", "8080", "localhost", ":8080", "a:b", "::1:8080x", "h:70000", "[zz:]:1", "exa mple:1", "[a]:1"]
        {
            assert!(parse_listen(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_listen("[::1]:80").map(|l| l.to_string()), Ok("[::1]:80".to_owned()));
    }

    #[test]
    fn public_urls() {
        assert_eq!(parse_public_url("http://locum:8080/"), Ok("http://locum:8080".to_owned()));
        for wrong in ["locum", "ftp://x", "http://", "http://h?x"] {
            assert!(parse_public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths() {
        assert_eq!(check_path(" a".into()), Ok(" a".into()));
        assert!(check_path(" \t".into()).is_err());
    }

    #[test]
    fn hosts() {
        for (text, host) in [(" Locum.Test", "locum.test"), ("my_service", "my_service"), ("[::1]", "::1")] {
            assert_eq!(parse_host(text), Ok(host.to_owned()));
        }
        for wrong in ["", " ", "exa mple", "http://x", "x:8080", "*.test", "a..b", "-a", "ä.test", "a/b"] {
            assert!(parse_host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_of_the_log() {
        let long = "info,locum=debug,hyper::proto=off";
        for right in ["warn", "WARN", "off", "3", "some_crate=info", long] {
            assert_eq!(parse_log(right), Ok(right.to_owned()));
        }
        for (wrong, says) in [
            ("wran", "did you mean `warn`?"),
            ("info,wran", "`wran`"),
            ("locum=dbug", "did you mean `debug`?"),
            ("locm=debug", "did you mean `locum`?"),
            ("locum", "`locum` is not a level: expected `off`, `error`"),
            ("", "`` is not a level"),
            ("info,", "`` is not a level"),
            ("locum[=info", "say TARGET=LEVEL"),
            ("info,locum[request{request_id=\"a=b\"}]=trace", "about spans"),
            ("locum[request]", "about spans"),
        ] {
            let said = parse_log(wrong).unwrap_err();
            assert!(said.contains(says), "{wrong}: {said}");
        }
    }

    #[test]
    fn control_tokens() {
        for right in ["s3cret-!", "open sesame"] {
            assert_eq!(check_control_token(right), Ok(()));
        }
        for wrong in ["", "s3cret!", " sesames", "sesames ", "tökén and more", "sesame\tsesame"] {
            assert!(check_control_token(wrong).is_err(), "{wrong}");
        }
    }
}
