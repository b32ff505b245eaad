//! What a button made and is shown for a while: the page that shows it has an address of its own, so that Back and
//! Reload show it again, and do not make another.

use std::{
    any::Any,
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::core::ids::random_bytes;

/// How long it is shown.
const LIFETIME: Duration = Duration::from_mins(5);
/// As much as is kept at a time.
const MOST: usize = 100;

/// What is shown, by what addresses name it by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<HashMap<String, Kept>>>);

#[derive(Debug)]
struct Kept {
    /// The only session that sees it.
    session: String,
    made: Arc<dyn Any + Send + Sync>,
    until: Instant,
}

impl Shown {
    /// Keeps something, and returns what names it.
    pub(super) fn keep(&self, session: &str, made: impl Any + Send + Sync) -> String {
        let (id, now) = (hex::encode(random_bytes::<8>()), Instant::now());
        let mut all = self.0.lock();
        all.retain(|_, kept| kept.until > now);
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, kept)| kept.until).map(|(id, _)| id.clone())
        {
            all.remove(&oldest);
        }
        all.insert(id.clone(), Kept { session: session.to_owned(), made: Arc::new(made), until: now + LIFETIME });
        id
    }

    pub(crate) fn find<T: Any + Clone>(&self, session: &str, id: &str) -> Option<T> {
        let all = self.0.lock();
        let kept = all.get(id).filter(|kept| kept.session == session && kept.until > Instant::now())?;
        kept.made.downcast_ref::<T>().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_to_its_session_again_and_again() {
        let shown = Shown::default();
        let first = shown.keep("a", 0_usize);
        assert!(shown.find::<usize>("a", &first).is_some() && shown.find::<usize>("a", &first).is_some());
        assert!(shown.find::<usize>("b", &first).is_none() && shown.find::<usize>("a", "").is_none());
        for number in 0..MOST {
            shown.keep("a", number);
        }
        assert!(shown.find::<usize>("a", &first).is_none());
        assert_eq!(shown.0.lock().len(), MOST);
    }
}
