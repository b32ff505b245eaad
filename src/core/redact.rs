//! Keeps secrets out of what people read: finds tokens that Locum has given out, wherever and however somebody put
//! them.

use std::borrow::Cow;

use base64::{Engine as _, alphabet, engine};
use percent_encoding::percent_decode_str;

use crate::core::token::KnownTokens;

/// What stands in place of a secret that has no name.
pub const MASK: &str = "********";
/// What is shorter is an everyday word more often than a secret.
const SHORTEST: usize = 6;
/// What is longer is no token.
const LONGEST: usize = 1024;
/// How often something is decoded that was encoded more than once.
const LAYERS: usize = 3;

impl KnownTokens<'_> {
    /// The text, with `[label]` in place of every known token in it; `None` when there is none. Where one was encoded
    /// (as in a URL, in a JSON string, in Base64), what it was encoded with stands there decoded.
    pub fn redact(&self, text: &str) -> Option<String> {
        self.redact_layers(text, LAYERS)
    }

    fn redact_layers(&self, text: &str, layers: usize) -> Option<String> {
        let named = self.redact_named(text);
        let text = named.as_deref().unwrap_or(text);
        let plain = self.redact_plain(text);
        let text = plain.as_deref().unwrap_or(text);
        let encoded = if layers > 0 { self.redact_encoded(text, layers - 1) } else { None };
        encoded.or(plain).or(named)
    }

    /// Secrets that are known by heart are found in the middle of anything.
    fn redact_named(&self, text: &str) -> Option<String> {
        let (secret, label) = self.by_heart().filter(|(secret, _)| text.contains(secret))?;
        Some(text.replace(secret, &format!("[{label}]")))
    }

    fn redact_plain(&self, text: &str) -> Option<String> {
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

    /// Decodes what may be encoded, and looks in there.
    fn redact_encoded(&self, text: &str, layers: usize) -> Option<String> {
        let unwrapped = self.redact_wrapped(text, layers);
        let text = unwrapped.as_deref().unwrap_or(text);
        let mut edits = Edits { text, redacted: String::new(), done: 0 };
        for (start, whole) in pieces(text, ends_stretch) {
            let is_found = parts(whole).fold(false, |is_found, (at, part)| {
                let clean = decodings(part).filter(|decoded| !is_garbage(decoded));
                let found = { clean }.find_map(|decoded| self.redact_layers(&decoded, layers));
                found.is_some_and(|found| edits.replace(start + at, part, &found)) || is_found
            });
            if is_found {
                continue;
            }
            // What is no text may hold a secret all the same. Nobody could read what stands beside it.
            for (at, part) in parts(whole) {
                if decodings(part).any(|decoded| self.redact_layers(&decoded, layers).is_some()) {
                    edits.replace(start + at, part, MASK);
                }
            }
        }
        edits.finish().or(unwrapped)
    }

    /// Looks in Base64 of several lines.
    fn redact_wrapped(&self, text: &str, layers: usize) -> Option<String> {
        let mut edits = Edits { text, redacted: String::new(), done: 0 };
        for (start, block) in wrapped_blocks(text) {
            let decoded = decode_base64(&block.replace(['\r', '\n'], ""));
            if let Some(found) = decoded.and_then(|decoded| self.redact_layers(&decoded, layers)) {
                edits.replace(start, block, &found);
            }
        }
        edits.finish()
    }
}

/// A text in which some parts are replaced, one after the other.
struct Edits<'a> {
    text: &'a str,
    redacted: String,
    /// So much of the text is done.
    done: usize,
}

impl Edits<'_> {
    /// Whether it was replaced: not where an earlier part reaches over it.
    fn replace(&mut self, start: usize, part: &str, by: &str) -> bool {
        if start < self.done {
            return false;
        }
        self.redacted.push_str(&self.text[self.done..start]);
        self.redacted.push_str(by);
        self.done = start + part.len();
        true
    }

    fn finish(self) -> Option<String> {
        (self.done > 0).then(|| self.redacted + &self.text[self.done..])
    }
}

/// Whether nobody wrote this: it is something else that was decoded as if it were Base64.
fn is_garbage(decoded: &str) -> bool {
    decoded.contains(|c: char| c == char::REPLACEMENT_CHARACTER || c.is_control() && !c.is_whitespace())
}

