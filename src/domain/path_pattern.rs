//! Patterns of paths, as they stand in lists of operations and as people write them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};

/// What stays encoded in a path's normal form: what would be read as something else if it were not, and the blank,
/// which stands between paths where several are kept in one text.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'/').add(b'%').add(b'*').add(b'{').add(b'}');

/// Writes a path or a segment so that two that mean the same are the same, however the client has encoded them. A slash
/// that was encoded stays in its segment.
pub fn normalize(path: &str) -> Cow<'_, str> {
    let is_normal = |byte: u8| byte.is_ascii_graphic() && !b"%*{}".contains(&byte);
    if path.bytes().all(is_normal) {
        return Cow::Borrowed(path);
    }
    let normalize = |segment: &str| {
        let decoded: Cow<'_, [u8]> = percent_decode_str(segment).into();
        percent_encode(&decoded, ENCODED).to_string()
    };
    Cow::Owned(path.split('/').map(normalize).collect::<Vec<_>>().join("/"))
}

/// A path in which a whole segment `*` or `{name}` stands for any one segment, and a `*` at the end for anything.
#[derive(Debug, Clone, Copy)]
pub struct PathPattern<'a>(&'a str);

/// What a pattern says about one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    Text(&'a str),
    /// Any that is not empty.
    Any,
    /// The last: whatever begins so, and anything behind it.
    Start(&'a str),
}

impl<'a> PathPattern<'a> {
    pub fn new(pattern: &'a str) -> Self {
        Self(pattern)
    }

    pub fn segments(self) -> impl Iterator<Item = Segment<'a>> {
        let (text, is_start) = self.0.strip_suffix('*').map_or((self.0, false), |start| (start, true));
        let mut segments = text.split('/').peekable();
        std::iter::from_fn(move || {
            let segment = segments.next()?;
            Some(match segment {
                start if is_start && segments.peek().is_none() => Segment::Start(start),
                any if stands_for_any(any) => Segment::Any,
                text => Segment::Text(text),
            })
        })
    }

    pub fn matches(self, path: &str) -> bool {
        self.fits(path, |_| false)
    }

    /// Whether there is a path that matches and that is one of an operation's with this path, in which parameters stand
    /// for any segment.
    pub fn can_be(self, operation_path: &str) -> bool {
        self.fits(operation_path, stands_for_any)
    }

    /// Cuts what the pattern matches off the beginning of a path, and returns the rest, from its slash on: `None` where
    /// the beginning does not match, or nothing follows it. So a path is found without what it is mounted behind.
    pub fn strip_from(self, path: &str) -> Option<&str> {
        let length = self.segments().count();
        let end = path.match_indices('/').nth(length.checked_sub(1)?).map(|(at, _)| at)?;
        self.matches(&path[..end]).then(|| &path[end..])
    }

    fn fits(self, path: &str, is_any: impl Fn(&str) -> bool) -> bool {
        let mut found = path.split('/');
        for segment in self.segments() {
            let Some(found) = found.next() else { return false };
            let fits = match segment {
                Segment::Start(start) => return is_any(found) || normalize(found).starts_with(&*normalize(start)),
                Segment::Any => !found.is_empty(),
                Segment::Text(text) => normalize(found) == normalize(text) || is_any(found) && !text.is_empty(),
            };
            if !fits {
                return false;
            }
        }
        found.next().is_none()
    }

    /// Finds a segment that is neither text nor stands for any: no path has it, whatever was meant.
    pub fn find_half_pattern(self) -> Option<&'a str> {
        let is_half = |segment: Segment<'a>| match segment {
            Segment::Text(text) | Segment::Start(text) => Some(text).filter(|text| text.contains(['*', '{', '}'])),
            Segment::Any => None,
        };
        self.segments().find_map(is_half)
    }
}

