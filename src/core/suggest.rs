//! What a misspelled name was probably meant to be.

use std::borrow::Cow;

/// The candidate that `text` was probably meant to be.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (text, length) = (lower(text), text.chars().count());
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let farthest = 1 + candidate.chars().count() / 4;
            // It takes at least as many steps as one is longer; comparing takes time and room with both lengths.
            if length.abs_diff(candidate.chars().count()) > farthest {
                return None;
            }
            let lower = lower(candidate);
            // Nearly always that is enough to tell, and every header of every request is compared.
            if count_least_steps(&text, &lower) > farthest {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&text, &lower);
            (distance <= farthest).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The text in small letters; itself where it is, as names of headers are.
fn lower(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_lower { text.into() } else { text.to_lowercase().into() }
}

/// How many steps it takes at least from one text to the other: as many as one has characters that the other lacks.
/// Characters that share a place in the count only make it lower.
fn count_least_steps(one: &str, other: &str) -> usize {
    let mut more = [0_i32; 32];
    one.chars().for_each(|c| more[c as usize % 32] += 1);
    other.chars().for_each(|c| more[c as usize % 32] -= 1);
    let count = |sign: i32| more.iter().map(|more| (more * sign).max(0)).sum::<i32>().unsigned_abs();
    count(1).max(count(-1)) as usize
}

/// The candidate that is most like `text`, however little that is.
pub fn closest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates.into_iter().min_by_key(|candidate| strsim::damerau_levenshtein(text, candidate))
}

/// `, did you mean `x`?` when something is near enough, else what there is; to be put behind what is wrong.
pub fn suggest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(text, candidates.clone()) {
        return format!(", did you mean `{near}`?");
    }
    let all: Vec<String> = candidates.into_iter().map(|c| format!("`{c}`")).collect();
    match all.len() {
        0 => String::new(),
        1..=30 => format!(": expected {}", all.join(", ")),
        _ => format!(": expected {} or one of {} more", all[..10].join(", "), all.len() - 10),
    }
}

/// That a value is none of those that there are: `` `x` is not a role, did you mean `y`? ``
pub fn describe_unknown<'a>(text: &str, what: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    format!("`{text}` is not {what}{}", suggest(text, candidates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_characters_hides_nothing_that_is_near() {
        let texts =
            ["token", "tokne", "Tokens", "nekot", "x-any-name", "X-Any-Names", "xanyname", "schöner", "Schönre", ""];
        for (text, candidate) in texts.iter().flat_map(|text| texts.map(|candidate| (*text, candidate))) {
            let (lower, of) = (text.to_lowercase(), candidate.to_lowercase());
            let distance = strsim::damerau_levenshtein(&lower, &of);
            assert!(count_least_steps(&lower, &of) <= distance, "{text} {candidate}");
            assert_eq!(nearest(text, [candidate]).is_some(), distance <= 1 + candidate.chars().count() / 4, "{text}");
        }
        assert_eq!((count_least_steps("host", "cookie"), count_least_steps("aaaa", "")), (5, 4));
    }
}
