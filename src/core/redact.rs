//! Keeps secrets out of what people read: finds tokens that Locum has given out, wherever and however somebody put
//! them.

use std::{borrow::Cow, cell::Cell, ops::Range};

use percent_encoding::percent_decode_str;

use crate::core::{
    base64_run::{Reading, Run},
    token::KnownTokens,
};

/// What stands in place of a secret that has no name.
pub const MASK: &str = "********";
/// What is shorter is an everyday word more often than a secret.
const SHORTEST: usize = 6;
/// What is longer is no token.
const LONGEST: usize = 1024;
/// How often something is decoded that was encoded more than once.
const LAYERS: usize = 3;
/// How much is searched for one text, in blocks of a fingerprint's hash. Several times what 64 KiB of addresses and ids
/// take; bounded because a text can be written so that nearly everything in it may be a token, or encode one.
const MOST_BLOCKS: usize = 250_000;

impl KnownTokens<'_> {
    /// The text, with `[label]` in place of every known token in it; `None` when there is none. Where one was encoded
    /// (as in a URL, in a JSON string, in Base64), what it was encoded with stands there decoded. A text that takes too
    /// long to search is hidden as a whole.
    pub fn redact(&self, text: &str) -> Option<String> {
        self.search_once(text, || {
            let by_heart = self.by_heart().map_or(SHORTEST, |(secret, _)| secret.len());
            let shortest = SHORTEST.min(by_heart).max(1);
            let search = Search { known: self, shortest, left: Cell::new(MOST_BLOCKS) };
            let redacted = search.redact_layers(text, LAYERS);
            if search.is_too_long() { Some(MASK.to_owned()) } else { redacted }
        })
    }
}

/// The search of one text.
struct Search<'a> {
    known: &'a KnownTokens<'a>,
    /// How many bytes the shortest secret has.
    shortest: usize,
    /// How much more may be searched.
    left: Cell<usize>,
}

impl Search<'_> {
    /// Counts what is about to be searched.
    fn count(&self, text: &str) {
        /// What SHA-256 takes at a time.
        const BLOCK: usize = 64;
        self.left.set(self.left.get().saturating_sub(1 + text.len() / BLOCK));
    }

    fn is_too_long(&self) -> bool {
        self.left.get() == 0
    }

    fn redact_layers(&self, text: &str, layers: usize) -> Option<String> {
        if text.len() < self.shortest || self.is_too_long() {
            return None;
        }
        let unencoded = self.redact_unencoded(text);
        let Some(layers) = layers.checked_sub(1) else { return unencoded };
        let text = unencoded.as_deref().unwrap_or(text);
        let unescaped = self.redact_escaped(text, layers);
        let text = unescaped.as_deref().unwrap_or(text);
        self.redact_base64(text, layers).or(unescaped).or(unencoded)
    }

    fn redact_unencoded(&self, text: &str) -> Option<String> {
        self.count(text);
        if text.len() < self.shortest {
            return None;
        }
        let named = self.redact_named(text);
        self.redact_plain(named.as_deref().unwrap_or(text)).or(named)
    }

    /// Secrets that are known by heart are found in the middle of anything.
    fn redact_named(&self, text: &str) -> Option<String> {
        let (secret, label) = self.known.by_heart().filter(|(secret, _)| text.contains(secret))?;
        Some(text.replace(secret, &format!("[{label}]")))
    }

    fn redact_plain(&self, text: &str) -> Option<String> {
        // A token can be anything, a blank and a slash in it included, when it stands alone.
        let is_one_word = words(text).any(|(_, word)| word.len() == text.len());
        if !is_one_word && let Some(label) = self.label(text) {
            return Some(label);
        }
        let mut edited = Edits::of(text);
        for (start, word) in words(text) {
            for (at, candidate) in candidates(word) {
                if self.is_too_long() {
                    return None;
                }
                if start + at >= edited.done
                    && let Some(label) = self.label(candidate)
                {
                    edited.replace(start + at..start + at + candidate.len(), &label);
                }
            }
        }
        edited.finish()
    }

    /// What stands in place of a word, if it is a token.
    fn label(&self, word: &str) -> Option<String> {
        if !(SHORTEST..=LONGEST).contains(&word.len()) {
            return None;
        }
        self.count(word);
        self.known.label(word).map(|label| format!("[{label}]"))
    }

    /// Looks for tokens behind escapes.
    fn redact_escaped(&self, text: &str, layers: usize) -> Option<String> {
        let mut edited = Edits::of(text);
        for (start, stretch) in stretches(text) {
            if start < edited.done {
                continue;
            }
            let found =
                unescape(stretch).find_map(|(decoded, length)| Some((self.redact_layers(&decoded, layers)?, length)));
            if let Some((found, length)) = found {
                edited.replace(start..start + length, &found);
            }
        }
        edited.finish()
    }

    /// Looks for tokens in Base64, and leaves what stands beside them.
    fn redact_base64(&self, text: &str, layers: usize) -> Option<String> {
        let mut all: Vec<Reading> = Vec::new();
        let mut find = |reading: Reading, redact: &dyn Fn(&str) -> Option<String>| {
            let Reading { said, place } = reading;
            let is_done = all.iter().any(|it| it.place.start < place.end && place.start < it.place.end);
            if let Some(said) = if is_done { None } else { redact(&said) } {
                all.push(Reading { said, place });
            }
        };
        for run in Run::find_all(text) {
            run.read_between_bounds().for_each(|reading| find(reading, &|said| self.redact_unencoded(said)));
            run.read_anywhere(self.shortest)
                .for_each(|reading| find(reading, &|said| self.redact_layers(said, layers)));
        }
        all.sort_unstable_by_key(|found| found.place.start);
        let mut edited = Edits::of(text);
        for Reading { said, place } in all {
            edited.replace(place, &said);
        }
        edited.finish()
    }
}

