//! Secrets: what a client sends, and the two things we keep of it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::token_hashes::TokenHashes;

/// A token as its owner holds it. Cannot be printed.
#[derive(Clone)]
pub struct PlainToken(SecretString);

impl PlainToken {
    /// Takes a token in.
    pub fn new(token: impl Into<String>) -> Self {
        Self(SecretString::from(token.into()))
    }

    /// Gives the token away: for the one answer that shows it, and for hashing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

/// HMAC-SHA-256 of a token under the server's key: finds a credential, proves nothing without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// 64 hexadecimal digits, the form in which the store keeps it.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// The inverse of [`Fingerprint::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

/// An argon2id PHC string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenHash(pub String);

/// What hashing a token may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashCost {
    /// For a store that dies with the process: nobody can take the hashes home.
    Minimal,
    /// OWASP's parameters (19 MiB, two passes), for a store that outlives the process.
    Owasp,
}

/// Makes and checks what we keep of tokens. Holds the server's key.
#[derive(Clone)]
pub struct Keyring {
    mac: Hmac<Sha256>,
    argon2: Argon2<'static>,
    given_out: Arc<RwLock<GivenOut>>,
    hashes: Arc<TokenHashes>,
    /// A secret that is known itself, and what it is called.
    by_heart: Option<(SecretString, &'static str)>,
}

/// The tokens that were given out. One that is dead stays a secret.
#[derive(Default)]
struct GivenOut {
    /// What its owner calls each.
    labels: HashMap<Fingerprint, Arc<str>>,
    /// Hashes of texts in which none of them is: clients send the same headers and paths again and again, and to search
    /// one takes as long as much of the rest of a request.
    harmless: Mutex<HashSet<u64>>,
    /// Keyed by chance, so that nobody can make a text that passes for another.
    hasher: RandomState,
}

impl Keyring {
    /// A keyring under `key`.
    ///
    /// # Panics
    /// Never: keys of any length are taken, and the parameters are constants.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length, and the parameters are constants")]
    pub fn new(key: &[u8], cost: HashCost) -> Self {
        let params = match cost {
            HashCost::Minimal => Params::new(Params::MIN_M_COST, 1, 1, None),
            HashCost::Owasp => Params::new(19_456, 2, 1, None),
        };
        Self {
            mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params.expect("constant parameters")),
            given_out: Arc::default(),
            hashes: Arc::default(),
            by_heart: None,
        }
    }

    /// The same, with a secret of Locum's own that [`KnownTokens::redact`] finds.
    #[must_use]
    pub fn with_secret(self, secret: SecretString, label: &'static str) -> Self {
        self.given_out.write().harmless = Mutex::default();
        Self { by_heart: Some((secret, label)), ..self }
    }

    /// The index entry of `token`.
    pub fn fingerprint(&self, token: &PlainToken) -> Fingerprint {
        self.digest(token.expose().as_bytes())
    }

    /// Recognises the key itself, so that a store can refuse one that is not its own.
    pub fn check_value(&self) -> String {
        self.digest(b"locum server key").to_hex()
    }

    /// From here on, the token of this fingerprint is a secret that [`KnownTokens::redact`] finds.
    pub fn learn(&self, fingerprint: Fingerprint, label: &str) {
        // What was searched for it need not be searched again.
        if self.given_out.read().labels.get(&fingerprint).is_some_and(|known| **known == *label) {
            return;
        }
        let mut given_out = self.given_out.write();
        given_out.labels.insert(fingerprint, label.into());
        given_out.harmless.get_mut().clear();
    }

