//! Reads on behind what is wrong in a seed, so that all of it is told at once: a deserializer around another one, which
//! names unknown and doubled keys instead of stopping at the first.

use std::{cell::RefCell, collections::HashSet, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde_saphyr::{Location, Spanned};

use crate::core::suggest::{nearest, suggest};

/// The way from the document to a value: keys, and numbers in lists.
pub(super) type Path = Vec<String>;

/// What one reading of a text finds.
#[derive(Default)]
pub(super) struct Notes {
    /// Values that an earlier reading could make nothing of. This one passes over them.
    pub(super) skipped: HashSet<Path>,
    /// Unknown keys that are not read as what they look like, because that is there too.
    pub(super) not_guessed: HashSet<Path>,
    /// More of these, which this reading found too late.
    pub(super) wrong_guesses: RefCell<Vec<Path>>,
    /// What is wrong with keys, and where.
    pub(super) found: RefCell<Vec<(Location, String)>>,
    /// The innermost value at which the reading ended, if it did.
    pub(super) failed: RefCell<Option<Path>>,
    path: RefCell<Path>,
}

impl Notes {
    pub(super) fn new(skipped: HashSet<Path>, not_guessed: HashSet<Path>) -> Self {
        Self { skipped, not_guessed, ..Self::default() }
    }

    fn report(&self, at: Location, message: String) {
        self.found.borrow_mut().push((at, message));
    }

    fn is_skipped(&self, name: &str) -> bool {
        !self.skipped.is_empty() && self.skipped.contains(&self.path_to(name))
    }

    fn path_to(&self, name: &str) -> Path {
        let mut path = self.path.borrow().clone();
        path.push(name.to_owned());
        path
    }

    fn enter(&self, name: String) {
        self.path.borrow_mut().push(name);
    }

    /// Ends a value that was entered. One that cannot be read ends the reading, so only the innermost is of interest.
    fn leave<T, E>(&self, read: Result<T, E>) -> Result<T, E> {
        if read.is_err() {
            self.failed.borrow_mut().get_or_insert_with(|| self.path.borrow().clone());
        }
        self.path.borrow_mut().pop();
        read
    }
}

/// What a map is read into.
#[derive(Clone, Copy)]
enum Shape {
    /// A struct with these fields.
    Struct(&'static [&'static str]),
    /// A value with its place, which serde-saphyr hands on as a map that stands in no text.
    Span,
    /// It is not known which keys there may be.
    Other,
}

/// A deserializer, a visitor or a seed that is watched.
pub(super) struct Lenient<'n, T> {
    inner: T,
    notes: &'n Notes,
    shape: Shape,
}

impl<'n, T> Lenient<'n, T> {
    pub(super) fn new(inner: T, notes: &'n Notes) -> Self {
        Self { inner, notes, shape: Shape::Other }
    }
}

/// Watches what the visitor is given.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $name<V: Visitor<'de>>(self $(, $argument: $type)*, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$name($($argument,)* Lenient { inner: visitor, notes: self.notes, shape: self.shape })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, D> {
    type Error = D::Error;

    hand_on! {
        deserialize_any(); deserialize_bool(); deserialize_i8(); deserialize_i16(); deserialize_i32();
        deserialize_i64(); deserialize_i128(); deserialize_u8(); deserialize_u16(); deserialize_u32();
        deserialize_u64(); deserialize_u128(); deserialize_f32(); deserialize_f64(); deserialize_char();
        deserialize_str(); deserialize_string(); deserialize_bytes(); deserialize_byte_buf(); deserialize_option();
        deserialize_unit(); deserialize_seq(); deserialize_map(); deserialize_identifier();
        deserialize_unit_struct(name: &'static str);
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        // The name by which serde-saphyr knows that a value's place is asked for.
        let shape = if name == "__yaml_spanned" { Shape::Span } else { Shape::Other };
        self.inner.deserialize_newtype_struct(name, Lenient { inner: visitor, notes: self.notes, shape })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let watched = Lenient { inner: visitor, notes: self.notes, shape: Shape::Struct(fields) };
        self.inner.deserialize_struct(name, fields, watched)
    }

    /// In what is ignored nothing is wrong.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }
}

