//! Who is meant by a login, and which addresses and logins are one because letter case does not matter.

use std::collections::{BTreeSet, HashMap};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::notes::{Notes, Place};
use crate::domain::organization::email_key;

/// How something is spelled where it came first, and how else.
#[derive(Debug)]
pub(super) struct Spelling {
    first: String,
    place: Place,
    others: BTreeSet<String>,
}

impl Spelling {
    pub(super) fn new(text: &str, place: Place) -> Self {
        Self { first: text.to_owned(), place, others: BTreeSet::new() }
    }

    /// Warns of another spelling, once of each.
    pub(super) fn compare(&mut self, text: &str, place: Place, notes: &mut Notes) {
        if text == self.first || !self.others.insert(text.to_owned()) {
            return;
        }
        let (first, before) = (&self.first, notes.describe_place(self.place));
        let message =
            format!("`{text}` and `{first}`, in {before}, differ only in capital letters: both are one person");
        notes.warn(place, message);
    }
}

/// A login, and whose it is.
#[derive(Debug)]
struct Login {
    /// The address that the seed has.
    written: String,
    /// The addresses of several people begin with it.
    is_shared: bool,
    /// Of the login itself, where no list has an address.
    spelling: Option<Spelling>,
}

/// Logins by what they are compared by, before a pseudonym took their place.
#[derive(Debug, Default)]
pub(super) struct Logins(HashMap<String, Login>);

impl Logins {
    /// Notes an address: what stands before its `@` is a login.
    pub(super) fn add_address(&mut self, email: &str, written: &str) {
        let login = email_key(email.split('@').next().unwrap_or_default());
        let new = || Login { written: written.to_owned(), is_shared: false, spelling: None };
        let known = self.0.entry(login).or_insert_with(new);
        known.is_shared |= email_key(&known.written) != email_key(written);
    }

    /// Notes a login of which no list has the address.
    pub(super) fn add_login(&mut self, login: &str, written: String, place: Place) {
        let spelling = Some(Spelling::new(login, place));
        self.0.insert(email_key(login), Login { written, is_shared: false, spelling });
    }

    /// The address that the seed has, of a login that is known.
    pub(super) fn find(&mut self, login: &str, place: Place, notes: &mut Notes) -> Option<String> {
        let known = self.0.get_mut(&email_key(login))?;
        if known.is_shared {
            notes.warn(place, "the addresses of several people begin with the user's login: the first one is taken");
        }
        if let Some(spelling) = &mut known.spelling {
            spelling.compare(login, place, notes);
        }
        Some(known.written.clone())
    }
}

/// Whether a login is an address by itself.
pub(super) fn is_whole_address(login: &str) -> bool {
    let is_apart = login.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    is_apart && !login.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// Writes what is no part of an address as in a URL, and what it is written with too, so that no two logins become one.
pub(super) fn encode(login: &str) -> String {
    let mut encoded = String::with_capacity(login.len());
    for letter in login.chars() {
        if letter.is_whitespace() || letter.is_control() || matches!(letter, '%' | '@') {
            encoded.extend(utf8_percent_encode(letter.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC));
        } else {
            encoded.push(letter);
        }
    }
    encoded
}
