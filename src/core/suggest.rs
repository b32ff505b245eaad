//! What a misspelled name was probably meant to be.

/// The candidate that `text` was probably meant to be.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (text, length) = (text.to_lowercase(), text.chars().count());
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let farthest = 1 + candidate.chars().count() / 4;
            // It takes at least as many steps as one is longer; comparing takes time and room with both lengths.
            if length.abs_diff(candidate.chars().count()) > farthest {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&text, &candidate.to_lowercase());
            (distance <= farthest).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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
