//! JSON for people: white space is put in, and nothing else is changed. A parser that writes again would sort members,
//! drop duplicates and round numbers, and the page would contradict the refusal that it shows.

/// Sets JSON out, or the beginning of such. `None` of a text that is neither.
pub(super) fn set_out(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let (mut written, mut depth, mut is_string, mut is_escaped) = (String::new(), 0usize, false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if is_string {
            written.push(c);
            is_string = is_escaped || c != '"';
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '"' => {
                is_string = true;
                written.push(c);
            }
            '{' | '[' => {
                written.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|c| matches!(c, '}' | ']')) {
                    written.push(end);
                } else {
                    depth += 1;
                    break_line(&mut written, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut written, depth);
                written.push(c);
            }
            ',' => {
                written.push(c);
                break_line(&mut written, depth);
            }
            ':' => written.push_str(": "),
            c if c.is_ascii_whitespace() => {
                let mut blanks = String::from(c);
                while let Some(more) = rest.next_if(char::is_ascii_whitespace) {
                    blanks.push(more);
                }
                // Between two words it is what makes them two, and what is wrong with the text.
                let is_word = |c: char| !c.is_whitespace() && !"{}[],:".contains(c);
                if written.ends_with(is_word) && rest.peek().is_some_and(|next| is_word(*next)) {
                    written.push_str(&blanks);
                }
            }
            c => written.push(c),
        }
    }
    Some(written)
}

fn break_line(written: &mut String, depth: usize) {
    written.push('\n');
    for _ in 0..depth.min(40) {
        written.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_is_put_in() {
        let sent = r#"{"z":1,"a":"x, {y}: \"q\\","a":[],"n":12345678901234567890123,"f":1.10,"o":{ },"l":[1,[2]]}"#;
        let shown = set_out(sent).unwrap();
        assert_eq!(
            shown,
            "{\n  \"z\": 1,\n  \"a\": \"x, {y}: \\\"q\\\\\",\n  \"a\": [],\n  \"n\": 12345678901234567890123,\n  \
             \"f\": 1.10,\n  \"o\": {},\n  \"l\": [\n    1,\n    [\n      2\n    ]\n  ]\n}"
        );
        assert_eq!(set_out(&shown).unwrap(), shown);
        assert_eq!(set_out(r#"[{"a":"cut he"#).unwrap(), "[\n  {\n    \"a\": \"cut he");
        assert_eq!(set_out("{ \"a\" : MY  TEXT \"b\" }").unwrap(), "{\n  \"a\": MY  TEXT \"b\"\n}");
        for text in ["", "a=b", "\"text\"", "<a>"] {
            assert_eq!(set_out(text), None, "{text}");
        }
    }
}
