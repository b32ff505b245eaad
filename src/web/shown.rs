//! What lies over a page is kept for a while: the page has an address of its own with it, so that Back and Reload show
//! it again, and neither make another nor ask whether to send a form once more.

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
/// As much as is kept at a time. The newest is kept however long it is, which the limit of bodies limits.
const MOST: usize = 100;
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What is shown, by what addresses name it by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<HashMap<String, Kept>>>);

#[derive(Debug)]
struct Kept {
    /// The only session that sees it.
    session: String,
    /// The page that it lies over.
    page: String,
    // Of any type, because naming the dialogs would have the pages' files name one another in a circle.
    shown: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    until: Instant,
}

impl Shown {
    /// Keeps something of so many bytes that lies over a page, and returns what names it.
    pub(super) fn keep(&self, session: &str, page: &str, shown: impl Any + Send + Sync, bytes: usize) -> String {
        let (id, now) = (hex::encode(random_bytes::<8>()), Instant::now());
        let mut all = self.0.lock();
        all.retain(|_, kept| kept.until > now);
        let mut total: usize = all.values().map(|kept| kept.bytes).sum();
        while (all.len() >= MOST || total + bytes > MOST_BYTES)
            && let Some(oldest) = all.iter().min_by_key(|(_, kept)| kept.until).map(|(id, _)| id.clone())
        {
            total -= all.remove(&oldest).map_or(0, |kept| kept.bytes);
        }
        let (session, page, until) = (session.to_owned(), page.to_owned(), now + LIFETIME);
        all.insert(id.clone(), Kept { session, page, shown: Arc::new(shown), bytes, until });
        id
    }

    /// Finds what is kept, and the page that it lies over.
    pub(crate) fn find<T: Any + Clone>(&self, session: &str, id: &str) -> Option<(T, String)> {
        let all = self.0.lock();
        let kept = all.get(id).filter(|kept| kept.session == session && kept.until > Instant::now())?;
        Some((kept.shown.downcast_ref::<T>().cloned()?, kept.page.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_to_its_session_again_and_again() {
        let shown = Shown::default();
        let first = shown.keep("a", "/", 0_usize, 1);
        assert!(shown.find::<usize>("a", &first).is_some() && shown.find::<usize>("a", &first).is_some());
        assert!(shown.find::<usize>("b", &first).is_none() && shown.find::<usize>("a", "").is_none());
        for number in 0..MOST {
            shown.keep("a", "/", number, 1);
        }
        assert!(shown.find::<usize>("a", &first).is_none());
        assert_eq!(shown.0.lock().len(), MOST);
        let large = shown.keep("a", "/", 1_usize, MOST_BYTES - MOST);
        assert_eq!(shown.0.lock().len(), MOST);
        let larger = shown.keep("a", "/", 2_usize, 2 * MOST_BYTES);
        assert!(shown.find::<usize>("a", &large).is_none() && shown.find::<usize>("a", &larger).is_some());
        assert_eq!(shown.0.lock().len(), 1);
    }
}
