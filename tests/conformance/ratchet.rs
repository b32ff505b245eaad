//! What passes may only grow: `data/baseline.json`. What is known to fail may only shrink: `data/known-failures.json`.
//!
//! With `UPDATE_CONFORMANCE` set, both are written anew where that is the good direction, and never in the other. The
//! tests of several services write the same files, so they have to run one after another then.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use serde::{Deserialize, Serialize};

use crate::{
    check::Failure,
    expectations::{path_of, read},
    grade::Grade,
    names::fits,
};

const BASELINE: &str = "baseline.json";
const KNOWN_FAILURES: &str = "known-failures.json";

/// What came of an operation's variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    pub variants: u32,
    pub passed: u32,
    /// Of those that passed: the ones that rest on facts of the grades A and B alone.
    pub facts: u32,
}

/// By service and operation.
pub type Tallies = BTreeMap<String, BTreeMap<String, Tally>>;

/// A failure that is known. In the names, `*` stands for anything.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFailure {
    /// The row of issue 14 that mends it.
    row: u32,
    service: String,
    operation: String,
    variant: String,
    /// The check that fails.
    check: String,
}

/// A variant that was sent.
pub struct Outcome {
    pub operation: String,
    pub variant: String,
    pub section: String,
    pub grade: Grade,
    pub failures: Vec<Failure>,
}

/// What failed.
#[derive(Default)]
pub struct Failed {
    /// What is not as the list of known failures says.
    pub unexpected: Vec<String>,
    /// What is.
    pub known: Vec<String>,
}

/// Counts what came of a service's variants, by operation.
pub fn count(outcomes: &[Outcome]) -> BTreeMap<String, Tally> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for outcome in outcomes {
        let tally = tallies.entry(outcome.operation.clone()).or_default();
        let passed = outcome.failures.is_empty();
        tally.variants += 1;
        tally.passed += u32::from(passed);
        tally.facts += u32::from(passed && outcome.grade < Grade::C);
    }
    tallies
}

/// Whether the files are to be written anew.
fn updates() -> bool {
    std::env::var_os("UPDATE_CONFORMANCE").is_some()
}

/// Compares what failed with the list of known failures.
pub fn compare_failures(service: &str, outcomes: &[Outcome]) -> Failed {
    let mut list: Vec<KnownFailure> = read(KNOWN_FAILURES);
    let mut is_met = vec![false; list.len()];
    let mut failed = Failed::default();
    for Outcome { operation, variant, section, grade, failures } in outcomes {
        for Failure { check, detail } in failures {
            let says = format!("{operation}, {variant} (§{section}, {grade:?}): {check}: {detail}");
            let place = list.iter().position(|known| {
                known.service == service
                    && fits(&known.operation, operation)
                    && fits(&known.variant, variant)
                    && fits(&known.check, check)
            });
            if let Some(place) = place {
                is_met[place] = true;
                failed.known.push(format!("row {}: {says}", list[place].row));
            } else {
                failed.unexpected.push(says);
            }
        }
    }
    let mut is_met = is_met.into_iter();
    let mended = list.extract_if(.., |known| !is_met.next().unwrap_or_default() && known.service == service);
    let mended: Vec<KnownFailure> = mended.collect();
    if updates() && !mended.is_empty() {
        write_known_failures(&list);
    } else {
        failed.unexpected.extend(mended.iter().map(|KnownFailure { row, operation, variant, check, .. }| {
            format!(
                "row {row} is mended for {operation}, {variant}, {check}: run `make conformance`, which takes it off \
                 the list of known failures"
            )
        }));
    }
    failed
}

fn write_known_failures(list: &[KnownFailure]) {
    let lines: Vec<String> = list.iter().map(|row| serde_json::to_string(row).expect("JSON")).collect();
    let text = if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) };
    fs::write(path_of(KNOWN_FAILURES), text).expect("the file can be written");
}

/// Compares with the baseline. Gives what is not as it says.
pub fn compare_baseline(service: &str, tallies: &BTreeMap<String, Tally>) -> Vec<String> {
    let mut baseline: Tallies = read(BASELINE);
    let before = baseline.entry(service.to_owned()).or_default();
    let mut wrong = Vec::new();
    for (operation, was) in &*before {
        let is = tallies.get(operation).copied().unwrap_or_default();
        if is.passed < was.passed {
            wrong.push(format!(
                "{operation}: {} variants pass, {} did. If the data files ask for less than before, and rightly so, \
                 lower data/baseline.json by hand",
                is.passed, was.passed
            ));
        }
    }
    if wrong.is_empty() && before != tallies {
        if updates() {
            before.clone_from(tallies);
            write_baseline(&baseline);
        } else {
            wrong.push("more passes than data/baseline.json says: run `make conformance`, which raises it".to_owned());
        }
    }
    wrong
}

fn write_baseline(baseline: &Tallies) {
    let mut text = "{\n".to_owned();
    for (at, (service, tallies)) in baseline.iter().enumerate() {
        let lines = tallies.iter().map(|(operation, tally)| {
            let tally = serde_json::to_string(tally).expect("JSON");
            format!("  {}: {tally}", serde_json::Value::from(operation.as_str()))
        });
        let lines: Vec<String> = lines.collect();
        let comma = if at + 1 < baseline.len() { "," } else { "" };
        writeln!(text, " \"{service}\": {{\n{}\n }}{comma}", lines.join(",\n")).expect("a text");
    }
    text.push_str("}\n");
    fs::write(path_of(BASELINE), text).expect("the file can be written");
}
