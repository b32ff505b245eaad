//! The form of a value: what a client's parser has to know of it, and nothing of what it says.

use std::{collections::BTreeSet, fmt};

use serde_json::{Number, Value};

/// The form of one value that has no members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Null,
    Flag,
    Integer,
    NegativeInteger,
    /// Within the seconds since 1970 of this time.
    EpochSeconds,
    /// The same in milliseconds.
    EpochMilliseconds,
    /// More than 31 bits.
    LargeInteger,
    Fraction,
    Empty,
    Moment(Moment),
    Day,
    Uuid,
    Url,
    Path,
    Address,
    /// Digits alone.
    Digits,
    /// Capitals, digits and `_`, as names of constants and codes are written.
    Constant,
    /// No blank, at least sixteen characters, a digit among them: ids and cursors.
    Opaque,
    /// Any other text.
    Text,
}

/// How a date with a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    has_seconds: bool,
    /// How many digits of a second's fraction.
    fraction: usize,
    zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Zone {
    Absent,
    Letter,
    WithColon,
    WithoutColon,
}

const SHORTEST_OPAQUE: usize = 16;

impl Form {
    /// `None` for what has members or items.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Bool(_) => Some(Self::Flag),
            Value::Number(number) => Some(Self::of_number(number)),
            Value::String(text) => Some(Self::of_text(text)),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn of_number(number: &Number) -> Self {
        match (number.as_u64(), number.as_i64()) {
            (Some(1_000_000_000..=1_999_999_999), _) => Self::EpochSeconds,
            (Some(1_000_000_000_000..=9_999_999_999_999), _) => Self::EpochMilliseconds,
            (Some(0..=0x7FFF_FFFF), _) => Self::Integer,
            (Some(_), _) => Self::LargeInteger,
            (None, Some(_)) => Self::NegativeInteger,
            (None, None) => Self::Fraction,
        }
    }

    pub(super) fn of_text(text: &str) -> Self {
        let all = |test: fn(&u8) -> bool| text.as_bytes().iter().all(test);
        if text.is_empty() {
            Self::Empty
        } else if let Some(moment) = Moment::of(text) {
            Self::Moment(moment)
        } else if is_written_as(text, "0000-00-00") {
            Self::Day
        } else if is_uuid(text) {
            Self::Uuid
        } else if text.starts_with("https://") || text.starts_with("http://") {
            Self::Url
        } else if text.starts_with('/') && !text.contains(char::is_whitespace) {
            Self::Path
        } else if is_address(text) {
            Self::Address
        } else if all(u8::is_ascii_digit) {
            Self::Digits
        } else if all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_') {
            Self::Constant
        } else if text.len() >= SHORTEST_OPAQUE && all(u8::is_ascii_graphic) && text.bytes().any(|b| b.is_ascii_digit())
        {
            Self::Opaque
        } else {
            Self::Text
        }
    }

    fn is_text(self) -> bool {
        self >= Self::Empty
    }

    /// Whether somebody who expects any text is surprised, because it says that it is of one form always.
    fn is_special(self) -> bool {
        matches!(self, Self::Moment(_) | Self::Day | Self::Uuid | Self::Url | Self::Path | Self::Address)
    }
}

/// Those of `seen` that whoever knows only `known` does not expect.
pub(super) fn find_unexpected(seen: &BTreeSet<Form>, known: &BTreeSet<Form>) -> BTreeSet<Form> {
    let texts = seen.iter().filter(|form| form.is_text() && **form != Form::Empty).count();
    let writes_as_it_takes =
        |moment: &Moment| known.iter().any(|known| matches!(known, Form::Moment(known) if known.covers(moment)));
    let is_expected = |form: &Form| {
        known.contains(form)
            || match form {
                Form::Moment(moment) if writes_as_it_takes(moment) => true,
                Form::Empty => false,
                // Free text may look like anything now and then; always like one thing, that is what it is.
                form if form.is_text() && known.contains(&Form::Text) => texts > 1 || !form.is_special(),
                Form::Constant | Form::Digits => known.contains(&Form::Constant) || known.contains(&Form::Opaque),
                _ => false,
            }
    };
    seen.iter().filter(|form| !is_expected(form)).copied().collect()
}

impl Moment {
    fn of(text: &str) -> Option<Self> {
        let day = text.get(..10).filter(|day| is_written_as(day, "0000-00-00"))?;
        let rest = text.get(day.len()..)?.strip_prefix(['T', ' '])?;
        let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
        let (time, zone) = rest.split_at_checked(zone_at)?;
        let zone = match zone {
            "" => Zone::Absent,
            "Z" => Zone::Letter,
            _ if is_written_as(zone.get(1..)?, "00:00") => Zone::WithColon,
            _ if is_written_as(zone.get(1..)?, "0000") => Zone::WithoutColon,
            _ => return None,
        };
        let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
        let has_seconds = is_written_as(time, "00:00:00");
        let is_time = has_seconds || is_written_as(time, "00:00");
        let is_fraction = fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit());
        (is_time && is_fraction).then_some(Self { has_seconds, fraction: fraction.len(), zone })
    }
}

impl Moment {
    /// Whether the other may come from the same writer, because those that write microseconds leave out zeros at the
    /// end, three at a time.
    fn covers(&self, other: &Self) -> bool {
        self.fraction >= 6
            && other.fraction.is_multiple_of(3)
            && (self.has_seconds, self.zone) == (other.has_seconds, other.zone)
    }
}