/// Values that have nothing in them.
macro_rules! visit {
    ($($name:ident($type:ty);)*) => {$(
        fn $name<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$name(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Lenient<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(bool); visit_i8(i8); visit_i16(i16); visit_i32(i32); visit_i64(i64); visit_i128(i128);
        visit_u8(u8); visit_u16(u16); visit_u32(u32); visit_u64(u64); visit_u128(u128); visit_f32(f32);
        visit_f64(f64); visit_char(char); visit_str(&str); visit_borrowed_str(&'de str); visit_string(String);
        visit_bytes(&[u8]); visit_borrowed_bytes(&'de [u8]); visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(access)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Lenient { inner: deserializer, notes: self.notes, shape: Shape::Other })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Lenient { inner: deserializer, notes: self.notes, shape: self.shape })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Elements { access, notes: self.notes, next: 0 })
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let (notes, shape) = (self.notes, self.shape);
        self.inner.visit_map(Entries { access, notes, shape, seen: Vec::new(), guessed: Vec::new(), is_value: false })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Lenient<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Lenient { inner: deserializer, notes: self.notes, shape: Shape::Other })
    }
}

/// The elements of a list.
struct Elements<'n, A> {
    access: A,
    notes: &'n Notes,
    next: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        loop {
            let number = self.next.to_string();
            self.next += 1;
            if !self.notes.is_skipped(&number) {
                self.notes.enter(number);
                let seed = Lenient { inner: seed, notes: self.notes, shape: Shape::Other };
                return self.notes.leave(self.access.next_element_seed(seed));
            }
            if self.access.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
    }
}

/// The entries of a map.
struct Entries<'n, A> {
    access: A,
    notes: &'n Notes,
    shape: Shape,
    /// Keys that were there.
    seen: Vec<String>,
    /// Of these, those that were spelled otherwise, and how.
    guessed: Vec<(String, String)>,
    /// What comes next is a value that has a place, and not that place.
    is_value: bool,
}

impl<'de, A: MapAccess<'de>> Entries<'_, A> {
    /// The next key that there may be here and that is not passed over.
    fn next_known_key(&mut self) -> Result<Option<String>, A::Error> {
        loop {
            let Some(key) = self.access.next_key::<Spanned<String>>()? else { return Ok(None) };
            let Spanned { value: mut name, referenced: at, .. } = key;
            if let Shape::Struct(fields) = self.shape
                && !fields.contains(&name.as_str())
            {
                let hint = suggest(&name, fields.iter().copied());
                self.notes.report(at, format!("unknown key `{name}`{hint}"));
                // Read as what it was meant to be, because everything that refers to it would seem wrong without it.
                let meant = nearest(&name, fields.iter().copied());
                let is_wrong_guess = self.notes.not_guessed.contains(&self.notes.path_to(&name));
                let is_new = |meant: &&str| !is_wrong_guess && !self.seen.iter().any(|seen| seen == meant);
                let Some(meant) = meant.filter(is_new) else {
                    self.access.next_value::<IgnoredAny>()?;
                    continue;
                };
                let spelled = std::mem::replace(&mut name, meant.to_owned());
                self.guessed.push((name.clone(), spelled));
            }
            let is_double = self.seen.contains(&name);
            if is_double {
                match self.guessed.iter().find(|(meant, _)| *meant == name) {
                    Some((_, spelled)) => self.notes.wrong_guesses.borrow_mut().push(self.notes.path_to(spelled)),
                    None => self.notes.report(at, format!("duplicate key `{name}`")),
                }
            }
            if is_double || self.notes.is_skipped(&name) {
                self.access.next_value::<IgnoredAny>()?;
                if !is_double {
                    self.seen.push(name);
                }
                continue;
            }
            self.seen.push(name.clone());
            return Ok(Some(name));
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if let Shape::Span = self.shape {
            let Some(name) = self.access.next_key::<String>()? else { return Ok(None) };
            self.is_value = name == "value";
            return seed.deserialize(name.into_deserializer()).map(Some);
        }
        let Some(name) = self.next_known_key()? else { return Ok(None) };
        self.notes.enter(name.clone());
        let key = seed.deserialize(name.into_deserializer());
        if key.is_err() {
            return self.notes.leave(key).map(Some);
        }
        key.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let watched = |seed| Lenient { inner: seed, notes: self.notes, shape: Shape::Other };
        match self.shape {
            Shape::Span if self.is_value => self.access.next_value_seed(watched(seed)),
            Shape::Span => self.access.next_value_seed(seed),
            Shape::Struct(_) | Shape::Other => {
                let read = self.access.next_value_seed(watched(seed));
                self.notes.leave(read)
            }
        }
    }
}
