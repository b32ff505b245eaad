//! The text of the search box, word by word.

/// Other names for some filters, which links of older pages have.
const ALIASES: [(&str, &str); 4] = [("operation", "op"), ("credential", "cred"), ("key", "cred"), ("ignored", "is")];

/// Takes a word out of a search, or puts it in, in place of others of its name, however that is written.
pub(super) fn toggle(text: &str, name: &str, value: &str) -> String {
    let (word, mut words) = (write_word(name, value), split(text));
    let was_there = words.contains(&word);
    words.retain(|other| find_name(other).is_none_or(|(other, _)| other != name));
    if !was_there {
        words.push(word);
    }
    words.join(" ")
}

/// Whether a search has the word.
pub(super) fn has(text: &str, name: &str, value: &str) -> bool {
    split(text).contains(&write_word(name, value))
}

fn write_word(name: &str, value: &str) -> String {
    let has_blank = value.contains(|c: char| c.is_whitespace() || c == '"');
    let quoted = if has_blank { format!("\"{}\"", value.replace('"', "")) } else { value.to_owned() };
    format!("{name}:{quoted}")
}

/// Words are between blanks, unless these are in quotes.
pub(super) fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if c == '"' {
            is_quoted = !is_quoted;
        }
        if c.is_whitespace() && !is_quoted {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        } else {
            word.push(c);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The name of a word, as it is called now, and what stands behind it.
pub(super) fn find_name(plain: &str) -> Option<(String, String)> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic());
    let (name, value) = plain.split_once(':').filter(|(name, value)| is_name(name) && !value.starts_with("//"))?;
    let (name, value) = (name.to_lowercase(), value.replace('"', ""));
    if name == "changed" && value.eq_ignore_ascii_case("yes") {
        return Some(("is".to_owned(), name));
    }
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, name)| name);
    Some((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_put_in_and_taken_out() {
        assert_eq!(toggle("", "status", "404"), "status:404");
        assert_eq!(toggle("a status:403", "status", "404"), "a status:404");
        assert_eq!(toggle("a status:404", "status", "404"), "a");
        assert_eq!(toggle("a", "reason", "no way"), r#"a reason:"no way""#);
        assert_eq!(toggle(r#"reason:"no way" a"#, "reason", "no way"), "a");
        assert_eq!(toggle("a Operation:x STATUS:4xx changed:yes", "op", "y"), "a STATUS:4xx changed:yes op:y");
        assert_eq!(toggle("a changed:yes", "is", "ignored"), "a is:ignored");
        assert_eq!(toggle("", "reason", "=said \"no\"\tway"), "reason:\"=said no\tway\"");
        assert!(!has("is:injected is:ignored", "is", "changed") && has("a is:ignored is:injected", "is", "injected"));
        assert!(has(r#"reason:"no way" a"#, "reason", "no way") && !has("a", "reason", "no way"));
    }
}
