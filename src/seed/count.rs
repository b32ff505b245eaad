//! What a seed holds, in numbers.

use std::fmt;

/// How many records of a kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub number: usize,
    /// What one is called.
    one: &'static str,
    /// What more than one are called.
    many: &'static str,
}

impl Count {
    pub fn new(number: usize, one: &'static str, many: &'static str) -> Self {
        Self { number, one, many }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, if self.number == 1 { self.one } else { self.many })
    }
}