    /// The tokens that were given out so far. None is added while this is held.
    pub fn known(&self) -> KnownTokens<'_> {
        KnownTokens { keyring: self, given_out: self.given_out.read() }
    }

    /// A key of its own for what is sealed. No token has a NUL, so it is no token's fingerprint.
    pub(super) fn sealing_key(&self) -> [u8; 32] {
        self.digest(b"key of what is sealed\0").0
    }

    fn digest(&self, bytes: &[u8]) -> Fingerprint {
        let mut mac = self.mac.clone();
        mac.update(bytes);
        Fingerprint(mac.finalize().into_bytes().into())
    }

    pub(super) fn hashes(&self) -> &TokenHashes {
        &self.hashes
    }

    /// Hashes `token`, always to the same, because a reset is to find what the start made. The salt is one's own for
    /// each token, and nobody can tell it without the key. Slow on purpose: belongs on the blocking pool.
    ///
    /// # Errors
    /// What argon2 says; not expected with a salt of this length.
    pub(super) fn hash(&self, token: &PlainToken) -> Result<TokenHash, argon2::password_hash::Error> {
        let mut mac = self.mac.clone();
        mac.update(b"salt of a token\0");
        mac.update(token.expose().as_bytes());
        let digest = mac.finalize().into_bytes();
        let salt: [u8; 16] = std::array::from_fn(|at| digest[at]);
        let hash = self.argon2.hash_password_with_salt(token.expose().as_bytes(), &salt)?;
        Ok(TokenHash(hash.to_string()))
    }

    /// Whether `token` is the one `hash` was made of. Slow on purpose: belongs on the blocking pool.
    pub(super) fn verify(&self, token: &PlainToken, hash: &TokenHash) -> bool {
        PasswordHash::new(&hash.0)
            .is_ok_and(|parsed| self.argon2.verify_password(token.expose().as_bytes(), &parsed).is_ok())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

/// See [`Keyring::known`].
pub struct KnownTokens<'a> {
    keyring: &'a Keyring,
    given_out: RwLockReadGuard<'a, GivenOut>,
}

impl KnownTokens<'_> {
    /// The secret that is known itself, and what it is called.
    pub(super) fn by_heart(&self) -> Option<(&str, &'static str)> {
        self.keyring.by_heart.as_ref().map(|(secret, label)| (secret.expose_secret(), *label))
    }

    /// What people call a token.
    pub fn label(&self, token: &str) -> Option<&str> {
        self.label_of(self.keyring.digest(token.as_bytes()))
    }

    /// The same for the token of a fingerprint.
    pub fn label_of(&self, fingerprint: Fingerprint) -> Option<&str> {
        self.given_out.labels.get(&fingerprint).map(AsRef::as_ref)
    }

    /// Returns what `search` finds in the text, and searches no text again in which it has found nothing.
    pub(super) fn search_once(&self, text: &str, search: impl FnOnce() -> Option<String>) -> Option<String> {
        /// More are forgotten, all at once: those that are sent again are soon known again.
        const MOST: usize = 8192;
        let hash = self.given_out.hasher.hash_one(text);
        if self.given_out.harmless.lock().contains(&hash) {
            return None;
        }
        let found = search();
        if found.is_none() {
            let mut harmless = self.given_out.harmless.lock();
            if harmless.len() >= MOST {
                harmless.clear();
            }
            harmless.insert(hash);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_token_only() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        let hash = keys.hash(&PlainToken::new("one")).unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$"), "{}", hash.0);
        assert!(keys.verify(&PlainToken::new("one"), &hash));
        assert!(!keys.verify(&PlainToken::new("two"), &hash));
        assert!(!keys.verify(&PlainToken::new("one"), &TokenHash("nonsense".into())));
    }

    #[test]
    fn a_fingerprint_depends_on_the_key() {
        let token = PlainToken::new("one");
        let print = |key: &[u8]| Keyring::new(key, HashCost::Minimal).fingerprint(&token).to_hex();
        assert_eq!(print(b"a"), print(b"a"));
        assert_ne!(print(b"a"), print(b"b"));
        assert_eq!(print(b"a").len(), 64);
    }

    #[test]
    fn nothing_prints_a_secret() {
        let keys = Keyring::new(b"key", HashCost::Minimal);
        let printed = format!("{:?} {keys:?}", PlainToken::new("hunter2"));
        assert!(!printed.contains("hunter2") && !printed.contains("key"), "{printed}");
    }
}