/// Whether a segment is `*` or `{name}`.
pub fn stands_for_any(segment: &str) -> bool {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    segment == "*" || name.is_some_and(|name| !name.is_empty() && !name.contains(['*', '{', '}']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_paths_match() {
        let paths = ["/v1/teams/7/licenses", "/v1/teams/7", "/v1/teams/", "/v1", "/v1/teams/7/licenses/A"];
        for (pattern, matching) in [
            ("*", vec![0, 1, 2, 3, 4]),
            ("/v1/teams/*", vec![0, 1, 2, 4]),
            ("/v1/teams/7/lic*", vec![0, 4]),
            ("/v1/teams/{teamId}", vec![1]),
            ("/v1/teams/*/licenses", vec![0]),
            ("/*/teams/{teamId}/licenses", vec![0]),
            ("/{version}/*", vec![0, 1, 2, 4]),
            ("/v1/teams/{teamId}/*", vec![0, 4]),
            ("/v1/*/7", vec![1]),
            ("/v1/teams/7/licenses", vec![0]),
            ("/v1/teams//licenses", vec![]),
            ("/v1/teams/{}", vec![]),
        ] {
            let found: Vec<usize> =
                (0..paths.len()).filter(|at| PathPattern::new(pattern).matches(paths[*at])).collect();
            assert_eq!(found, matching, "{pattern}");
        }
    }

    #[test]
    fn paths_that_mean_the_same_match_however_they_are_encoded() {
        for (pattern, path, fits) in [
            ("/users/712020:ann", "/users/712020%3Aann", true),
            ("/users/712020%3aann", "/users/712020:ann", true),
            ("/users/712020%3A*", "/users/712020:ann", true),
            ("/licenses/A-1", "/licenses/%41%2D%31", true),
            ("/users/jörg", "/users/j%C3%B6rg", true),
            ("/users/a%20b", "/users/a b", true),
            ("/files/a%2Fb", "/files/a%2fb", true),
            ("/files/a/b", "/files/a%2Fb", false),
            ("/files/*", "/files/a%2Fb", true),
            ("/files/{name}", "/files/a%2Fb", true),
            ("/files/100%25", "/files/100%", true),
            ("/files/%2541", "/files/A", false),
            ("/files/%2A", "/files/A", false),
            ("/files/%2A", "/files/*", true),
            ("/files/%FF", "/files/%ff", true),
        ] {
            assert_eq!(PathPattern::new(pattern).matches(path), fits, "{pattern} {path}");
            assert_eq!(normalize(&normalize(path)), normalize(path), "{path}");
        }
    }

    #[test]
    fn what_is_left_behind_a_pattern() {
        let base = PathPattern::new("/vaults/{name}");
        for (path, rest) in [
            ("/vaults/a/licenses/7", Some("/licenses/7")),
            ("/vaults/a/", Some("/")),
            ("/vaults/a", None),
            ("/vaults//licenses", None),
            ("/licenses/7/x", None),
        ] {
            assert_eq!(base.strip_from(path), rest, "{path}");
        }
    }

    #[test]
    fn which_paths_can_be_an_operation_s() {
        let path = "/v1/teams/{teamId}/licenses";
        for wanted in [
            "*",
            "/*",
            path,
            "/v1/teams/7/licenses",
            "/v1/teams/{x}/licenses",
            "/v1/*/7/licenses",
            "/v1/teams/7/lic*",
            "/v1/t*",
            "/v1/teams/7*",
            "/v1/teams/*",
            "/v1/teams/*/*",
            "/v1/teams/*/{what}",
        ] {
            assert!(PathPattern::new(wanted).can_be(path), "{wanted}");
        }
        for wanted in [
            "",
            "/",
            "/v1/teams//licenses",
            "/v1/teams/7",
            "/v1/teams/{teamId}",
            "/v1/teams/7/licenses/",
            "/v1/teams/7/licenses/*",
            "/v2/*",
            "/v2/teams/{teamId}/licenses",
        ] {
            assert!(!PathPattern::new(wanted).can_be(path), "{wanted}");
        }
    }

    #[test]
    fn a_segment_is_a_pattern_as_a_whole_or_not_at_all() {
        for half in ["/v1/te*s/7", "/v1/**", "/v1/{a", "/v1/{}", "/v1/team-{teamId}", "/v1/{teamId}*", "/v1/**/x"] {
            assert!(PathPattern::new(half).find_half_pattern().is_some(), "{half}");
        }
        for whole in ["*", "/v1/te*", "/v1/*/x", "/v1/{teamId}/*", "/v1/teams"] {
            assert_eq!(PathPattern::new(whole).find_half_pattern(), None, "{whole}");
        }
    }
}
