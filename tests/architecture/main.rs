//! The walls between the rooms, as tests.
//!
//! If you are here because one failed: a file reached for what stands above it, beside it or outside of its room. Move
//! what both need down, or hand it down. `docs/architecture.md` shows the rooms.
#![expect(clippy::unwrap_used, clippy::tests_outside_test_module, reason = "these are tests")]

mod changes;
mod source;
mod time;
mod writes;

use std::fs;

use source::{Source, circles, dependencies, find_files, name_below_src, sources};

/// From the ground up. A room may name itself and those before it. A service may name what it registers with, but
/// neither another service nor the registry.
const ROOMS: [&str; 18] = [
    "core",
    "domain",
    "store",
    "seed",
    "tls",
    "config",
    "app",
    "http",
    "web",
    "registration",
    "services/*",
    "services",
    "control",
    "ui",
    "router",
    "startup",
    "reload",
    "cli",
];

/// What a service registers with: the files of the registry that name no service.
const REGISTRATION: [&str; 3] = ["services/service.rs", "services/operations.rs", "services/comparison.rs"];

/// Crates that belong to some rooms only; of a service's folder, to the files and folders of these names.
const CRATES: [(&str, &[&str], &[&str]); 8] = [
    ("sqlx", &["store"], &["store"]),
    (
        "axum",
        &["app", "http", "web", "registration", "services", "control", "ui", "router", "startup", "cli"],
        &["api", "control", "ui", "mod"],
    ),
    ("askama", &["web", "ui"], &["ui"]),
    ("hyper", &["config", "cli"], &[]),
    ("clap", &["config", "cli"], &[]),
    ("argon2", &["core"], &[]),
    ("rcgen", &["tls"], &[]),
    ("tokio_rustls", &["tls", "cli"], &[]),
];

/// Words of the vendors. Nobody but a service knows them.
const VENDOR_WORDS: [&str; 18] = [
    "jetbrains",
    "atlassian",
    "license_vault",
    "license-vault",
    "license vault",
    "licensevault",
    "x-api-key",
    "x-customer-code",
    "automation ",
    "cloud.session.token",
    "role_grant",
    "api_token",
    "api_key",
    "oauth_client",
    "service_account",
    "vault_",
    "team_id",
    "license_id",
];

fn room_of(source: &Source) -> &str {
    if REGISTRATION.contains(&source.name.as_str()) {
        return "registration";
    }
    if source.room.starts_with("services/") { "services/*" } else { &source.room }
}

fn floor_of(source: &Source) -> usize {
    let room = room_of(source);
    let floor = ROOMS.iter().position(|known| *known == room);
    floor.unwrap_or_else(|| panic!("src/{} is in no known room: add it to ROOMS", source.name))
}

/// All but the files that only declare modules and start the program.
fn files() -> Vec<Source> {
    sources().into_iter().filter(|source| !source.room.is_empty()).collect()
}

#[test]
fn every_room_knows_only_those_below_it() {
    let files = files();
    let mut wrong = Vec::new();
    for (file, named) in files.iter().zip(dependencies(&files)) {
        for other in named.into_iter().map(|other| &files[other]) {
            let is_other_service =
                room_of(file) == "services/*" && room_of(other) == "services/*" && file.room != other.room;
            if floor_of(other) > floor_of(file) || is_other_service {
                wrong.push(format!("src/{} names src/{}", file.name, other.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_room_has_a_circle_of_more_than_two_files() {
    let files = files();
    let dependencies = dependencies(&files);
    let large = circles(&dependencies).into_iter().filter(|circle| circle.len() > 2);
    let named = large.map(|circle| {
        let mut lines = Vec::new();
        for place in &circle {
            let others = dependencies[*place].iter().filter(|other| circle.contains(other));
            let others: Vec<&str> = others.map(|other| files[*other].name.as_str()).collect();
            lines.push(format!("  src/{} names {}", files[*place].name, others.join(", ")));
        }
        lines.join("\n")
    });
    let named: Vec<String> = named.collect();
    assert!(named.is_empty(), "{} circles:\n{}", named.len(), named.join("\n\n"));
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for file in files() {
        for (name, rooms, folders) in CRATES {
            let is_named = file.code.lines().any(|line| {
                line.match_indices(&format!("{name}::")).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
                })
            });
            let is_at_home = match file.module.as_slice() {
                [_, _, _, folder, ..] if room_of(&file) == "services/*" => folders.contains(&folder.as_str()),
                _ if room_of(&file) == "services/*" => folders.contains(&"mod"),
                _ => rooms.contains(&room_of(&file)),
            };
            if is_named && !is_at_home {
                wrong.push(format!("src/{} names {name}", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The templates of pages too.
#[test]
fn only_services_know_what_is_a_vendors() {
    let mut wrong = Vec::new();
    for path in find_files("src", &["rs", "html", "css", "js", "toml"]) {
        let name = name_below_src(&path);
        if name.starts_with("services/") || name == "lib.rs" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            let lower = line.to_lowercase();
            for word in VENDOR_WORDS.iter().filter(|word| lower.contains(**word)) {
                wrong.push(format!("src/{name}:{number} says `{word}`: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_narrow() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].iter().flat_map(|folder| find_files(folder, &["rs"])) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > 450 {
            wrong.push(format!("{} has {lines} lines: split it", path.display()));
        }
        let is_test = !path.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
        for (number, line) in (1..).zip(text.lines()) {
            // An attribute of a route cannot be broken by rustfmt, and its first line is the operation's summary.
            if is_test && line.chars().count() > 120 {
                wrong.push(format!("{}:{number} is wider than 120 columns", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_clock_and_the_ids_touch_the_machine() {
    for Source { name, code, .. } in files() {
        for (word, home) in
            [("Utc::now", "core/clock.rs"), ("SystemTime::now", ""), ("Uuid::new_v4", ""), ("SysRng", "core/ids.rs")]
        {
            assert!(!code.contains(word) || name == home, "src/{name} says {word}");
        }
    }
}
