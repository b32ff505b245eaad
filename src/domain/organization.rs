//! Spaces, the organizations in them, and their people.

use crate::core::clock::{Clock, Time};

/// The space that a request without a known credential belongs to.
pub const DEFAULT_SPACE: &str = "default";

/// A space's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpaceId(pub i64);

/// An isolated world of organizations, with its own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    pub id: SpaceId,
    pub name: String,
    /// Raised by every write; what was read at one revision is good until the next.
    pub revision: i64,
    /// The revision at which something changed last that requests are decided by: credentials, what they may do, the
    /// clock, faults to inject. Most of what clients write changes none of it.
    pub rules_revision: i64,
    /// Writes since the seed was applied: what generated ids are drawn from.
    pub writes: i64,
    /// How it tells the time.
    pub clock: Clock,
}

impl Space {
    /// The time in this space.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Which generation is in it: the number grows when everything is replaced, and only then, because a write raises
    /// both counts by one.
    pub fn generation(&self) -> i64 {
        self.revision - self.writes
    }
}

/// An organization's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrganizationId(pub i64);

/// The tenant that the services share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    /// The number that customers are known by; the control API names an organization by it.
    pub customer_code: i64,
    /// The UUID that it is known by elsewhere.
    pub org_id: String,
}

/// A person's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PersonId(pub i64);

/// Somebody an organization knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// The address as it was written.
    pub email: String,
}

/// The form in which two e-mail addresses are compared.
///
/// unverified: no vendor's case rule is known; we ignore case everywhere.
pub fn email_key(email: &str) -> String {
    email.to_lowercase()
}

/// A name for somebody of whom only the address is known: `eve.van-dam@…` is Eve Van Dam; an address without letters
/// in front is the name itself.
pub fn name_from_address(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let words: Vec<String> = local
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        })
        .collect();
    if words.is_empty() { email.to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_addresses() {
        assert_eq!(name_from_address("eve.van-dam@example.test"), "Eve Van Dam");
        assert_eq!(name_from_address("42@example.test"), "42@example.test");
    }
}
