//! How a service comes by the time: only so that it is noted what an answer makes of it, because answers are remembered
//! for as long as they hold.

use crate::files;

/// What a service's answers and rules would get the bare time from. Its control routes and pages, whose answers are not
/// remembered, may.
const BARE_TIME: [&str; 5] = ["Clock", "default_space", "organization::Space", "space.now()", "Identified"];
/// Rooms of a service that answer its clients.
const ANSWERING: [&str; 3] = ["api", "domain", "store"];

#[test]
fn handlers_have_no_time_but_the_one_that_notes_how_it_is_used() {
    let mut wrong = Vec::new();
    for file in files() {
        let [_, services, _, room, ..] = file.module.as_slice() else { continue };
        if services != "services" || !ANSWERING.contains(&room.as_str()) {
            continue;
        }
        // Only a write has the time as it is, and no write is remembered.
        let is_seed_or_state = file.name.contains("/state");
        for word in BARE_TIME.iter().filter(|_| !is_seed_or_state) {
            if file.code.contains(word) {
                wrong.push(format!("src/{} says `{word}`: take `caller.now`", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A handler that reads what only its own request has would be answered for another.
#[test]
fn handlers_read_nothing_of_a_request_that_no_answer_is_remembered_by() {
    let mut wrong = Vec::new();
    for file in files() {
        let [_, services, _, room, ..] = file.module.as_slice() else { continue };
        if services != "services" || room != "api" {
            continue;
        }
        for word in ["Extension<", "ConnectInfo", "RequestId", "extensions.get::<"] {
            if file.code.contains(word) {
                wrong.push(format!("src/{} says `{word}`", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
