//! A start that takes long says how far it is.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use super::{licenses_of_one_team, locum, terminal::Screen};

/// Enough to take longer than it may without a word, on a fast machine too.
const MANY: usize = 50_000;

#[test]
fn a_long_start_shows_a_bar_on_a_terminal_and_lines_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.yaml");
    std::fs::write(&file, licenses_of_one_team(MANY)).unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--seed", file.to_str().unwrap()];

    let mut command = locum(&arguments);
    let screen = Screen::of(&mut command);
    let mut starting = command.stdout(Stdio::null()).spawn().unwrap();
    let drawn = screen.until("█");
    starting.kill().unwrap();
    starting.wait().unwrap();
    assert!(drawn.contains("writing seeds █"), "{drawn}");

    let seed = ["--seed", file.to_str().unwrap()];
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["serve", "--listen", "127.0.0.1:0", "--log", "warn"],
        &["exec"],
        &["exec", "--log", "error,sqlx=off"],
    ] {
        let mut command = locum(arguments);
        if arguments[0] == "exec" {
            command.args(seed).args(["--", "true"]);
        } else {
            command.args(seed);
        }
        let mut starting = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(starting.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("writing seeds, "));
        starting.kill().unwrap();
        starting.wait().unwrap();
        let line = line.unwrap_or_else(|| panic!("{arguments:?} says nothing of its progress"));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(line["message"].as_str().unwrap().ends_with(" % done"), "{line}");
    }
}
