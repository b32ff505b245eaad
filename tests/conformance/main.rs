//! Whether Locum answers as the vendors do: variants of every request, made from the vendors' own schemas and the
//! contracts' tables, sent with every kind of credential.
//!
//! `README.md` beside this file says how to read the data and what to do when this fails.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "these are tests")]

mod check;
mod exceptions;
mod expectations;
mod facts;
mod grade;
mod names;
mod ratchet;
mod report;
mod schema;
mod self_test;
mod send;
mod variants;

#[expect(dead_code, unused_imports, unused_macros, reason = "what one binary leaves unused, the other needs")]
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

use check::Checker;
use exceptions::Exceptions;
use expectations::{Service, path_of};
use ratchet::Outcome;
use send::Target;
use support::{Database, TestApp};
use variants::{Uses, make_variants};

/// Failures that a message names; more only make it longer.
const SHOWN: usize = 20;

/// Sends every variant to a service, and compares what came with what may come.
async fn examine(name: &'static str, database: Database) {
    let seed = path_of("seed.yaml");
    let seeds = ["--seed", seed.to_str().unwrap()];
    let app = TestApp::start_with(database, &seeds).await;
    let service = Service::read(name);
    let target = Target::new(&app, &service).await;
    let (mut uses, mut exceptions) = (Uses::default(), Exceptions::read());
    let variants = make_variants(&service, &target.found, &mut uses);
    exceptions.meet(name, &uses.exceptions);
    let mut wrong: Vec<String> = exceptions.find_undocumented(&service, &variants).into_iter().collect();
    let mut outcomes = Vec::new();
    let mut checker = Checker::new(&service, &mut exceptions);
    for variant in variants {
        let answer = target.send(&variant.request).await;
        let failures = checker.check(&variant, &answer);
        let (operation, section, grade) = (variant.operation, variant.section, variant.grade);
        outcomes.push(Outcome { operation, variant: variant.name, section, grade, failures });
    }
    wrong.extend(find_rows_of_no_use(&service, &uses));
    wrong.extend(exceptions.find_unmet(name).into_iter().map(|id| format!("the exception `{id}` was never met")));
    let failed = ratchet::compare_failures(name, &outcomes);
    let tallies = ratchet::count(&outcomes);
    wrong.extend(failed.unexpected);
    wrong.extend(ratchet::compare_baseline(name, &tallies));
    println!("{}", report::format_table(&service.title, &tallies));
    let all: PathBuf = [env!("CARGO_TARGET_TMPDIR"), &format!("conformance-{name}-{database:?}.txt")].iter().collect();
    std::fs::write(&all, [wrong.as_slice(), &failed.known].concat().join("\n")).unwrap();
    let shown = wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    let count = wrong.len();
    assert!(count == 0, "{count} things about {name} are not as they should be, all in {}:\n{shown}", all.display());
}

/// Rows of the data that nothing was measured by: they would be believed to guard something.
fn find_rows_of_no_use(service: &Service, uses: &Uses) -> Vec<String> {
    let rules = service.rules.iter().enumerate().filter(|(place, _)| !uses.rules.contains(&(service.name, *place)));
    let rules = rules.map(|(place, rule)| format!("rule {} is never used: {rule:?}", place + 1));
    let answers = service.answers.keys().filter(|name| !uses.answers.contains(&(service.name, (*name).clone())));
    rules.chain(answers.map(|name| format!("the answer `{name}` is never expected"))).collect()
}

/// One test for a service and a database.
macro_rules! examine {
    ($($name:ident),*) => {$(
        mod $name {
            use super::{Database, examine};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                examine(stringify!($name), Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                examine(stringify!($name), Database::Postgres).await;
            }
        }
    )*};
}

examine!(atlassian, jetbrains_account, license_vault);
