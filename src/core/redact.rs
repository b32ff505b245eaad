//! Keeps secrets out of what people read: finds tokens that Locum has given out, wherever somebody put them.

use crate::core::token::KnownTokens;

/// What stands in place of a secret that has no name.
pub const MASK: &str = "********";
/// What is shorter is an everyday word more often than a secret.
const SHORTEST: usize = 6;
/// What is longer is no token.
const LONGEST: usize = 1024;

impl KnownTokens<'_> {
    /// The text, with `[label]` in place of every known token in it; `None` when there is none.
    pub fn redact(&self, text: &str) -> Option<String> {
        let label = |word: &str| {
            let fits = (SHORTEST..=LONGEST).contains(&word.len());
            let known = if fits { self.label(word) } else { None };
            known.map(|label| format!("[{label}]"))
        };
        // A token can be anything, a blank and a slash in it included, when it stands alone.
        let is_one_word = words(text).any(|(_, word)| word.len() == text.len());
        if !is_one_word && let Some(label) = label(text) {
            return Some(label);
        }
        let (mut redacted, mut done) = (String::new(), 0);
        for (start, word) in words(text) {
            let known = candidates(word).find_map(|(at, candidate)| Some((at, candidate.len(), label(candidate)?)));
            if let Some((at, length, label)) = known {
                redacted.push_str(&text[done..start + at]);
                redacted.push_str(&label);
                done = start + at + length;
            }
        }
        (done > 0).then(|| redacted + &text[done..])
    }
}

/// The words of a text, and where each begins. What `%20` and the like stand for ends a word.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+' | '=');
    text.split_inclusive(move |c| !is_of_word(c)).scan((0, false), move |(end, is_escaped), piece| {
        let (start, word) = (*end, piece.trim_end_matches(|c| !is_of_word(c)));
        let code = word.as_bytes().get(..2).filter(|code| *is_escaped && code.iter().all(u8::is_ascii_hexdigit));
        let skipped = code.map_or(0, <[u8]>::len);
        *end += piece.len();
        *is_escaped = piece.ends_with('%');
        Some((start + skipped, &word[skipped..]))
    })
}

/// What of a word may be a token, and where it begins: the word, what stands behind a `=` or `+` in it, what stands
/// between two; each also without a full stop at its end.
fn candidates(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let joins = ['=', '+'];
    let behind = word.match_indices(joins).map(|(at, _)| at + 1);
    let tails = std::iter::once(0).chain(behind).map(move |at| (at, &word[at..]));
    tails.flat_map(move |(at, tail)| {
        let piece = tail.split(joins).next().unwrap_or_default();
        // Each costs a fingerprint, so none is taken twice.
        let shorter = [tail.trim_end_matches('.'), piece].into_iter().filter(|part| part.len() < tail.len());
        std::iter::once(tail).chain(shorter).map(move |candidate| (at, candidate))
    })
}

#[cfg(test)]
mod tests {
    use crate::core::token::{HashCost, Keyring, PlainToken};

    #[test]
    fn known_tokens_are_found_wherever_they_stand() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        for (token, label) in
            [("demo-token", "ann"), ("ATCTT3x=AB12", "full"), ("a b/c d", "odd"), ("ey.J9.x_y", "jwt")]
        {
            keys.learn(keys.fingerprint(&PlainToken::new(token)), label);
        }
        for (text, redacted) in [
            ("demo-token", "[ann]"),
            ("Bearer demo-token", "Bearer [ann]"),
            ("/orgs/demo-token/x?q=demo-token&k=ATCTT3x=AB12", "/orgs/[ann]/x?q=[ann]&k=[full]"),
            ("a b/c d", "[odd]"),
            (r#"{"a":"demo-token","b":["ey.J9.x_y"]}"#, r#"{"a":"[ann]","b":["[jwt]"]}"#),
            ("it was demo-token.", "it was [ann]."),
            ("demo-token=1", "[ann]=1"),
            ("x=a+demo-token&y=%40demo-token%40", "x=a+[ann]&y=%40[ann]%40"),
            ("ä demo-token ü", "ä [ann] ü"),
        ] {
            assert_eq!(keys.known().redact(text).as_deref(), Some(redacted));
        }
        for text in ["", "demo", "demo-tokens", "Demo-Token", "/api/v1/token?x=1", "ü=ä"] {
            assert_eq!(keys.known().redact(text), None, "{text}");
        }
    }
}
