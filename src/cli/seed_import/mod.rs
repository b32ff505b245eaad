//! `locum seed import`: a seed of what services list.

mod arguments;

use std::io::{Read as _, Write as _};

use chrono::SubsecRound as _;

pub(super) use arguments::ImportArguments;

use crate::{
    cli::{Failure, output, print, progress::Watch},
    core::{clock::Clock, ids::random_bytes, progress::Progress},
    seed::import::{ListFile, draft::Draft, pseudonyms::Pseudonyms},
    services::importing::{self, Import},
};

pub(super) fn run(arguments: &ImportArguments) -> Result<(), Failure> {
    let progress = Progress::default();
    let watch = Watch::start(&progress, |line| {
        // An error is of no interest, because it means that nobody reads standard error.
        let _ = writeln!(std::io::stderr(), "locum: {line}");
    });
    let pseudonyms = arguments.anonymize.then(|| match &arguments.key {
        Some(key) => Pseudonyms::new(key.as_bytes()),
        None => Pseudonyms::new(&random_bytes::<32>()),
    });
    // Seeds have milliseconds, and two dates would each be cut.
    let now = arguments.now.unwrap_or_else(|| Clock::Real.now().trunc_subsecs(3));
    let mut import = Import::new(Draft::new(now, pseudonyms));
    // In the order in which one list needs another, not in that of the command line.
    for list in importing::lists() {
        let given = arguments.files.iter().filter(|(option, _)| *option == list.option);
        for (_, path) in given {
            let name = if path == "-" { "<standard input>" } else { path };
            let number = import.draft.notes.add_file(name);
            match read_file(path) {
                Ok(text) => import.read(list.option, &ListFile::new(number, text), &progress),
                Err(message) => import.draft.notes.refuse(importing::place_of_file(number), message),
            }
        }
    }
    let (notes, written) = import.finish(&arguments.name, arguments.customer_code, &progress);
    drop(watch);
    // Nothing is left out where there is no seed, and what is wrong stands alone.
    let text = written.map_err(Failure::Usage)?;
    let mut stderr = output::stderr();
    for warning in notes.list_warnings() {
        let _ = writeln!(stderr, "locum: warning: {warning}");
    }
    if arguments.anonymize && arguments.key.is_none() {
        let message = "the pseudonyms are of a random key: with --anonymize-key, another import has the same ones";
        let _ = writeln!(stderr, "locum: {message}");
    }
    print(&text)
}

fn read_file(path: &str) -> Result<String, String> {
    let read = if path == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = read.map_err(|error| format!("cannot be read: {error}"))?;
    let message = "is not UTF-8: save it as that (programs for tables call it CSV UTF-8)";
    String::from_utf8(bytes).map_err(|_| message.to_owned())
}
