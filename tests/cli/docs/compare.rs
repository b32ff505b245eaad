//! The page of `locum compare`: what each request asks, and which guesses it settles.

use std::{collections::HashSet, fmt::Write as _};

use locum::services::{self, comparison::Question};

use super::{check_or_update, format_cell, read, with_generated};

/// A line of "Our guess" in fidelity: its sections, and what it says.
type Guess = (String, String);

/// The guesses about a service, whose heading begins with the same word as its title.
fn list_guesses(fidelity: &str, title: &str) -> Vec<Guess> {
    let word = title.split(' ').next().unwrap();
    let part = fidelity.split("\n# ").find(|part| part.starts_with(word)).unwrap();
    let part = part.split("\n## ").find(|part| part.starts_with("Our guess")).unwrap();
    let rows = part.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect::<Vec<_>>());
    cells.map(|cells| (cells[0].to_owned(), cells[1].to_owned())).collect()
}

/// Finds the one line that is meant.
fn find_guess<'a>(guesses: &'a [Guess], question: &Question, (section, words): (&str, &str)) -> &'a Guess {
    let is_it = |guess: &&Guess| {
        (guess.0 == section || guess.0.split(", ").any(|one| one == section)) && guess.1.contains(words)
    };
    let found: Vec<&Guess> = guesses.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{}: docs/fidelity.md, §{section} `{words}`: {found:?}", question.name);
    found[0]
}

#[test]
fn requests_are_those_of_the_program_and_settle_lines_of_fidelity() {
    const NAME: &str = "docs/compare.md";
    let fidelity = read("docs/fidelity.md");
    let mut text = read(NAME);
    let services = services::registry();
    for (service, comparison) in services.iter().flat_map(|one| one.comparisons.iter().map(move |each| (one, each))) {
        let guesses = list_guesses(&fidelity, service.title);
        let (mut names, mut settled) = (HashSet::new(), HashSet::new());
        let mut table = "| request | | settles |\n|---|---|---|\n".to_owned();
        for question in comparison.questions {
            assert!(names.insert(question.name), "{} is there twice", question.name);
            assert!(question.path.starts_with('/') && !question.path.contains([' ', '|', '`']), "{}", question.path);
            let lines = question.settles.iter().map(|line| {
                let guess = find_guess(&guesses, question, *line);
                settled.insert(guess);
                format!("§{} {}", guess.0, format_cell(&guess.1))
            });
            let lines: Vec<String> = lines.collect();
            let headers = question.headers.unwrap_or(comparison.headers);
            let mut templates = headers.iter().map(|(_, value)| *value).chain([question.path]);
            let has_token = templates.any(|template| template.contains("{token}"));
            let without = if has_token { "" } else { ", without the token" };
            let path = format!("`GET {}`{without}", question.path);
            writeln!(table, "| `{}` | {path} | {} |", question.name, lines.join("; ")).unwrap();
        }
        assert!(names.len() > 10, "{}", comparison.title);
        let count = format!("{} requests, which settle {} of {} guesses.", names.len(), settled.len(), guesses.len());
        text = with_generated(&text, comparison.name, &format!("{count}\n\n{table}"));
    }
    check_or_update(NAME, &text);
}
