//! The walls between the rooms, as a test.
//!
//! If you are here because this failed: a room reached for one that stands above it. Move what both need down.
#![expect(clippy::unwrap_used, clippy::tests_outside_test_module, reason = "these are tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// From the ground up. A room may name itself and those before it.
const ROOMS: [&str; 15] = [
    "core", "domain", "store", "seed", "tls", "config", "app", "http", "web", "services", "control", "ui", "router",
    "startup", "cli",
];

/// Files that still name a service that stands above them; the registry takes the place of each.
const STILL_NAMES_SERVICES: [&str; 4] =
    ["store/state/rows.rs", "store/state/spec.rs", "store/organization.rs", "store/rate_window.rs"];

/// Crates that belong to some rooms only.
const CRATES: [(&str, &[&str]); 8] = [
    ("sqlx", &["store", "services"]),
    ("axum", &["http", "services", "web", "control", "ui", "router", "startup", "cli", "config"]),
    ("askama", &["web", "services", "ui"]),
    ("hyper", &["cli"]),
    ("clap", &["config", "cli"]),
    ("argon2", &["core"]),
    ("rcgen", &["tls"]),
    ("tokio_rustls", &["tls", "cli"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file: its room, its path below `src`, its code without comments.
fn files() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
            let room = name.split(['/', '.']).next().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (room, name, code)
        })
        .filter(|(room, ..)| room != "lib" && room != "main")
        .collect()
}

/// `crate::room` as well as the `room` inside `use crate::{ … }`.
fn names_room(code: &str, room: &str) -> bool {
    if code.contains(&format!("crate::{room}::"))
        || code.contains(&format!("crate::{room}}}"))
        || code.contains(&format!("crate::{{{room}"))
    {
        return true;
    }
    code.split("use crate::{").skip(1).any(|rest| {
        let mut depth = 1;
        let block: String = rest
            .chars()
            .take_while(|c| {
                depth += i32::from(*c == '{') - i32::from(*c == '}');
                depth > 0
            })
            .collect();
        let mut depth = 0;
        let mut top = String::new();
        for c in block.chars() {
            depth -= i32::from(c == '}');
            if depth == 0 {
                top.push(c);
            }
            depth += i32::from(c == '{');
        }
        top.split(',').any(|item| item.trim().split([':', ' ', '{']).next() == Some(room))
    })
}

#[test]
fn every_room_knows_only_those_below_it() {
    for (room, name, code) in files() {
        let Some(floor) = ROOMS.iter().position(|r| *r == room) else {
            panic!("{name} is in no known room: add it to ROOMS")
        };
        for above in &ROOMS[floor + 1..] {
            if *above == "services" && STILL_NAMES_SERVICES.contains(&name.as_str()) {
                continue;
            }
            assert!(!names_room(&code, above), "src/{name} ({room}) names {above}, which stands above it");
        }
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    for (room, name, code) in files() {
        for (krate, rooms) in CRATES {
            let named = code.contains(&format!("{krate}::")) && !code.contains(&format!("::{krate}::"));
            assert!(!named || rooms.contains(&room.as_str()), "src/{name} names {krate}, which belongs to {rooms:?}");
        }
    }
}

#[test]
fn http_names_no_vendor_and_services_do_not_know_each_other() {
    for (room, name, code) in files() {
        let lower = code.to_lowercase();
        if room == "http" {
            for vendor in ["jetbrains", "atlassian", "license_vault", "vault"] {
                assert!(!lower.contains(vendor), "src/{name} names {vendor}");
            }
        }
        if let Some(own) = name.strip_prefix("services/").and_then(|rest| rest.split_once('/')).map(|(own, _)| own) {
            for other in ["jetbrains_account", "license_vault", "atlassian"].iter().filter(|s| **s != own) {
                assert!(!code.contains(&format!("services::{other}")), "src/{name} names the service {other}");
            }
        }
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    for (_, name, _) in files() {
        let size = fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&name)).unwrap().len();
        assert!(size <= 24 * 1024, "src/{name} has {size} bytes: split it");
    }
}

#[test]
fn only_the_clock_and_the_ids_touch_the_machine() {
    for (_, name, code) in files() {
        for (word, home) in
            [("Utc::now", "core/clock.rs"), ("SystemTime::now", ""), ("Uuid::new_v4", ""), ("SysRng", "core/ids.rs")]
        {
            assert!(!code.contains(word) || name == home, "src/{name} says {word}");
        }
    }
}

/// Rustfmt leaves what it cannot break as it is.
#[test]
fn tests_are_short_and_narrow() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut found);
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 450, "{} has {} lines: split it", path.display(), text.lines().count());
        for (number, line) in (1..).zip(text.lines()) {
            assert!(line.chars().count() <= 120, "{}:{number} is wider than 120 columns", path.display());
        }
    }
}