/// Whether the text has a digit for each `0` of the model, and else the same characters.
fn is_written_as(text: &str, model: &str) -> bool {
    let fits = |(of_text, of_model): (u8, u8)| {
        if of_model == b'0' { of_text.is_ascii_digit() } else { of_text == of_model }
    };
    text.len() == model.len() && text.bytes().zip(model.bytes()).all(fits)
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) && !host.contains('@')
    })
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Flag => "boolean",
            Self::Integer => "integer",
            Self::NegativeInteger => "negative integer",
            Self::EpochSeconds => "integer like epoch seconds",
            Self::EpochMilliseconds => "integer like epoch milliseconds",
            Self::LargeInteger => "integer of more than 31 bits",
            Self::Fraction => "number with a fraction",
            Self::Empty => "empty text",
            Self::Moment(moment) => return moment.fmt(f),
            Self::Day => "date",
            Self::Uuid => "UUID",
            Self::Url => "URL",
            Self::Path => "path",
            Self::Address => "e-mail address",
            Self::Digits => "digits as text",
            Self::Constant => "constant",
            Self::Opaque => "opaque text",
            Self::Text => "text",
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("date-time hh:mm")?;
        if self.has_seconds {
            f.write_str(":ss")?;
        }
        if self.fraction > 0 {
            write!(f, ".{}", "f".repeat(self.fraction))?;
        }
        f.write_str(match self.zone {
            Zone::Absent => " without a zone",
            Zone::Letter => "Z",
            Zone::WithColon => "+hh:mm",
            Zone::WithoutColon => "+hhmm",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(value: &Value) -> String {
        Form::of(value).unwrap().to_string()
    }

    #[test]
    fn each_form_is_told_from_its_neighbours() {
        for (value, form) in [
            (json!(null), "null"),
            (json!(false), "boolean"),
            (json!(0), "integer"),
            (json!(-1), "negative integer"),
            (json!(999_999_999), "integer"),
            (json!(1_763_149_545), "integer like epoch seconds"),
            (json!(2_147_483_647), "integer"),
            (json!(2_147_483_648_u32), "integer of more than 31 bits"),
            (json!(1_763_149_545_609_u64), "integer like epoch milliseconds"),
            (json!(1.0), "number with a fraction"),
            (json!(""), "empty text"),
            (json!("2026-01-15T09:00:00Z"), "date-time hh:mm:ssZ"),
            (json!("2026-01-15T09:00Z"), "date-time hh:mmZ"),
            (json!("2026-01-15T09:00:00.123Z"), "date-time hh:mm:ss.fffZ"),
            (json!("2026-01-15T09:00:00.123456789+03:00"), "date-time hh:mm:ss.fffffffff+hh:mm"),
            (json!("2026-01-15T09:00:00-0300"), "date-time hh:mm:ss+hhmm"),
            (json!("2026-01-15 09:00:00"), "date-time hh:mm:ss without a zone"),
            (json!("2026-01-15T09:00:00+3"), "opaque text"),
            (json!("2026-01-15T"), "text"),
            (json!("2026-01-15"), "date"),
            (json!("8f2b0c1e-0000-4000-8000-000000000001"), "UUID"),
            (json!("8f2b0c1e-0000-4000-8000-00000000000x"), "opaque text"),
            (json!("https://example.test/x"), "URL"),
            (json!("/x?page=2"), "path"),
            (json!("/ or not"), "text"),
            (json!("ann@example.test"), "e-mail address"),
            (json!("ann@example"), "text"),
            (json!("4211"), "digits as text"),
            (json!("TRUE_UP"), "constant"),
            (json!("eyJhbGciOiJIUzI1"), "opaque text"),
            (json!("Ann Lee äöü"), "text"),
        ] {
            assert_eq!(name(&value), form, "{value}");
        }
    }

    #[test]
    fn free_text_may_be_anything_but_always_of_one_special_form() {
        let forms = |texts: &[&str]| texts.iter().map(|text| Form::of_text(text)).collect::<BTreeSet<_>>();
        let unexpected = |seen: &[&str], known: &[&str]| find_unexpected(&forms(seen), &forms(known)).len();
        let (uuid, moment) = ("8f2b0c1e-0000-4000-8000-000000000001", "2026-01-15T09:00:00Z");
        assert_eq!(unexpected(&["laptop", moment, "A"], &["laptop"]), 0);
        assert_eq!(unexpected(&[uuid], &["svc"]), 1);
        assert_eq!(unexpected(&["CODE"], &["laptop"]), 0);
        assert_eq!(unexpected(&["laptop"], &["CODE"]), 1);
        assert_eq!(unexpected(&["laptop", ""], &["laptop"]), 1);
        assert_eq!(unexpected(&[moment], &["2026-01-15T09:00:00.000Z"]), 1);
        let exact = "2026-01-15T09:00:00.123456Z";
        assert_eq!(unexpected(&[moment, "2026-01-15T09:00:00.123456789Z"], &[exact]), 0);
        for other in ["2026-01-15T09:00:00.12Z", "2026-01-15T09:00:00+00:00", "2026-01-15T09:00Z"] {
            assert_eq!(unexpected(&[other], &[exact]), 1, "{other}");
        }
    }
}
