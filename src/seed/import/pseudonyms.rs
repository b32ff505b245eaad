//! Names in the place of names: the same for the same, and no way back without the key.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::organization::email_key;

/// Pseudonyms under a key. A hash without one could be guessed: whoever knows a company's addresses could hash them.
pub struct Pseudonyms {
    mac: Hmac<Sha256>,
    /// Numbers that were given out, and for what, because there are not many of them.
    numbers: HashMap<u32, i64>,
}

/// Nothing of the key.
impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms(…)")
    }
}

impl Pseudonyms {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub fn new(key: &[u8]) -> Self {
        Self { mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"), numbers: HashMap::new() }
    }

    fn hash(&self, kind: &str, text: &str) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// 12 hexadecimal digits for a text.
    pub fn word(&self, kind: &str, text: &str) -> String {
        hex::encode(&self.hash(kind, text)[..6])
    }

    /// `length` upper-case letters and digits.
    pub fn upper(&self, kind: &str, text: &str, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        self.hash(kind, text).iter().cycle().take(length).map(|b| char::from(LETTERS[usize::from(b % 32)])).collect()
    }

    pub fn uuid(&self, kind: &str, text: &str) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.hash(kind, text)[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// An address of a network that is nobody's.
    pub fn ip(&self, text: &str) -> String {
        let hash = self.hash("ip", text);
        format!("10.{}.{}.{}", hash[0], hash[1], hash[2])
    }

    /// A mail address; letter case does not matter.
    pub fn email(&self, email: &str) -> String {
        format!("user-{}@example.test", self.word("email", &email_key(email)))
    }

    /// A number of 9 digits, which no other number has.
    pub fn number(&mut self, kind: &str, number: i64) -> i64 {
        for attempt in 0_u32.. {
            let hash = self.hash(kind, &format!("{number}/{attempt}"));
            let drawn = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % 900_000_000 + 100_000_000;
            if *self.numbers.entry(drawn).or_insert(number) == number {
                return i64::from(drawn);
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_the_same_and_another_key_is_another() {
        let (mut a, b) = (Pseudonyms::new(b"a"), Pseudonyms::new(b"b"));
        assert_eq!(a.email("Ann@a.test"), a.email("ann@A.test"));
        assert_ne!(a.email("ann@a.test"), b.email("ann@a.test"));
        assert_ne!(a.word("label", "x"), a.word("host", "x"));
        assert_eq!(a.number("team", 7), a.number("team", 7));
        assert_ne!(a.number("team", 7), a.number("team", 8));
        assert_eq!(a.upper("id", "x", 10).len(), 10);
    }
}
