//! The person a licence is assigned to: which addresses and names the vendor takes, and which name it shows.

/// Domains of throw-away mailboxes that the vendor is known to refuse (jetbrains-account §8.1).
const DISPOSABLE_DOMAINS: [&str; 2] = ["dockleafs.com", "sunsabla.com"];

/// unverified: an address of 102 characters is refused, which limit it breaks is not known.
const EMAIL_LIMIT: usize = 100;

/// unverified: 500 characters are refused, the limit is not known.
const NAME_LIMIT: usize = 255;

/// Who a licence is assigned to, as the request says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

impl Contact {
    /// Checks the address, then the first, then the last name.
    ///
    /// unverified: that order (jetbrains-account §6, assign-9).
    ///
    /// # Errors
    /// The first that does not pass.
    pub fn check(&self) -> Result<(), ContactError> {
        if !is_acceptable_email(&self.email) {
            return Err(ContactError::Email(self.email.clone()));
        }
        check_name(&self.first_name)?;
        check_name(&self.last_name)?;
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

/// What is not accepted of a contact.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The address, as it was sent.
    #[error("not an e-mail address we accept: {0}")]
    Email(String),
    #[error(transparent)]
    Name(#[from] NameProblem),
}

/// What is wrong with a name; the texts are the vendor's (jetbrains-account §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing, or only spaces.
    #[error("This field can't be empty.")]
    Empty,
    #[error("Sorry, we can't accept digits in this field.")]
    Digits,
    /// A character that is not part of names.
    #[error("Please, don't use special characters.")]
    SpecialCharacters,
    #[error("Value is too long.")]
    TooLong,
}

/// Checks a first or last name (jetbrains-account §8.2).
///
/// unverified: which of several problems is named, and which characters beyond letters, spaces, apostrophes,
/// hyphens and full stops are "special".
fn check_name(name: &str) -> Result<(), NameProblem> {
    if name.trim().is_empty() {
        Err(NameProblem::Empty)
    } else if name.chars().count() > NAME_LIMIT {
        Err(NameProblem::TooLong)
    } else if name.chars().any(char::is_numeric) {
        Err(NameProblem::Digits)
    } else if name.chars().all(|c| c.is_alphabetic() || is_combining_mark(c) || " '’-.".contains(c)) {
        Ok(())
    } else {
        Err(NameProblem::SpecialCharacters)
    }
}

/// Accents that follow their letter as characters of their own.
fn is_combining_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// The name shown for somebody without a JetBrains Account: each word keeps two letters, a word of two keeps
/// one, a word of one keeps none (jetbrains-account §9).
pub(crate) fn mask(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(mask_word).collect();
    words.join(" ")
}

fn mask_word(word: &str) -> String {
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
        assert_eq!(check_name(""), Err(Empty));
        assert_eq!(check_name("   "), Err(Empty));
        assert_eq!(check_name("123"), Err(Digits));
        assert_eq!(check_name("Special@#$%^&*()"), Err(SpecialCharacters));
        assert_eq!(check_name(&"x".repeat(500)), Err(TooLong));
        for name in ["It Could Be", "O'Neil", "Jean-Luc", "Müller", "Zoe\u{308}", "J.", "李"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn masks_keep_the_length_of_each_word() {
        assert_eq!(mask("Roman Loskutov"), "Ro*** Lo******");
        assert_eq!(mask("Ro R"), "R* *");
        assert_eq!(mask("Bob"), "Bo*");
        assert_eq!(mask("  Müller  X "), "Mü**** *");
    }
}
