//! Characters in the middle of a text that may be Base64: somebody has put something in front of it, or behind it, or
//! wrapped it into lines.

use std::ops::Range;

use base64::{Engine as _, alphabet, engine};

/// What has fewer digits is no secret.
const FEWEST_DIGITS: usize = 8;
/// How many ends are tried for each beginning. There are few in what was encoded, so this keeps a text that consists of
/// separators from taking long.
const MOST_ENDS: usize = 8;

const ANY_PADDING: engine::GeneralPurposeConfig = engine::GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
static STANDARD: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
static URL_SAFE: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// Digits of Base64, one behind the other but for line breaks, which are no part of it.
pub(super) struct Run {
    engine: &'static engine::GeneralPurpose,
    digits: Vec<u8>,
    /// Where in the text each digit stands.
    places: Vec<usize>,
    /// Before which digits something may begin or end: beside a line break, and beside a digit that also separates
    /// words, such as `/`.
    bounds: Vec<usize>,
    /// How many `=` stand behind the last digit.
    padding: usize,
}

/// Something that a run says, and the part of the text that says it.
pub(super) struct Reading {
    pub(super) said: String,
    pub(super) place: Range<usize>,
}

impl Run {
    /// The runs of a text, by either alphabet.
    pub(super) fn find_all(text: &str) -> Vec<Self> {
        let mut runs = find_runs(text.as_bytes(), &STANDARD, *b"+/");
        let url_safe = find_runs(text.as_bytes(), &URL_SAFE, *b"-_");
        // Without its signs it stands between two bounds of the other alphabet's run.
        runs.extend(url_safe.into_iter().filter(|run| run.digits.iter().any(|digit| b"-_".contains(digit))));
        runs
    }

    /// What it says from one bound to another, the shorter before the longer; text only.
    pub(super) fn read_between_bounds(&self) -> impl Iterator<Item = Reading> {
        let starts = self.bounds.iter().enumerate().filter(|(_, start)| {
            // No text begins with such a digit.
            self.digits.get(**start).is_some_and(u8::is_ascii_alphanumeric)
        });
        starts.flat_map(move |(at, start)| {
            let ends = self.bounds[at + 1..].iter().take(MOST_ENDS);
            ends.filter_map(move |end| {
                let said = String::from_utf8(self.decode(*start..*end)?).ok()?;
                let is_text = !said.contains(is_unprintable);
                is_text.then(|| Reading { said, place: self.place(*start..*end) })
            })
        })
    }

    /// The texts of at least so many bytes in what it says, wherever they begin.
    pub(super) fn read_anywhere(&self, shortest: usize) -> impl Iterator<Item = Reading> {
        (0..4).flat_map(move |skipped| {
            let bytes = self.decode(skipped..self.digits.len()).unwrap_or_default();
            let texts = find_texts(&bytes, shortest).into_iter().map(move |(start, said)| {
                // Three bytes are four digits; a digit that says only a part belongs to it.
                let digits = skipped + start * 4 / 3..skipped + ((start + said.len()) * 4).div_ceil(3);
                Reading { said, place: self.place(digits) }
            });
            texts.collect::<Vec<_>>()
        })
    }

    fn decode(&self, digits: Range<usize>) -> Option<Vec<u8>> {
        let digits = self.digits.get(digits)?;
        if digits.len() < FEWEST_DIGITS {
            return None;
        }
        // One digit more than a multiple of four says nothing.
        let whole = digits.len() - usize::from(digits.len() % 4 == 1);
        self.engine.decode(&digits[..whole]).ok()
    }

    /// Where in the text these digits stand, with the padding that is theirs.
    fn place(&self, digits: Range<usize>) -> Range<usize> {
        let end = digits.end.min(self.digits.len());
        let missing = (4 - (end - digits.start) % 4) % 4;
        let padding = if end == self.digits.len() && self.padding == missing { missing } else { 0 };
        self.places[digits.start]..self.places[end - 1] + 1 + padding
    }
}

/// The runs by the alphabet that has these two signs beside letters and digits.
fn find_runs(text: &[u8], engine: &'static engine::GeneralPurpose, signs: [u8; 2]) -> Vec<Run> {
    let begin = || Run { engine, digits: Vec::new(), places: Vec::new(), bounds: Vec::new(), padding: 0 };
    let (mut runs, mut run, mut breaks) = (Vec::new(), begin(), false);
    // Most runs are short words: what they took is taken by the next one.
    let mut finish = |run: &mut Run, end: usize| {
        if run.digits.len() >= FEWEST_DIGITS {
            let mut run = std::mem::replace(run, begin());
            run.bounds.insert(0, 0);
            run.bounds.push(run.digits.len());
            run.bounds.dedup();
            run.padding = text[end..].iter().take_while(|byte| **byte == b'=').count();
            runs.push(run);
        } else {
            run.digits.clear();
            run.places.clear();
            run.bounds.clear();
        }
    };
    for (at, byte) in text.iter().copied().enumerate() {
        let is_sign = signs.contains(&byte);
        if byte.is_ascii_alphanumeric() || is_sign {
            breaks = false;
            if is_sign {
                run.bounds.push(run.digits.len());
            }
            run.digits.push(byte);
            run.places.push(at);
            if is_sign {
                run.bounds.push(run.digits.len());
            }
        } else if b"\r\n".contains(&byte) || (breaks && b" \t".contains(&byte)) {
            breaks = true;
            run.bounds.push(run.digits.len());
        } else if !run.digits.is_empty() {
            breaks = false;
            finish(&mut run, at);
        }
    }
    finish(&mut run, text.len());
    runs
}

/// The texts of at least so many bytes between what is none, and where each begins.
fn find_texts(bytes: &[u8], shortest: usize) -> Vec<(usize, String)> {
    let (mut texts, mut done) = (Vec::new(), 0);
    for chunk in bytes.utf8_chunks() {
        for text in chunk.valid().split_inclusive(is_unprintable) {
            let printable = text.trim_end_matches(is_unprintable);
            if printable.len() >= shortest {
                texts.push((done, printable.to_owned()));
            }
            done += text.len();
        }
        done += chunk.invalid().len();
    }
    texts
}

fn is_unprintable(c: char) -> bool {
    c.is_control() && !c.is_ascii_whitespace()
}
