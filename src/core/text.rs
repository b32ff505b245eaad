//! Texts in another form: shorter, as words, for a shell.

/// At most so many characters; of more, an ellipsis says that there are.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The words of `camelCase`, `snake_case` and `kebab-case`, in lower case.
pub fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for character in name.chars() {
        let is_letter = character.is_ascii_alphabetic();
        if !is_letter || (character.is_ascii_uppercase() && after_small) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (is_letter, words.last_mut()) {
            word.push(character.to_ascii_lowercase());
        }
        after_small = character.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Makes one word for a shell: between single quotes nothing means anything but a single quote.
pub fn quote_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{cut, quote_for_shell, split_words};

    #[test]
    fn characters_are_counted_and_stay_whole() {
        assert_eq!((cut("äöü", 3), cut("äöü", 2)), ("äöü".to_owned(), "äö…".to_owned()));
        assert_eq!((cut("", 0), cut("x", 0)), (String::new(), "…".to_owned()));
    }

    #[test]
    fn names_fall_into_words_and_quotes_stay() {
        assert_eq!(split_words("customerCode_of-all"), ["customer", "code", "of", "all"]);
        assert_eq!(quote_for_shell("it's `id` $(id)"), r"'it'\''s `id` $(id)'");
    }
}
