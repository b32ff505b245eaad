//! Texts that are longer than there is room for.

/// At most so many characters; of more, an ellipsis says that there are.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn characters_are_counted_and_stay_whole() {
        assert_eq!((cut("äöü", 3), cut("äöü", 2)), ("äöü".to_owned(), "äö…".to_owned()));
        assert_eq!((cut("", 0), cut("x", 0)), (String::new(), "…".to_owned()));
    }
}
