//! Where requests carry credentials: what stands there is hidden, whether anybody knows it or not.

use axum::http::HeaderName;

use crate::core::{redact::MASK, token::KnownTokens};

/// A place where requests to a service carry a credential.
pub struct CredentialPlace {
    pub location: Location,
    /// What stands there in front of it: `Bearer `, or nothing.
    pub prefix: &'static str,
    /// The shell variable that stands for it in a command line: where `locum env` knows such a credential, its name.
    pub variable: &'static str,
}

/// A header or a parameter of the query, by its name in lower case.
pub enum Location {
    Header(&'static str),
    Parameter(&'static str),
}

/// Of all services together, because a client may send one service's credential to another's path, or to nobody's.
pub struct CredentialPlaces {
    headers: Vec<&'static str>,
    parameters: Vec<&'static str>,
    schemes: Vec<&'static str>,
}

impl CredentialPlaces {
    /// What every client of anything uses, and these.
    pub fn new(places: impl Iterator<Item = &'static CredentialPlace>) -> Self {
        let mut all = Self {
            headers: vec!["authorization", "proxy-authorization", "cookie", "set-cookie"],
            parameters: Vec::new(),
            schemes: vec!["basic", "bearer"],
        };
        for CredentialPlace { location, prefix, .. } in places {
            match location {
                Location::Header("authorization") => all.schemes.push(prefix.trim_end()),
                Location::Header(name) => all.headers.push(name),
                Location::Parameter(name) => all.parameters.push(name),
            }
        }
        all
    }

    /// Whether the header holds a credential, whatever else it holds. Also where its name is nearly right, because a
    /// misspelled name is no reason to show its secret.
    pub(super) fn is_header(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|header| is_nearly(name.as_str(), header))
    }

    /// The same of the query's parameter.
    pub(super) fn is_parameter(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| is_nearly(name, parameter))
    }

    /// Whether the word stands in front of a credential.
    pub(super) fn is_scheme(&self, word: &str) -> bool {
        self.schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(word))
    }

    /// A path or another text that may hold an address, with neither known tokens nor what is given to a parameter
    /// for credentials: a client that escapes a question mark has its query in the path. `None` when there is nothing
    /// to hide.
    pub(super) fn redact(&self, known: &KnownTokens<'_>, text: &str) -> Option<String> {
        let (mut redacted, mut done, mut found) = (String::new(), 0, false);
        let mut show = |part: &str| {
            let hidden = known.redact(part);
            found |= hidden.is_some();
            redacted.push_str(hidden.as_deref().unwrap_or(part));
        };
        let mut masks = false;
        for (start, end) in self.values(text) {
            show(&text[done..start]);
            let value = &text[start..end];
            show(if known.redact(value).is_some() { value } else { MASK });
            (done, masks) = (end, true);
        }
        show(&text[done..]);
        (found || masks).then_some(redacted)
    }

    /// Where the values of parameters for credentials begin and end, from left to right. None is empty.
    fn values(&self, text: &str) -> impl Iterator<Item = (usize, usize)> {
        let bytes = text.as_bytes();
        let is_end = move |at: &usize| b"/&;?# \",`\\".contains(&bytes[*at]) || bytes[*at..].starts_with(b"%26");
        let mut done = 0;
        text.match_indices(['=', '%']).filter_map(move |(at, _)| {
            // Within the last value nothing begins, and to look through it again for each sign in it takes too long.
            let equals = ["=", "%3d", "%3D"].into_iter().find(|equals| at >= done && text[at..].starts_with(equals))?;
            let start = at + equals.len();
            if !self.is_parameter(find_name(&text[..at])) {
                return None;
            }
            done = (start..text.len()).find(is_end).unwrap_or(text.len());
            (start < done).then_some((start, done))
        })
    }
}

