//! The form of a header: never what it says, but for words that every service shares.

use super::form::Form;

/// Media types that may be shown, because they are nobody's own.
const MEDIA_TYPES: [&str; 12] = [
    "application/hal+json",
    "application/json",
    "application/octet-stream",
    "application/problem+json",
    "application/vnd.api+json",
    "application/xml",
    "application/yaml",
    "text/csv",
    "text/html",
    "text/plain",
    "text/xml",
    "text/yaml",
];
const CHARSETS: [&str; 4] = ["iso-8859-1", "us-ascii", "utf-8", "utf8"];
const RELATIONS: [&str; 5] = ["first", "last", "next", "prev", "self"];

/// Describes a header by its name, in lower case, and its value.
pub(super) fn describe(name: &str, value: &str) -> String {
    match name {
        "content-type" => describe_media_type(value),
        "link" => describe_links(value),
        "set-cookie" => "cookie".to_owned(),
        _ if value == "*" => "`*`".to_owned(),
        _ if httpdate::parse_http_date(value).is_ok() => "HTTP date".to_owned(),
        _ => match Form::of_text(value) {
            // The same to whoever reads a header.
            Form::Constant | Form::Opaque | Form::Text => Form::Text.to_string(),
            Form::Digits => "integer".to_owned(),
            form => form.to_string(),
        },
    }
}

/// With blanks and case as they are: clients were seen to compare it as a text.
fn describe_media_type(value: &str) -> String {
    let mut parts = value.split(';');
    let media = parts.next().unwrap_or_default();
    let is_known = MEDIA_TYPES.contains(&media.trim().to_lowercase().as_str());
    let mut text = if is_known { media.to_owned() } else { "another media type".to_owned() };
    for part in parts {
        let plain = part.trim().to_lowercase();
        let charset = plain.strip_prefix("charset=").map(|charset| charset.trim_matches('"'));
        let is_known = charset.is_some_and(|charset| CHARSETS.contains(&charset));
        text = format!("{text};{}", if is_known { part } else { "<parameter>" });
    }
    format!("`{text}`")
}

/// RFC 8288: which relations there are, and whether they name a host.
fn describe_links(value: &str) -> String {
    let mut relations: Vec<&str> = value
        .split("rel=")
        .skip(1)
        .map(|rest| {
            let relation = rest.trim_start_matches('"').split(['"', ',', ';']).next().unwrap_or_default();
            RELATIONS.into_iter().find(|known| *known == relation).unwrap_or("another")
        })
        .collect();
    relations.sort_unstable();
    relations.dedup();
    let target = if value.contains("://") { "URLs" } else { "paths" };
    format!("{target} as {}", relations.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_no_values() {
        for (name, value, form) in [
            ("x-ratelimit-limit", "200", "integer"),
            ("x-ratelimit-reset", "2026-01-15T09:00Z", "date-time hh:mmZ"),
            ("date", "Thu, 15 Jan 2026 09:00:00 GMT", "HTTP date"),
            ("server", "nginx", "text"),
            ("x-frame-options", "DENY", "text"),
            ("location", "https://secret.test/x", "URL"),
            ("location", "/x", "path"),
            ("access-control-allow-origin", "*", "`*`"),
            ("set-cookie", "secret=1", "cookie"),
            ("content-type", "application/json;charset=UTF-8", "`application/json;charset=UTF-8`"),
            ("content-type", "application/json; charset=utf-8", "`application/json; charset=utf-8`"),
            ("content-type", "application/vnd.secret+json; secret=1", "`another media type;<parameter>`"),
            ("content-type", "text/html; charset=secret", "`text/html;<parameter>`"),
            ("link", r#"</x?page=1>; rel="first", </x?page=2>; rel="next""#, "paths as first, next"),
            ("link", r#"<https://secret.test/x>; rel="secret""#, "URLs as another"),
        ] {
            assert_eq!(describe(name, value), form, "{name}: {value}");
        }
    }
}