/// What may be encoded as a whole stands between blanks, quotes and the like.
fn ends_stretch(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`<>(){}[],;&?#:|".contains(c)
}

/// What of a stretch may be encoded by itself, and where it begins: the whole, what stands behind its first `=`, what is
/// between characters that Base64 does not have, and that in parts where it is a path or an assignment. The larger
/// before the smaller, because Base64 has the characters of these too.
fn parts(whole: &str) -> impl Iterator<Item = (usize, &str)> {
    let behind = whole.find('=').map(|at| (at + 1, &whole[at + 1..]));
    let runs = pieces(whole, |c| !is_base64(c)).flat_map(|(start, run)| {
        let smaller = pieces(run, |c| "/=".contains(c)).filter(|(_, part)| part.len() < run.len());
        let smaller = smaller.map(move |(at, part)| (start + at, part));
        std::iter::once((start, run)).chain(smaller)
    });
    let runs = runs.filter(|(_, part)| part.len() < whole.len());
    std::iter::once((0, whole)).chain(behind).chain(runs)
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/-_=".contains(c)
}

/// Base64 that is written in several lines, and where it begins.
fn wrapped_blocks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let blocks = text.contains('\n').then(|| pieces(text, |c| !is_base64(c) && !"\r\n".contains(c)));
    blocks.into_iter().flatten().filter_map(|(start, block)| {
        let begin = block.len() - block.trim_start().len();
        let block = block.trim();
        block.contains('\n').then_some((start + begin, block))
    })
}

/// What stands between characters, and where it begins.
fn pieces(text: &str, ends: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let start = move |piece: &str| piece.as_ptr().addr() - text.as_ptr().addr();
    text.split(ends).filter(|piece| !piece.is_empty()).map(move |piece| (start(piece), piece))
}

/// What a stretch says, by each encoding that it may be in.
fn decodings(stretch: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let by_url = stretch.contains('%').then(|| percent_decode_str(stretch).decode_utf8_lossy());
    let by_json = || {
        let text = stretch.contains('\\').then(|| format!("\"{}\"", stretch.trim_end_matches('\\')))?;
        serde_json::from_str::<String>(&text).ok().map(Cow::Owned)
    };
    let by_base64 = || decode_base64(stretch).map(Cow::Owned);
    by_url.into_iter().chain(std::iter::once_with(by_json).flatten()).chain(std::iter::once_with(by_base64).flatten())
}

/// By either alphabet, with or without its end. What is no text between is of no interest.
fn decode_base64(stretch: &str) -> Option<String> {
    const ANY_PADDING: engine::GeneralPurposeConfig = engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
    let alphabet = if stretch.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    if stretch.len() < SHORTEST {
        return None;
    }
    let bytes = engine::GeneralPurpose::new(alphabet, ANY_PADDING).decode(stretch).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
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
            ("/orgs/%64emo%2Dtoken/x", "/orgs/[ann]/x"),
            ("/orgs/%2564emo-token", "/orgs/[ann]"),
            ("?q=a%20b%2Fc%20d", "?q=[odd]"),
            (r#"{"a":"\u0064emo\u002Dtoken"}"#, r#"{"a":"[ann]"}"#),
            ("Basic YW5uOmRlbW8tdG9rZW4=", "Basic ann:[ann]"),
            ("ZGVtby10b2tlbg", "[ann]"),
            ("a=ZGVtby10b2tlbg==&b=1", "a=[ann]&b=1"),
            (r#"{"a":"WkdWdGJ5MTBiMnRsYmc9PQ=="}"#, r#"{"a":"[ann]"}"#),
            ("/x/ZGVtby10b2tlbg%3D%3D", "/x/[ann]=="),
            ("/x/zz-dot/ZGVtby10b2tlbg.json", "/x/zz-dot/[ann].json"),
            ("http://u:ZGVtby10b2tlbg==@h/", "http://u:[ann]@h/"),
            ("http://h/ZGVtby10b2tlbg", "http://h/[ann]"),
            (r#"{"u":"http://h/ZGVtby10b2tlbg=="}"#, r#"{"u":"http://h/[ann]=="}"#),
            // The middle of it is `{"token":"demo-token"}`.
            ("eyJhbGci.eyJ0b2tlbiI6ImRlbW8tdG9rZW4ifQ.sig", r#"eyJhbGci.{"token":"[ann]"}.sig"#),
            ("there is no credential `ZGVtby10b2tlbg`", "there is no credential `[ann]`"),
            ("ZGVtby10\r\nb2tlbg==\r\n", "[ann]\r\n"),
            (r#"{"a":"ZGVtby10\nb2tlbg=="}"#, r#"{"a":"[ann]"}"#),
            // A byte that is no text, and the token.
            ("x=/2RlbW8tdG9rZW4g", "x=********"),
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
