//! How much of a journal is kept.

use std::{fmt, str::FromStr};

use crate::core::byte_size::{self, MEBIBYTE};

/// How much of a journal is kept, in each space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub entries: usize,
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 32 * MEBIBYTE }
    }
}

/// `10000`, or with bytes too: `10000,32MiB`.
impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a size: expected entries like 10000, entries and bytes like 10000,32MiB, or off")
        };
        let (entries, bytes) = text.split_once(',').map_or((text, None), |(entries, bytes)| (entries, Some(bytes)));
        let above_zero = |text: &str| text.trim().parse::<usize>().ok().filter(|number| *number > 0);
        let entries = above_zero(entries).ok_or_else(wrong)?;
        let Some(bytes) = bytes else { return Ok(Self { entries, ..Self::default() }) };
        Ok(Self { entries, bytes: byte_size::parse(bytes).ok_or_else(wrong)? })
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, bytes } = *self;
        write!(f, "{entries},{}", byte_size::write(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        for (text, entries, bytes) in
            [("10000", 10_000, 32 * MEBIBYTE), ("5,64KiB", 5, 65_536), ("7, 1MiB", 7, MEBIBYTE), ("1,100", 1, 100)]
        {
            let bounds: Bounds = text.parse().unwrap();
            assert_eq!((bounds.entries, bounds.bytes), (entries, bytes), "{text}");
            assert_eq!(bounds.to_string().parse(), Ok(bounds));
        }
        for wrong in ["", "0", "-1", "many", "5,", "5,0", "5,1GB", "5,99999999999999999999MiB"] {
            assert!(wrong.parse::<Bounds>().is_err(), "{wrong}");
        }
    }
}
