//! Memory for journal entries that are kept.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use crate::domain::journal::Entry;

const KIBIBYTE: usize = 1024;

/// Memory in large pieces, in which texts lie side by side: allocators are slow at small texts that are kept for long
/// and dropped by another thread, so slow that it would be most of what the journal costs a request.
#[derive(Debug, Default)]
pub(super) struct StringArena {
    free: BytesMut,
    /// How large the present piece was when it was new.
    size: usize,
}

impl StringArena {
    const SMALLEST: usize = 4 * KIBIBYTE;
    const LARGEST: usize = 64 * KIBIBYTE;

    /// Moves the texts of an entry into the arena. An answer that one of the `recent` entries has too is shared with
    /// that one, because a client that polls is answered the same again and again.
    pub(super) fn compact<'a>(&mut self, entry: &mut Entry, mut recent: impl Iterator<Item = &'a Entry>) {
        self.move_text(&mut entry.id);
        self.move_text(&mut entry.method);
        self.move_text(&mut entry.path);
        entry.other_paths.iter_mut().for_each(|path| self.move_text(path));
        entry.query.iter_mut().for_each(|query| self.move_text(query));
        self.move_text(entry.request.headers.text_mut());
        self.move_bytes(&mut entry.request.body);
        self.move_text(entry.response.headers.text_mut());
        let body = &mut entry.response.body;
        match recent.find(|recent| recent.response.body == *body) {
            Some(same) => *body = same.response.body.clone(),
            None => self.move_bytes(body),
        }
    }

    fn move_bytes(&mut self, bytes: &mut Bytes) {
        if bytes.len() > self.free.capacity() {
            let size = (2 * self.size).clamp(Self::SMALLEST, Self::LARGEST);
            // A long one gets a piece of its own, because it would leave much of the present one unused.
            if bytes.len() > size / 4 {
                *bytes = Bytes::copy_from_slice(bytes);
                return;
            }
            *self = Self { free: BytesMut::with_capacity(size), size };
        }
        self.free.extend_from_slice(bytes);
        *bytes = self.free.split().freeze();
    }

    fn move_text(&mut self, text: &mut ByteString) {
        let mut bytes = std::mem::take(text).into_bytes();
        self.move_bytes(&mut bytes);
        // It was text before, so it is never the default.
        *text = ByteString::try_from(bytes).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::example_entry;

    #[test]
    fn an_entry_is_the_same_in_the_arena() {
        let (mut arena, mut kept) = (StringArena::default(), Vec::new());
        for length in [0, 1, 100, 3_000, 5_000, 100, 40_000, 100, 100_000] {
            let mut entry = example_entry("a=1", &"x".repeat(length));
            entry.response.body = entry.request.body.clone();
            let before = serde_json::to_string(&entry).unwrap();
            arena.compact(&mut entry, kept.iter());
            assert_eq!(serde_json::to_string(&entry).unwrap(), before, "{length}");
            kept.push(entry);
        }
        let is_shared = |a: usize, b: usize| kept[a].response.body.as_ptr() == kept[b].response.body.as_ptr();
        assert!(is_shared(2, 5) && is_shared(5, 7) && !is_shared(3, 4));
    }
}
