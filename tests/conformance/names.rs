//! Names in the data files: one, several, or all; `*` stands for any part of a name.

use serde::Deserialize;

/// Which names a row of a data file is about. Left out, all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub enum Names {
    #[default]
    All,
    One(String),
    Several(Vec<String>),
}

impl Names {
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(pattern) => fits(pattern, name),
            Self::Several(patterns) => patterns.iter().any(|pattern| fits(pattern, name)),
        }
    }

    /// What the star of the first pattern that fits stands for; nothing where it has none.
    pub fn find_star<'a>(&self, name: &'a str) -> &'a str {
        let patterns = match self {
            Self::All => &[][..],
            Self::One(pattern) => std::slice::from_ref(pattern),
            Self::Several(patterns) => patterns,
        };
        let pattern = patterns.iter().find(|pattern| fits(pattern, name));
        let star = pattern.and_then(|pattern| pattern.split_once('*'));
        star.map_or("", |(before, after)| &name[before.len()..name.len() - after.len()])
    }
}

/// Whether a name is the pattern, whose stars stand for anything.
pub fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| fits(after, &rest[at..]))
}

#[test]
fn patterns() {
    for (pattern, name, does) in [
        ("q", "q", true),
        ("q", "qq", false),
        ("*", "", true),
        ("*At", "createdAt", true),
        ("*At", "Atlas", false),
        ("a*b*c", "a12b3bc", true),
        ("a*b*c", "acb", false),
    ] {
        assert_eq!(fits(pattern, name), does, "{pattern} {name}");
    }
    assert_eq!(Names::One("*Uom".to_owned()).find_star("createdAtUom"), "createdAt");
}