/// A text of which parts are replaced, from the left to the right.
struct Edits<'a> {
    text: &'a str,
    edited: String,
    /// How much of the text is in `edited`.
    done: usize,
}

impl<'a> Edits<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, edited: String::new(), done: 0 }
    }

    fn replace(&mut self, place: Range<usize>, with: &str) {
        self.edited.push_str(&self.text[self.done..place.start]);
        self.edited.push_str(with);
        self.done = place.end;
    }

    /// The edited text; `None` when nothing was replaced.
    fn finish(self) -> Option<String> {
        (self.done > 0).then(|| self.edited + &self.text[self.done..])
    }
}

/// What may be escaped as a whole, and where it begins: what stands between blanks, quotes and the like; and, where
/// that is a path or an assignment, each part of it.
fn stretches(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'<>(){}[],;&?#:|".contains(c);
    pieces(text, ends).flat_map(|(start, whole)| {
        let parts = pieces(whole, |c| "/=".contains(c)).filter(move |(_, part)| part.len() < whole.len());
        let behind = whole.find('=').map(|at| (at + 1, &whole[at + 1..]));
        let all = std::iter::once((0, whole)).chain(behind).chain(parts);
        all.map(move |(at, part)| (start + at, part))
    })
}

/// What stands between characters, and where it begins.
fn pieces(text: &str, ends: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let start = move |piece: &str| piece.as_ptr().addr() - text.as_ptr().addr();
    text.split(ends).filter(|piece| !piece.is_empty()).map(move |piece| (start(piece), piece))
}

