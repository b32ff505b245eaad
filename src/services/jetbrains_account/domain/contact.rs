//! The person a licence is assigned to: which addresses and names the vendor takes, and which name it shows.

use crate::services::jetbrains_account::domain::error::{JetBrainsError, NameProblem};

/// Domains of throw-away mailboxes that the vendor is known to refuse (jetbrains-account §8.1).
const DISPOSABLE_DOMAINS: [&str; 2] = ["dockleafs.com", "sunsabla.com"];

/// unverified: an address of 102 characters is refused, which limit it breaks is not known.
const EMAIL_LIMIT: usize = 100;

/// unverified: 500 characters are refused, the limit is not known.
const NAME_LIMIT: usize = 255;

/// Who a licence is assigned to, as the request says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Where the licence goes.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

impl Contact {
    /// Checks the address, then the first, then the last name.
    ///
    /// unverified: that order (jetbrains-account §6, assign-9).
    ///
    /// # Errors
    /// [`JetBrainsError::EmailInvalid`] or [`JetBrainsError::NameInvalid`].
    pub fn check(&self) -> Result<(), JetBrainsError> {
        if !is_acceptable_email(&self.email) {
            return Err(JetBrainsError::EmailInvalid(self.email.clone()));
        }
        for name in [&self.first_name, &self.last_name] {
            if let Some(problem) = name_problem(name) {
                return Err(JetBrainsError::NameInvalid(problem));
            }
        }
        Ok(())
    }

    /// The whole name, as it was given.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name.trim(), self.last_name.trim())
    }
}

/// Whether the vendor takes this address (jetbrains-account §8.1).
pub(crate) fn is_acceptable_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let local_ok =
        !local.is_empty() && local.split('.').all(|part| !part.is_empty() && part.bytes().all(is_local_character));
    let labels: Vec<&str> = domain.split('.').collect();
    let domain_ok = labels.len() >= 2 && labels.iter().all(|label| is_domain_label(label));
    let top = labels.last().copied().unwrap_or_default();
    let top_ok = top.len() >= 2 && top.starts_with(|c: char| c.is_ascii_alphabetic());
    let disposable = DISPOSABLE_DOMAINS.iter().any(|d| domain.eq_ignore_ascii_case(d));
    email.len() <= EMAIL_LIMIT && local_ok && domain_ok && top_ok && !disposable
}

fn is_local_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// What the vendor would say about a first or last name (jetbrains-account §8.2).
///
/// unverified: which of several problems is named, and which characters beyond letters, spaces, apostrophes,
/// hyphens and full stops are "special".
pub(crate) fn name_problem(name: &str) -> Option<NameProblem> {
    if name.trim().is_empty() {
        Some(NameProblem::Empty)
    } else if name.chars().count() > NAME_LIMIT {
        Some(NameProblem::TooLong)
    } else if name.chars().any(char::is_numeric) {
        Some(NameProblem::Digits)
    } else if name.chars().all(|c| c.is_alphabetic() || is_combining_mark(c) || " '’-.".contains(c)) {
        None
    } else {
        Some(NameProblem::SpecialCharacters)
    }
}

/// Accents that follow their letter as characters of their own.
fn is_combining_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// The name shown for somebody without a JetBrains Account: each word keeps two letters, a word of two keeps
/// one, a word of one keeps none (jetbrains-account §9).
pub(crate) fn masked(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(masked_word).collect();
    words.join(" ")
}

fn masked_word(word: &str) -> String {
    let length = word.chars().count();
    let kept = length.saturating_sub(1).min(2);
    word.chars().take(kept).chain(std::iter::repeat_n('*', length - kept)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_the_vendor_refuses() {
        let long = format!("{}@{}.com", "a".repeat(50), "b".repeat(47));
        assert_eq!(long.len(), 102);
        for email in [
            "",
            "plain",
            "@example.com",
            "user@",
            "user@.com",
            "user@example",
            "us er@example.com",
            "user@exa mple.com",
            "user@@example.com",
            "user@example..com",
            "user@example,com",
            "user@example.c",
            "user@-example.com",
            "wrong_email#@test",
            "a@dockleafs.com",
            "a@sunsabla.com",
            "a@SUNSABLA.com",
            "a@b@example.com",
            &long,
        ] {
            assert!(!is_acceptable_email(email), "{email}");
        }
    }

    #[test]
    fn addresses_the_vendor_takes() {
        for email in
            ["a@gmail.com", "x.y+z@outlook.com", "u@no-such-host-4711.org", "q@jetbrains-test.com", "A_1@Ex.Test"]
        {
            assert!(is_acceptable_email(email), "{email}");
        }
    }

    #[test]
    fn names() {
        use NameProblem::{Digits, Empty, SpecialCharacters, TooLong};
        assert_eq!(name_problem(""), Some(Empty));
        assert_eq!(name_problem("   "), Some(Empty));
        assert_eq!(name_problem("123"), Some(Digits));
        assert_eq!(name_problem("Special@#$%^&*()"), Some(SpecialCharacters));
        assert_eq!(name_problem(&"x".repeat(500)), Some(TooLong));
        for name in ["It Could Be", "O'Neil", "Jean-Luc", "Müller", "Zoe\u{308}", "J.", "李"] {
            assert_eq!(name_problem(name), None, "{name}");
        }
    }

    #[test]
    fn masks_keep_the_length_of_each_word() {
        assert_eq!(masked("Roman Loskutov"), "Ro*** Lo******");
        assert_eq!(masked("Ro R"), "R* *");
        assert_eq!(masked("Bob"), "Bo*");
        assert_eq!(masked("  Müller  X "), "Mü**** *");
    }
}
