//! Sizes in bytes as texts: `32MiB`, `64KiB`, `100`.

const KIBIBYTE: usize = 1024;
pub const MEBIBYTE: usize = 1024 * KIBIBYTE;

/// Reads a size above zero.
pub fn parse(text: &str) -> Option<usize> {
    let text = text.trim();
    let (number, unit) = match (text.strip_suffix("MiB"), text.strip_suffix("KiB")) {
        (Some(number), _) => (number, MEBIBYTE),
        (_, Some(number)) => (number, KIBIBYTE),
        _ => (text, 1),
    };
    let number: usize = number.trim().parse().ok()?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0)
}

/// Writes a size in the largest unit that it is a whole number of.
pub fn write(bytes: usize) -> String {
    if bytes.is_multiple_of(MEBIBYTE) {
        format!("{}MiB", bytes / MEBIBYTE)
    } else if bytes.is_multiple_of(KIBIBYTE) {
        format!("{}KiB", bytes / KIBIBYTE)
    } else {
        bytes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, bytes) in [("16MiB", 16 * MEBIBYTE), ("64KiB", 65_536), ("100", 100), ("1025KiB", 1_049_600)] {
            assert_eq!(parse(text), Some(bytes));
            assert_eq!(write(bytes), text);
        }
        for wrong in ["", "0", "0MiB", "-1", "many", "1GB", "MiB", "99999999999999999999MiB"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
