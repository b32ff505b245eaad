//! Reads the values of settings.

use crate::config::values::{Journal, Listen};

pub(super) fn parse_listen(text: &str) -> Result<Listen, String> {
    let wrong = || format!("`{text}` is not HOST:PORT, like localhost:8080, 0.0.0.0:8080 or [::]:8080");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() || (host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err()) {
        return Err(wrong());
    }
    Ok(Listen { host: host.to_owned(), port })
}

pub(super) fn parse_public_url(text: &str) -> Result<String, String> {
    let uri: hyper::Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() || uri.query().is_some() {
        return Err(format!("`{text}` is not a base URL, like http://locum:8080"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn parse_journal(text: &str) -> Result<Journal, String> {
    if text == "off" { Ok(Journal(None)) } else { text.parse().map(|bounds| Journal(Some(bounds))) }
}

/// The host of a URL, without brackets.
pub(crate) fn url_host(url: &str) -> Option<String> {
    let uri: hyper::Uri = url.parse().ok()?;
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

pub(super) fn parse_log(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        let listen = |text| parse_listen(text).map(|l| (l.host, l.port));
        assert_eq!(listen("localhost:8080"), Ok(("localhost".into(), 8080)));
        assert_eq!(listen("[::]:0"), Ok(("::".into(), 0)));
        for wrong in ["", "8080", "localhost", ":8080", "a:b", "::1:8080x", "h:70000", "[zz:]:1"] {
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
}
