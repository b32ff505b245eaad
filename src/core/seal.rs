//! What is kept under the server's key and is to be read again: ChaCha20-Poly1305, as text.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{error::Error, ids::random_bytes, token::Keyring};

impl Keyring {
    /// Seals a text for its `place`: elsewhere it cannot be opened.
    ///
    /// # Errors
    /// Not expected.
    pub fn seal(&self, place: &str, text: &str) -> Result<String, Error> {
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut sealed = text.as_bytes().to_vec();
        let aad = Aad::from(place.as_bytes());
        self.cipher()?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).map_err(wrap)?;
        Ok(BASE64.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what [`Self::seal`] has sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Internal`] when it was sealed under another key or for another place, or was changed.
    pub fn open(&self, place: &str, sealed: &str) -> Result<String, Error> {
        let bytes = BASE64.decode(sealed).map_err(Error::internal)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(|| Error::internal(BROKEN))?;
        let (nonce, mut text) = (Nonce::assume_unique_for_key(*nonce), text.to_vec());
        let opened = self.cipher()?.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text).map_err(wrap)?;
        String::from_utf8(opened.to_vec()).map_err(Error::internal)
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.sealing_key()).map(LessSafeKey::new).map_err(wrap)
    }
}

const BROKEN: &str = "what was sealed cannot be opened";

/// ring tells nothing, so that nobody learns anything.
fn wrap(_: ring::error::Unspecified) -> Error {
    Error::internal(BROKEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::token::HashCost;

    #[test]
    fn only_the_key_and_the_place_open_it() {
        let (one, two) = (Keyring::new(b"one", HashCost::Minimal), Keyring::new(b"two", HashCost::Minimal));
        let sealed = one.seal("here", "token: älter").unwrap();
        assert!(!sealed.contains("token") && sealed != one.seal("here", "token: älter").unwrap(), "{sealed}");
        assert_eq!(one.open("here", &sealed).unwrap(), "token: älter");
        assert!(two.open("here", &sealed).is_err());
        assert!(one.open("there", &sealed).is_err());
        let changed = sealed.replacen(|c: char| c.is_ascii_lowercase(), "A", 1);
        assert!(one.open("here", &changed).is_err());
        for broken in ["", "AAAA", "?"] {
            assert!(one.open("here", broken).is_err(), "{broken}");
        }
    }
}
