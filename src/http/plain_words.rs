//! A library's messages about JSON and queries, in the words of people who write neither Rust nor parsers.

use crate::core::suggest::suggest;

/// What is said of a text that is not JSON, or not the JSON that is expected. The place, `at line 1 column 5`, stays.
pub(crate) fn put_in_words(message: &str) -> String {
    let (message, place) = split_place(message);
    format!("{}{place}", describe(message))
}

/// Takes the place from the end of a message.
pub(crate) fn split_place(message: &str) -> (&str, &str) {
    message.rfind(" at line ").map_or((message, ""), |at| message.split_at(at))
}

fn describe(message: &str) -> String {
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("{name} is missing");
    }
    if message.starts_with("EOF while parsing") {
        return "the JSON ends too early".to_owned();
    }
    if let Some(name) = message.strip_prefix("duplicate field ") {
        return format!("{name} is there twice");
    }
    for (theirs, what) in [("unknown field ", "name"), ("unknown variant ", "word")] {
        if let Some((name, known)) = message.strip_prefix(theirs).and_then(|rest| rest.split_once(", ")) {
            let name = name.trim_matches('`');
            let known = known.split('`').skip(1).step_by(2);
            return format!("unknown {what} `{name}`{}", suggest(name, known));
        }
    }
    for theirs in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = message.strip_prefix(theirs).and_then(|rest| rest.rsplit_once(", expected ")) {
            return format!("expected {}, found {}", describe_expected(expected), describe_found(found));
        }
    }
    describe_other(message).to_owned()
}

fn describe_expected(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" => "a whole number",
        "u64" | "usize" => "a whole number from 0",
        "a string" | "string" => "a text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a map" => "an object",
        // A library says it of a type that has a name in Rust only.
        expected if expected.starts_with("struct ") => "an object",
        expected => expected,
    }
}

fn describe_found(found: &str) -> String {
    match found.split_once(' ') {
        Some(("string", text)) => format!("the text {text}"),
        Some(("integer", number)) => number.to_owned(),
        Some(("floating", number)) => number.trim_start_matches("point ").to_owned(),
        Some(("boolean", word)) => word.to_owned(),
        _ => match found {
            "map" => "an object".to_owned(),
            "sequence" => "a list".to_owned(),
            "unit value" => "null".to_owned(),
            found => found.to_owned(),
        },
    }
}

/// Whole messages.
fn describe_other(message: &str) -> &str {
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => "expected a whole number",
        "number too large to fit in target type" => "the number is too large",
        "number too small to fit in target type" => "the number is too small",
        "provided string was not `true` or `false`" => "expected true or false",
        "trailing characters" => "something stands behind the end of the JSON",
        "expected value" => "expected JSON: a value is missing, or a text has no quotes",
        "key must be a string" => "expected a name in quotes",
        "trailing comma" => "a comma stands before a bracket that closes",
        message => message,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Body {
        status: u16,
        name: Option<String>,
        list: Option<Vec<bool>>,
        map: Option<HashMap<String, String>>,
        below: Option<Box<Body>>,
    }

    #[test]
    fn no_word_of_the_library_is_left() {
        for (text, said) in [
            ("", "the JSON ends too early at line 1 column 0"),
            ("{", "the JSON ends too early at line 1 column 1"),
            ("{}", "`status` is missing at line 1 column 2"),
            (r#"{"status":1}x"#, "something stands behind the end of the JSON at line 1 column 13"),
            (r#"{"status":"a"}"#, "expected a whole number from 0 to 65535, found the text \"a\" at line 1 column 13"),
            (r#"{"status":-1}"#, "expected a whole number from 0 to 65535, found `-1` at line 1 column 12"),
            (r#"{"status":1.5}"#, "expected a whole number from 0 to 65535, found `1.5` at line 1 column 13"),
            (r#"{"status":1,"name":{}}"#, "expected a text, found an object at line 1 column 19"),
            (r#"{"status":1,"list":{}}"#, "expected a list, found an object at line 1 column 19"),
            (r#"{"status":1,"list":[1]}"#, "expected true or false, found `1` at line 1 column 21"),
            (r#"{"status":1,"map":[]}"#, "expected an object, found a list at line 1 column 18"),
            (r#"{"status":1,"below":true}"#, "expected an object, found `true` at line 1 column 24"),
            (r#"{"status":null}"#, "expected a whole number from 0 to 65535, found null at line 1 column 14"),
            (r#"{"status":1,"status":1}"#, "`status` is there twice at line 1 column 20"),
            (r#"{"sattus":1}"#, "unknown name `sattus`, did you mean `status`? at line 1 column 9"),
            (r#"{"status":1,}"#, "a comma stands before a bracket that closes at line 1 column 13"),
            ("{status:1}", "expected a name in quotes at line 1 column 2"),
            (r#"{"status":x}"#, "expected JSON: a value is missing, or a text has no quotes at line 1 column 11"),
        ] {
            assert_eq!(put_in_words(&serde_json::from_str::<Body>(text).unwrap_err().to_string()), said, "{text}");
        }
    }
}
