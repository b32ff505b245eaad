//! The operation that a path which is none was probably meant for.

use std::borrow::Cow;

use crate::core::suggest::nearest;

/// An operation that there is.
#[derive(Debug)]
pub struct KnownOperation {
    pub method: &'static str,
    /// Its path from the root on, with `{name}` in the place of parameters.
    pub path: String,
    /// What its service's paths begin with: to have that right is nothing in common.
    pub base: &'static str,
    /// The vendor's id.
    pub id: Option<&'static str>,
}

/// Every operation of the services.
#[derive(Debug, Default)]
pub struct KnownOperations(Vec<KnownOperation>);

/// How far one path is from another, in hundredths of what is too far. What stands for a parameter counts, too, because a
/// word is sooner meant as the word that it is.
const LEFT_OUT: usize = 40;
const PARAMETER_LEFT_OUT: usize = 10;
const BASE_LEFT_OUT: usize = 20;
const TOO_MANY: usize = 40;
const MISSPELT: usize = 15;
const PARAMETER: usize = 15;
const OTHER_METHOD: usize = 5;
const TOO_FAR: usize = 100;
/// Of longer paths nobody means anything.
const MOST_SEGMENTS: usize = 24;
const LONGEST: usize = 2048;

impl KnownOperations {
    pub fn new(operations: impl Iterator<Item = KnownOperation>) -> Self {
        Self(operations.collect())
    }

    /// The operation whose path is the nearest, in words; `None` where none is near.
    pub(super) fn describe_nearest(&self, method: &str, path: &str) -> Option<String> {
        let sent = split(path)?;
        let distance = |known: &KnownOperation| {
            let template: Vec<&str> = segments(&known.path).collect();
            let own = &template[segments(known.base).count().min(template.len())..];
            let method = if known.method == method { 0 } else { OTHER_METHOD };
            let by_either = measure(&sent, &template).min(measure(&sent, own) + BASE_LEFT_OUT);
            is_alike(&sent, own).then_some(by_either + method)
        };
        let measured = self.0.iter().filter_map(|known| Some((distance(known)?, known)));
        let (_, known) = measured.filter(|(distance, _)| *distance < TOO_FAR).min_by_key(|(distance, _)| *distance)?;
        let id = known.id.map(|id| format!(" ({id})")).unwrap_or_default();
        Some(format!("the nearest is {} {}{id}", known.method, known.path))
    }

    /// The methods that the path has, in words.
    pub(super) fn describe_methods(&self, path: &str) -> Option<String> {
        let sent = split(path)?;
        let has_path = |known: &&KnownOperation| {
            let template: Vec<&str> = segments(&known.path).collect();
            template.len() == sent.len() && sent.iter().zip(template).all(|(sent, known)| fits(sent, known))
        };
        let mut methods: Vec<&str> = self.0.iter().filter(has_path).map(|known| known.method).collect();
        methods.dedup();
        (!methods.is_empty()).then(|| format!("it takes {}", methods.join(", ")))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn split(path: &str) -> Option<Vec<Cow<'_, str>>> {
    if path.len() > LONGEST {
        return None;
    }
    let sent: Vec<_> =
        segments(path).map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy()).collect();
    (1..=MOST_SEGMENTS).contains(&sent.len()).then_some(sent)
}

fn is_parameter(template: &str) -> bool {
    template.starts_with('{')
}

fn fits(sent: &str, template: &str) -> bool {
    is_parameter(template) || sent == template
}

/// Whether there is a word of the operation's own in what was sent.
fn is_alike(sent: &[Cow<'_, str>], own: &[&str]) -> bool {
    own.iter().any(|part| !is_parameter(part) && sent.iter().any(|sent| measure_one(sent, part) < TOO_FAR))
}

fn measure_one(sent: &str, template: &str) -> usize {
    if is_parameter(template) {
        PARAMETER
    } else if sent == template {
        0
    } else if nearest(sent, [template]).is_some() {
        MISSPELT
    } else {
        TOO_FAR
    }
}

/// How far the segments are from those of a template.
fn measure(sent: &[Cow<'_, str>], template: &[&str]) -> usize {
    // The distance of what was sent so far from each beginning of the template.
    let left_out = |part: &str| if is_parameter(part) { PARAMETER_LEFT_OUT } else { LEFT_OUT };
    let mut distances = vec![0];
    for part in template {
        distances.push(distances[distances.len() - 1] + left_out(part));
    }
    for sent in sent {
        let mut next = vec![distances[0] + TOO_MANY];
        for (at, part) in template.iter().enumerate() {
            let by_either = (next[at] + left_out(part)).min(distances[at + 1] + TOO_MANY);
            next.push(by_either.min(distances[at] + measure_one(sent, part)));
        }
        distances = next;
    }
    distances.last().copied().unwrap_or(TOO_FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownOperations {
        let of = |(method, path, id): &(&'static str, &str, &'static str)| KnownOperation {
            method,
            path: (*path).to_owned(),
            base: if path.starts_with("/api/v1") { "/api/v1" } else { "/public-api" },
            id: Some(id),
        };
        KnownOperations::new(
            [
                ("GET", "/api/v1/customer/licenses", "list"),
                ("GET", "/api/v1/customer/licenses/{id}", "find"),
                ("POST", "/api/v1/customer/licenses/assign", "assign"),
                ("GET", "/api/v1/customer/teams/{teamId}/licenses", "listOfTeam"),
                ("GET", "/api/v1/token", "whoami"),
                ("DELETE", "/api/v1/token", "forget"),
                ("GET", "/public-api/licenses/usage", "usage"),
            ]
            .iter()
            .map(of),
        )
    }

    #[test]
    fn the_nearest_operation_is_named_with_its_path() {
        let known = known();
        for (method, path, id) in [
            ("GET", "/api/v1/customer/teams", Some("listOfTeam")),
            ("GET", "/api/v1/customer/teams/2001/licences", Some("listOfTeam")),
            ("POST", "/api/v1/customer/license/assign", Some("assign")),
            ("POST", "/customer/licenses/assign", Some("assign")),
            ("GET", "/api/v1/api/v1/token", Some("whoami")),
            ("DELETE", "/api/v1/token/", Some("forget")),
            ("GET", "/behind/example/public-api/licenses/usages", Some("usage")),
            ("GET", "/public-api/license/usage", Some("usage")),
            ("GET", "/licenses/usage", Some("usage")),
            ("GET", "/", None),
            ("GET", "/favicon.ico", None),
            ("GET", "/something/else", None),
            ("GET", "/api/v1/nosuch", None),
        ] {
            let near = known.describe_nearest(method, path);
            let found = near.as_deref().map(|text| text.rsplit(['(', ')']).nth(1).unwrap());
            assert_eq!(found, id, "{path}: {near:?}");
        }
        let near = known.describe_nearest("GET", "/api/v1/customer/teams");
        assert_eq!(near.unwrap(), "the nearest is GET /api/v1/customer/teams/{teamId}/licenses (listOfTeam)");
        assert_eq!(known.describe_nearest("GET", &"/api".repeat(600)), None);
    }

    #[test]
    fn the_methods_of_a_path_are_named() {
        assert_eq!(known().describe_methods("/api/v1/token").as_deref(), Some("it takes GET, DELETE"));
        assert_eq!(known().describe_methods("/api/v1/none"), None);
    }
}
