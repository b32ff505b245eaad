//! Entries of a seed, each with the record that it comes from, and how they are written.

use std::fmt::Write as _;

use super::notes::Place;

/// A value of an entry.
#[derive(Debug, Clone)]
pub enum Value {
    /// Written between quotes.
    Text(String),
    /// Written as it is: a number, a date, a word of the format.
    Plain(String),
    /// Texts between quotes.
    Texts(Vec<String>),
    /// Another entry, in the same line.
    One(Box<Entry>),
    /// Entries, each in a line.
    Entries(Vec<Entry>),
}

/// An entry of a seed.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub place: Place,
    fields: Vec<(&'static str, Value)>,
}

impl Entry {
    pub fn new(place: Place) -> Self {
        Self { place, fields: Vec::new() }
    }

    pub fn text(&mut self, name: &'static str, text: impl Into<String>) -> &mut Self {
        self.set(name, Value::Text(text.into()))
    }

    pub fn plain(&mut self, name: &'static str, word: impl Into<String>) -> &mut Self {
        self.set(name, Value::Plain(word.into()))
    }

    /// Nothing, where there is no text.
    pub fn opt_text(&mut self, name: &'static str, text: Option<String>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    pub fn opt_plain(&mut self, name: &'static str, word: Option<String>) -> &mut Self {
        if let Some(word) = word {
            self.plain(name, word);
        }
        self
    }

    pub fn one(&mut self, name: &'static str, entry: Entry) -> &mut Self {
        self.set(name, Value::One(Box::new(entry)))
    }

    /// A field, in the place of the one of its name.
    pub fn set(&mut self, name: &'static str, value: Value) -> &mut Self {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
        self
    }

    /// Adds an entry to those below `name`.
    pub fn push(&mut self, name: &'static str, entry: Entry) {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Value::Entries(entries))) => entries.push(entry),
            _ => self.fields.push((name, Value::Entries(vec![entry]))),
        }
    }

    pub fn find_text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(known, value)| match value {
            Value::Text(text) if *known == name => Some(text.as_str()),
            _ => None,
        })
    }
}

/// A text that is written, and of each line the record that it comes from.
#[derive(Debug, Default)]
pub struct Written {
    pub text: String,
    places: Vec<Place>,
}

impl Written {
    /// The record that a line comes from; lines count from 1.
    pub fn find_place(&self, line: u64) -> Option<Place> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.places.get(index).copied().filter(|place| place.record > 0)
    }

    pub fn line(&mut self, text: &str, place: Place) {
        self.text += text;
        self.end_line(place);
    }

    fn end_line(&mut self, place: Place) {
        self.text.push('\n');
        self.places.push(place);
    }

    /// Writes an entry of a list, `depth` spaces in.
    pub fn entry(&mut self, entry: &Entry, depth: usize) {
        let _ = write!(self.text, "{:depth$}- ", "");
        self.flow(entry, depth + 2);
        self.end_line(entry.place);
    }

    /// Writes an entry between braces.
    fn flow(&mut self, entry: &Entry, depth: usize) {
        self.text.push('{');
        for (nth, (name, value)) in entry.fields.iter().enumerate() {
            let _ = write!(self.text, "{} {name}: ", if nth == 0 { "" } else { "," });
            match value {
                Value::Text(text) => self.text += &quote(text),
                Value::Plain(word) => self.text += word,
                Value::Texts(texts) => {
                    let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
                    let _ = write!(self.text, "[{}]", texts.join(", "));
                }
                Value::One(one) => self.flow(one, depth),
                Value::Entries(entries) => {
                    self.text.push('[');
                    self.end_line(entry.place);
                    for one in entries {
                        let _ = write!(self.text, "{:1$}", "", depth + 2);
                        self.flow(one, depth + 2);
                        self.text.push(',');
                        self.end_line(one.place);
                    }
                    let _ = write!(self.text, "{:depth$}]", "");
                }
            }
        }
        self.text += " }";
    }
}

/// Writes a text so that YAML and the variables of a seed leave it as it is.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.replace("${", "$${").chars() {
        match letter {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            '\r' => quoted += "\\r",
            // Letters that YAML does not let through, or that break a line or its direction.
            c if c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c if matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
