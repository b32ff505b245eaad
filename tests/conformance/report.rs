//! Prints what passed.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::ratchet::Tally;

/// A table of a service's operations, and the sum.
pub fn format_table(title: &str, tallies: &BTreeMap<String, Tally>) -> String {
    let mut text = format!("\n{title}\n{:<50}{:>9}{:>9}{:>16}\n", "", "variants", "passed", "of facts (A, B)");
    let mut line = |name: &str, tally: Tally| {
        let Tally { variants, passed, facts } = tally;
        let mark = if passed < variants { format!("  {} fail", variants - passed) } else { String::new() };
        writeln!(text, "{name:<50}{variants:>9}{passed:>9}{facts:>16}{mark}").expect("a text");
    };
    let mut sum = Tally::default();
    for (operation, tally) in tallies {
        line(operation, *tally);
        sum.variants += tally.variants;
        sum.passed += tally.passed;
        sum.facts += tally.facts;
    }
    line(&format!("{} operations", tallies.len()), sum);
    text
}