/// What a stretch says without its escapes, as in a URL and as in a JSON string, and how much of it says that.
fn unescape(stretch: &str) -> impl Iterator<Item = (Cow<'_, str>, usize)> {
    let by_url = stretch.contains('%').then(|| (percent_decode_str(stretch).decode_utf8_lossy(), stretch.len()));
    let by_json = || {
        // A quote that was escaped itself has left its backslash.
        let text = stretch.trim_end_matches('\\');
        let text_in_quotes = text.contains('\\').then(|| format!("\"{text}\""))?;
        let said = serde_json::from_str::<String>(&text_in_quotes).ok()?;
        Some((Cow::Owned(said), text.len()))
    };
    by_url.into_iter().chain(std::iter::once_with(by_json).flatten())
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

/// What of a word may be a token, and where it begins: the word, and what stands between two of the characters that
/// join words, from the left to the right and the longer before the shorter. Each costs a fingerprint, so there are no
/// more than can be in a token and beside it.
fn candidates<'a>(word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    const MOST_ENDS: usize = 24;
    let joins = |text: &'a str| text.match_indices(['=', '+', '.', '~', '_', '-']).map(|(at, _)| at);
    let starts = std::iter::once(0).chain(joins(word).map(|at| at + 1));
    starts.flat_map(move |start| {
        let rest = &word[start..];
        let near: Vec<usize> = joins(rest).take(MOST_ENDS).collect();
        let ends = std::iter::once(rest.len()).chain(near.into_iter().rev());
        ends.map(move |end| (start, &rest[..end]))
    })
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        prelude::{
            BASE64_STANDARD as STANDARD, BASE64_URL_SAFE as URL_SAFE, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD,
        },
    };

    use super::*;
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
            ("/demo-token.json", "/[ann].json"),
            ("eyJh.demo-token.sig", "eyJh.[ann].sig"),
            ("x-demo-token_2~ey.J9.x_y", "x-[ann]_2~[jwt]"),
            ("demo-token.demo-token+demo-token", "[ann].[ann]+[ann]"),
            ("/x/zz-dot/ZGVtby10b2tlbg.json", "/x/zz-dot/[ann].json"),
            ("ZGVtby10\r\nb2tlbg==\r\n", "[ann]\r\n"),
            (r#"{"a":"ZGVtby10\nb2tlbg=="}"#, r#"{"a":"[ann]"}"#),
            // A byte that is no text, and the token.
            ("x=/2RlbW8tdG9rZW4g", "x=/[ann] "),
            ("x=a+demo-token&y=%40demo-token%40", "x=a+[ann]&y=%40[ann]%40"),
            ("ä demo-token ü", "ä [ann] ü"),
            ("/orgs/%64emo%2Dtoken/x", "/orgs/[ann]/x"),
            ("/orgs/%2564emo-token", "/orgs/[ann]"),
            ("?q=a%20b%2Fc%20d", "?q=[odd]"),
            (r#"{"a":"\u0064emo\u002Dtoken"}"#, r#"{"a":"[ann]"}"#),
            ("Basic YW5uOmRlbW8tdG9rZW4=", "Basic ann:[ann]"),
            ("ZGVtby10b2tlbg", "[ann]"),
            ("a=ZGVtby10b2tlbg==&b=1", "a=[ann]&b=1"),
            (r#"{"a":"WkdWdGJ5MTBiMnRsYmc9PQ=="}"#, r#"{"a":"[ann]"}"#),
            ("/x/ZGVtby10b2tlbg%3D%3D", "/x/[ann]"),
            (r#"{\"a\":\"\u0064emo-token\"}"#, r#"{\"a\":\"[ann]\"}"#),
        ] {
            assert_eq!(keys.known().redact(text).as_deref(), Some(redacted));
        }
        for text in
            ["", "demo", "demo-tokens", "Demo-Token", "/api/v1/token?x=1", "ü=ä", "%64emo", r"\u0064\", "ZGVtbw=="]
        {
            assert_eq!(keys.known().redact(text), None, "{text}");
        }
    }

    #[test]
    fn base64_is_found_beside_anything_and_nothing_beside_it_is_hidden() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        // Their lengths leave no byte over, one and two, and some have the signs of the alphabets in their Base64.
        let tokens = ["demo-token12", "demo-vault-token", "demo-token1", "a b/c d", "~~?demo~~?to~~ken", "ä>>ö?-token"];
        for token in tokens {
            keys.learn(keys.fingerprint(&PlainToken::new(token)), "it");
        }
        for token in tokens {
            let (standard, url_safe) = (STANDARD.encode(token), URL_SAFE.encode(token));
            for encoded in [&standard, standard.trim_end_matches('='), &url_safe, url_safe.trim_end_matches('=')] {
                for (before, behind) in [
                    ("", ""),
                    ("/public-api/x/", ".json"),
                    ("http://u:", "@h/"),
                    ("http://h/", "/x"),
                    ("http://h/a+b/", "+c/d"),
                    ("x-", "-y"),
                    ("abc_", "_def"),
                    ("there is no credential `", "`"),
                    ("a~", "~b"),
                    ("a=", "&b=1"),
                    ("one\n", "\ntwo"),
                    (r#"{"u":"http://h/"#, r#""}"#),
                    ("ü", "ü"),
                    ("$", "!"),
                    ("*", "^"),
                ] {
                    let text = format!("{before}{encoded}{behind}");
                    let expected = format!("{before}[it]{behind}");
                    assert_eq!(keys.known().redact(&text).as_deref(), Some(&*expected), "{text}");
                }
            }
            for line_break in ["\n", "\r\n", "\n  \t"] {
                let (first, second) = standard.split_at(7);
                let text = format!("one {first}{line_break}{second} two");
                assert_eq!(keys.known().redact(&text).as_deref(), Some("one [it] two"), "{text}");
            }
            let (first, second) = standard.split_at(7);
            let text = format!(r#"{{"a":"{first}\r\n{second}"}}"#);
            assert_eq!(keys.known().redact(&text).as_deref(), Some(r#"{"a":"[it]"}"#), "{text}");
        }
        let claims = URL_SAFE_NO_PAD.encode(r#"{"token":"demo-vault-token"}"#);
        let jwt = format!("eyJhbGciOiJub25lIn0.{claims}.sig-_nature");
        let expected = r#"eyJhbGciOiJub25lIn0.{"token":"[it]"}.sig-_nature"#;
        assert_eq!(keys.known().redact(&jwt).as_deref(), Some(expected));
        let twice = format!("x/{}.y", STANDARD.encode(format!("a {}.b", STANDARD.encode("demo-vault-token"))));
        assert_eq!(keys.known().redact(&twice).as_deref(), Some("x/a [it].b.y"));
        let in_bytes = STANDARD.encode(b"\x00\xff\x10demo-vault-token\x00\x01");
        let redacted = keys.known().redact(&in_bytes).unwrap();
        assert_eq!(redacted.replace("[it]", &in_bytes[4..26]), in_bytes, "{redacted}");
    }

    #[test]
    fn texts_that_take_too_long_are_hidden_and_those_of_every_day_are_not() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        let fill = |part: &str| part.repeat((64 << 10) / part.len());
        for part in ["a-", "Pj4+", "YWJjPj4+", "abcdefg.", "VUdwMEsxQnFOQ3M9"] {
            assert_eq!(keys.known().redact(&fill(part)).as_deref(), Some(MASK), "{part}");
        }
        for part in [
            r#"{"id":"5f3b1c9e-7d2a-4e1b-9c3d-0a1b2c3d4e5f","name":"ann","at":"2026-01-01T09:00:00.000Z"},"#,
            r#"{\"id\":\"5f3b1c9e-7d2a-4e1b-9c3d-0a1b2c3d4e5f\",\"url\":\"https:\/\/a.example.test\/b-c\"}"#,
            "https://a.example.test/admin/api-access/v1/orgs/5f3b1c9e-7d2a-4e1b-9c3d-0a1b2c3d4e5f/api-tokens?a=b ",
            "Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod tempor incidunt. ",
            "JVBERi0xLjQKJeLjz9MKMyAwIG9iago8PC9MZW5ndGggNCAwIFIvRmlsdGVyL0ZsYXRlRGVjb2RlPj4Kc3RyZWFtCnicK+Qy",
            "aaaaaaaa\n",
            "/",
            "a/",
            "%25",
            r"\u0041",
        ] {
            let known = keys.known();
            let search = Search { known: &known, shortest: SHORTEST, left: Cell::new(MOST_BLOCKS) };
            assert_eq!(search.redact_layers(&fill(part), LAYERS), None, "{part}");
            assert!(search.left.get() > MOST_BLOCKS / 2, "{part}: {:?}", search.left);
        }
    }

    #[test]
    fn a_token_is_found_where_it_was_looked_for_before_it_was_one() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        for _ in 0..2 {
            assert_eq!(keys.known().redact("/x/demo-token"), None);
        }
        keys.learn(keys.fingerprint(&PlainToken::new("demo-token")), "ann");
        assert_eq!(keys.known().redact("/x/demo-token").as_deref(), Some("/x/[ann]"));
        assert_eq!(keys.known().redact("/x/open sesame"), None);
        let keys = keys.with_secret("open sesame".into(), "control token");
        assert_eq!(keys.known().redact("/x/open sesame").as_deref(), Some("/x/[control token]"));
    }

    #[test]
    fn a_secret_that_is_known_by_heart_is_found_in_the_middle_of_anything() {
        let keys = Keyring::new(b"key", HashCost::Minimal).with_secret("open sesame".into(), "control token");
        for (text, redacted) in [
            ("xopen sesamey", "x[control token]y"),
            ("/%6Fpen%20sesame/x", "/[control token]/x"),
            ("b3BlbiBzZXNhbWU=", "[control token]"),
        ] {
            assert_eq!(keys.known().redact(text).as_deref(), Some(redacted));
        }
    }
}
