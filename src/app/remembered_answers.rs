//! Answers that were given before, found again by who asks for what. Bounded in bytes over all spaces.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::HeaderMap;
use bytes::Bytes;
use parking_lot::Mutex;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::Cache, sync::DefaultLifecycle};

use crate::{
    core::clock::{Time, micros},
    domain::{credential::CredentialId, journal::Ignored, organization::SpaceId},
};

/// What an entry takes beside its texts, about: the maps' own cells, the counts of references, the names of headers.
const OVERHEAD: usize = 512;
/// What an answer takes on average, about: a page of 20 records.
const AVERAGE: usize = 8 * 1024;
/// An answer that takes more than this part of the bound is not kept, because too many others would go for it.
const LARGEST_PART: usize = 4;
/// Each has a lock of its own. A shard holds its part of the bound, and so has to be larger than the largest answer.
const SHARDS: usize = 2;

/// What is asked. It cannot be printed, because a token may stand in its query.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Question {
    pub space: SpaceId,
    pub credential: CredentialId,
    /// The path, the query and the headers that an answer may depend on.
    pub text: Box<[u8]>,
}

/// An answer, and when it holds.
pub struct RememberedAnswer {
    /// The revision of the space that it was read from.
    pub revision: i64,
    /// The generation of the space that it was read from.
    pub generation: i64,
    /// It holds from this moment on, in microseconds since 1970.
    pub since: i64,
    /// And before this one.
    pub until: i64,
    /// What its caller needed, for the journal.
    pub needs: &'static str,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What its request sent that nothing read, for the journal.
    pub ignored: Option<Arc<[Ignored]>>,
}

impl RememberedAnswer {
    fn holds(&self, revision: i64, now: Time) -> bool {
        self.revision == revision && (self.since..self.until).contains(&micros(now))
    }
}

#[derive(Clone)]
struct InBytes;

impl Weighter<Question, Arc<RememberedAnswer>> for InBytes {
    fn weight(&self, question: &Question, answer: &Arc<RememberedAnswer>) -> u64 {
        let headers: usize = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let ignored: usize = answer.ignored.iter().flat_map(|ignored| ignored.iter()).map(Ignored::size).sum();
        (OVERHEAD + question.text.len() + headers + answer.body.len() + ignored) as u64
    }
}

/// The answers that are remembered.
pub struct RememberedAnswers {
    answers: Cache<Question, Arc<RememberedAnswer>, InBytes>,
    largest: u64,
    hits: AtomicU64,
    /// The generation of each space that answers are kept of.
    generations: Mutex<HashMap<SpaceId, i64>>,
}

impl RememberedAnswers {
    /// Remembers so many bytes of answers.
    pub fn new(bytes: usize) -> Self {
        let mut options = OptionsBuilder::new();
        options.shards(SHARDS).weight_capacity(bytes as u64).estimated_items_capacity(bytes / AVERAGE);
        let answers = match options.build() {
            Ok(options) => {
                Cache::with_options(options, InBytes, DefaultHashBuilder::default(), DefaultLifecycle::default())
            }
            // It fails only where an option is missing.
            Err(_) => Cache::with_weighter(bytes / AVERAGE, bytes as u64, InBytes),
        };
        Self { answers, largest: (bytes / LARGEST_PART) as u64, hits: AtomicU64::new(0), generations: Mutex::default() }
    }

    /// The answer that was given before, if it holds at this revision and time.
    pub fn find(&self, question: &Question, revision: i64, now: Time) -> Option<Arc<RememberedAnswer>> {
        let found = self.answers.get(question).filter(|answer| answer.holds(revision, now))?;
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(found)
    }

    /// Remembers an answer, in the place of an earlier one. Those of the space's earlier generations go.
    pub fn keep(&self, question: Question, answer: RememberedAnswer) {
        let answer = Arc::new(answer);
        if InBytes.weight(&question, &answer) > self.largest {
            return;
        }
        let (space, generation) = (question.space, answer.generation);
        let mut generations = self.generations.lock();
        let known = generations.insert(space, generation);
        if known.is_some_and(|known| known != generation) {
            self.answers.retain(|question, _| question.space != space);
        }
        self.answers.insert(question, answer);
    }

    /// Drops what is remembered of a space.
    pub fn forget(&self, space: SpaceId) {
        self.generations.lock().remove(&space);
        self.answers.retain(|question, _| question.space != space);
    }

    /// How many answers were given again so far.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// How many bytes are remembered.
    pub fn bytes(&self) -> u64 {
        self.answers.weight()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::from_micros;

    const NOW: i64 = 1_000_000;

    fn question(space: i64, path: &str) -> Question {
        Question { space: SpaceId(space), credential: CredentialId(1), text: path.as_bytes().into() }
    }

    fn answer(length: usize, generation: i64) -> RememberedAnswer {
        let (headers, body) = (HeaderMap::new(), Bytes::from(vec![b'x'; length]));
        let (needs, ignored) = ("", None);
        RememberedAnswer { revision: 5, generation, since: NOW, until: NOW + 10, needs, headers, body, ignored }
    }

    #[test]
    fn an_answer_is_found_at_its_revision_while_it_holds() {
        let answers = RememberedAnswers::new(1 << 20);
        answers.keep(question(1, "/a"), answer(10, 1));
        let finds = |asked: &Question, revision, now| answers.find(asked, revision, from_micros(now)).is_some();
        for (now, is_found) in [(NOW - 1, false), (NOW, true), (NOW + 9, true), (NOW + 10, false)] {
            assert_eq!(finds(&question(1, "/a"), 5, now), is_found, "{now}");
        }
        assert!(!finds(&question(1, "/a"), 6, NOW) && !finds(&question(1, "/a"), 4, NOW));
        assert!(!finds(&question(2, "/a"), 5, NOW) && !finds(&question(1, "/b"), 5, NOW));
        assert!(!finds(&Question { credential: CredentialId(2), ..question(1, "/a") }, 5, NOW));
    }

    #[test]
    fn no_more_bytes_are_remembered_than_the_bound() {
        let bound = 256 * 1024;
        let answers = RememberedAnswers::new(bound);
        for number in 0..2_000 {
            answers.keep(question(1, &format!("/{number}")), answer(number, 1));
            assert!(answers.bytes() <= bound as u64, "{number}");
        }
        assert!(answers.bytes() > bound as u64 / 2, "it is used");
        let last = question(1, "/1999");
        assert!(answers.find(&last, 5, from_micros(NOW)).is_some(), "the newest stays");
    }

    #[test]
    fn an_answer_of_more_than_a_quarter_of_the_bound_is_not_remembered() {
        let bound = 1 << 20;
        let answers = RememberedAnswers::new(bound);
        let quarter = bound / 4 - OVERHEAD - 2;
        for (space, length, is_kept) in [(1, quarter, true), (2, quarter + 1, false)] {
            answers.keep(question(space, "/a"), answer(length, 1));
            let found = answers.find(&question(space, "/a"), 5, from_micros(NOW));
            assert_eq!(found.is_some(), is_kept, "{length}");
        }
    }

    #[test]
    fn what_is_remembered_of_a_space_goes_with_its_generation_and_with_the_space() {
        let answers = RememberedAnswers::new(1 << 20);
        for space in [1, 2] {
            for path in ["/a", "/b"] {
                answers.keep(question(space, path), answer(10, 1));
            }
        }
        let of_one = answers.bytes() / 4;
        answers.keep(question(1, "/a"), answer(10, 2));
        assert_eq!(answers.bytes(), of_one * 3);
        answers.forget(SpaceId(2));
        assert_eq!(answers.bytes(), of_one);
    }
}
