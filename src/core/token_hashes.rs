//! Hashes of tokens, each made or checked once: argon2 is slow on purpose, and whoever waits for it must hold up nobody
//! else.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use crate::core::{
    error::Error,
    token::{Fingerprint, Keyring, PlainToken, TokenHash},
};

/// Hashes that are remembered.
const REMEMBERED: usize = 10_000;

/// What a keyring has hashed and verified.
pub(super) struct TokenHashes {
    /// No more are made at a time than there are cores.
    turns: Semaphore,
    made: Cache<Fingerprint, TokenHash>,
    verified: Cache<(Fingerprint, TokenHash), ()>,
    late: AtomicU64,
}

impl Default for TokenHashes {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            turns: Semaphore::new(cores),
            made: Cache::new(REMEMBERED),
            verified: Cache::new(REMEMBERED),
            late: AtomicU64::new(0),
        }
    }
}

impl Keyring {
    /// Whether the hash of a token is known, so that [`Self::hash_of`] does not wait for it.
    pub fn is_hashed(&self, token: &PlainToken) -> bool {
        self.hashes().made.get(&self.fingerprint(token)).is_some()
    }

    /// Makes hashes, for whoever writes them down later: no session is to be open meanwhile.
    pub async fn hash_ahead(&self, tokens: impl IntoIterator<Item = PlainToken>) -> Result<(), Error> {
        let mut under_way = tokio::task::JoinSet::new();
        for token in tokens {
            let keyring = self.clone();
            under_way.spawn(async move { keyring.make(&token).await.map(drop) });
        }
        while let Some(made) = under_way.join_next().await {
            made.map_err(Error::internal)??;
        }
        Ok(())
    }

    /// The hash of a token. One that was not made ahead is made now, which is right, but keeps others waiting.
    pub async fn hash_of(&self, token: &PlainToken) -> Result<TokenHash, Error> {
        if !self.is_hashed(token) {
            self.hashes().late.fetch_add(1, Ordering::Relaxed);
        }
        self.make(token).await
    }

    /// How many hashes were not made ahead.
    pub fn late_hashes(&self) -> u64 {
        self.hashes().late.load(Ordering::Relaxed)
    }

    /// One that is being made is waited for.
    async fn make(&self, token: &PlainToken) -> Result<TokenHash, Error> {
        let fingerprint = self.fingerprint(token);
        let make = async {
            let (keyring, token) = (self.clone(), token.clone());
            let made = self.work(move || keyring.hash(&token)).await?;
            made.map_err(|e| Error::internal(e.to_string()))
        };
        self.hashes().made.get_or_insert_async(&fingerprint, make).await
    }

    /// Whether a hash is of a token. Whoever asks the same meanwhile waits for the one answer.
    pub async fn is_hash_of(&self, token: &PlainToken, hash: &TokenHash) -> Result<bool, Error> {
        let fingerprint = self.fingerprint(token);
        if self.hashes().made.get(&fingerprint).as_ref() == Some(hash) {
            return Ok(true);
        }
        let verify = async {
            let (keyring, token, hash) = (self.clone(), token.clone(), hash.clone());
            match self.work(move || keyring.verify(&token, &hash)).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(None),
                Err(error) => Err(Some(error)),
            }
        };
        match self.hashes().verified.get_or_insert_async(&(fingerprint, hash.clone()), verify).await {
            Ok(()) => Ok(true),
            Err(None) => Ok(false),
            Err(Some(error)) => Err(error),
        }
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let _turn = self.hashes().turns.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::token::HashCost;

    #[tokio::test]
    async fn who_asks_the_same_waits_for_one_answer() {
        let (maker, keyring) = (Keyring::new(b"key", HashCost::Owasp), Keyring::new(b"key", HashCost::Owasp));
        let token = PlainToken::new("one");
        let hash = maker.hash_of(&token).await.unwrap();
        let asked = futures_util::future::join_all((0..200).map(|_| keyring.is_hash_of(&token, &hash)));
        assert!(asked.await.into_iter().all(Result::unwrap));
        assert!(!keyring.is_hash_of(&PlainToken::new("two"), &hash).await.unwrap());
    }

    #[tokio::test]
    async fn what_was_hashed_ahead_is_not_late() {
        let keyring = Keyring::new(b"key", HashCost::Minimal);
        let (one, two) = (PlainToken::new("one"), PlainToken::new("two"));
        keyring.hash_ahead([one.clone()]).await.unwrap();
        assert!(keyring.is_hash_of(&one, &keyring.hash_of(&one).await.unwrap()).await.unwrap());
        assert_eq!(keyring.late_hashes(), 0);
        keyring.hash_of(&two).await.unwrap();
        assert_eq!(keyring.late_hashes(), 1);
    }
}