/// Whether a name is another one but for a letter too many, too few, wrong or swapped, its case, and what parts its
/// words. What is less like it means something of its own, such as `open` beside `token`.
fn is_nearly(name: &str, other: &str) -> bool {
    let (length, length_of_other) = (letters(name).count(), letters(other).count());
    if length.abs_diff(length_of_other) > 1 {
        return false;
    }
    let before = letters(name).zip(letters(other)).take_while(|(a, b)| a == b).count();
    let most_behind = length.min(length_of_other) - before;
    let behind = letters(name).rev().zip(letters(other).rev()).take(most_behind).take_while(|(a, b)| a == b).count();
    match (length - before - behind, length_of_other - before - behind) {
        (0 | 1, 0 | 1) => true,
        (2, 2) => {
            let (mut name, mut other) = (letters(name).skip(before), letters(other).skip(before));
            let (first, second) = (name.next(), name.next());
            (other.next(), other.next()) == (second, first)
        }
        _ => false,
    }
}

/// What counts of a name. Nothing is allocated, because each header of each request is compared.
fn letters(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    name.bytes().filter(|b| !matches!(b, b'-' | b'_')).map(|b| b.to_ascii_lowercase())
}

/// The name that ends where the text does: of `/a%3Ftoken`, that is `token`.
fn find_name(text: &str) -> &str {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let name = &text[text.trim_end_matches(is_of_name).len()..];
    let is_behind_escape = text[..text.len() - name.len()].ends_with('%');
    if is_behind_escape { name.get(2..).unwrap_or_default() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::token::{HashCost, Keyring, PlainToken};

    const PLACE: CredentialPlace =
        CredentialPlace { location: Location::Parameter("token"), prefix: "", variable: "TOKEN" };

    #[test]
    fn values_of_credential_parameters_are_hidden_in_texts() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        keys.learn(keys.fingerprint(&PlainToken::new("demo-token")), "ann");
        let places = CredentialPlaces::new([&PLACE].into_iter());
        for (text, redacted) in [
            ("/report;token=guess/x", "/report;token=********/x"),
            ("/report%3FToken%3Dguess%26a=1", "/report%3FToken%3D********%26a=1"),
            ("http://a.test/?token=demo-token&b=2", "http://a.test/?token=[ann]&b=2"),
            ("/demo-token/token=guess", "/[ann]/token=********"),
            ("token=one&token=[two]", "token=********&token=********"),
            ("/x?tokne=a=b&TOKENS%3dguess", "/x?tokne=********&TOKENS%3d********"),
            ("/report%3ftoke%3Dguess%26a=1", "/report%3ftoke%3D********%26a=1"),
            ("%=1&%3=2&ü=3&token=guess", "%=1&%3=2&ü=3&token=********"),
        ] {
            assert_eq!(places.redact(&keys.known(), text).as_deref(), Some(redacted));
        }
        for text in ["/token", "/token/x=1", "/other-token=1", "/token=", "tokens?from=1", "?open=1", ""] {
            assert_eq!(places.redact(&keys.known(), text), None, "{text}");
        }
        // In time, however many there are.
        let masked = places.redact(&keys.known(), &"token=1&".repeat(4000)).unwrap();
        assert_eq!(masked.len(), "token=********&".len() * 4000);
        assert_eq!(places.redact(&keys.known(), &"token=".repeat(4000)).as_deref(), Some("token=********"));
    }

    #[test]
    fn names_a_letter_away_are_nearly_right() {
        for name in ["x-bill-key", "X-Bill-Keys", "XBillKey", "x_bill_kye", "bill-key", "x-bill-kay", "x-bill-kkey"] {
            assert!(is_nearly(name, "x-bill-key"), "{name}");
        }
        for name in ["x-bill-rev", "x-bill-ver", "x-bill-id", "x-bill-yke", "key", "-", ""] {
            assert!(!is_nearly(name, "x-bill-key"), "{name}");
        }
        for (name, nearly) in [("tokne", true), ("toke", true), ("ttoken", true), ("otken", true), ("tkoen", true)]
            .into_iter()
            .chain([("open", false), ("then", false), ("tokneX", false), ("ten", false), ("nekot", false)])
        {
            assert_eq!(is_nearly(name, "token"), nearly, "{name}");
        }
    }
}
