//! What ids and tokens are made from: one generator that a number seeds. The services give them their shapes.

use rand::{Rng, SeedableRng, TryRng, rngs::SysRng};
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The number that everything generated comes from (`--id-seed`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdSeed(pub u64);

impl IdSeed {
    /// A number nobody chose.
    pub fn random() -> Self {
        Self(u64::from_le_bytes(random_bytes()))
    }

    /// The generator of one write: the same seed, space and count of writes give the same ids again.
    pub fn of_write(self, space: &str, write: i64) -> Ids {
        self.derive(&["write", space, &write.to_string()])
    }

    /// The generator of a process's request ids.
    pub fn of_requests(self) -> Ids {
        self.derive(&["requests"])
    }

    /// The generator of what one hit of a fault leaves to chance: by the rule's id, and the number of the hit.
    pub fn of_fault(self, rule: &str, hit: i64) -> Ids {
        self.derive(&["fault", rule, &hit.to_string()])
    }

    fn derive(self, parts: &[&str]) -> Ids {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        for part in parts {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Ids(ChaCha12Rng::from_seed(hash.finalize().into()))
    }
}

/// Bytes nobody can guess, for keys.
///
/// # Panics
/// When the machine has no source of randomness; there is no safe way on from there.
#[expect(clippy::expect_used, reason = "without randomness there is no key, and no way on")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).expect("the machine gives random bytes");
    bytes
}

/// A stream of ids.
#[derive(Debug)]
pub struct Ids(ChaCha12Rng);

impl Ids {
    /// A customer code: a 7-digit number, as the ones that were seen are.
    pub fn customer_code(&mut self) -> i64 {
        1_000_000 + i64::from(self.below(9_000_000))
    }

    /// Small letters and digits.
    pub fn lower(&mut self, length: usize) -> String {
        self.text(LOWER, length)
    }

    /// Capital letters and digits.
    pub fn upper(&mut self, length: usize) -> String {
        self.text(UPPER, length)
    }

    /// Ten letters and digits, to tell namesakes apart.
    pub fn suffix(&mut self) -> String {
        self.lower(10)
    }

    /// A random (version 4) UUID.
    pub fn uuid(&mut self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// Another stream, from which it does not matter how much is drawn.
    pub fn fork(&mut self) -> Self {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        Self(ChaCha12Rng::from_seed(seed))
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        // Multiply-shift: no division and, for bounds this small, no bias worth a loop.
        u32::try_from((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32).unwrap_or_default()
    }

    fn text(&mut self, alphabet: &[u8; 36], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.below(36) as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_space_and_write_repeat() {
        let ids = |space, write| {
            let mut ids = IdSeed(7).of_write(space, write);
            (ids.upper(10), ids.customer_code(), ids.uuid())
        };
        assert_eq!(ids("default", 1), ids("default", 1));
        assert_ne!(ids("default", 1), ids("default", 2));
        assert_ne!(ids("default", 1), ids("t1", 1));
    }

    #[test]
    fn shapes() {
        let mut ids = IdSeed(1).of_requests();
        for _ in 0..200 {
            let id = ids.upper(10);
            assert!(id.len() == 10 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
            assert!((1_000_000..10_000_000).contains(&ids.customer_code()));
            assert_eq!(ids.uuid().get_version_num(), 4);
        }
    }
}
