//! `--watch`: seeds that change while Locum runs.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{ChildStderr, Stdio},
};

use serde_json::Value;

use super::{Server, locum, run};

const APPLIED: &str = "every space that came from them is reset";
const REFUSED: &str = "everything stays as it was";

/// A seed with one organization, whose admin has this token.
fn seed(code: u32, token: &str) -> String {
    format!(
        "version: 1\norganizations:\n  - name: Example Corp\n    customer_code: \"{code}\"\n    people: [{{ email: \
         ann@example.test }}]\n    jetbrains_account:\n      roles: [{{ person: ann@example.test, role: \
         organization_admin }}]\n      tokens: [{{ person: ann@example.test, token: {token} }}]\n"
    )
}

fn start(source: &Path) -> (Server, Lines<BufReader<ChildStderr>>) {
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--watch",
        "--log-format",
        "json",
        "--log",
        "info,locum=debug",
        "--seed",
        source.to_str().unwrap(),
    ];
    let mut server = Server::of(locum(&arguments).stderr(Stdio::piped()));
    let log = BufReader::new(server.child.stderr.take().unwrap()).lines();
    (server, log)
}

fn until(log: &mut Lines<BufReader<ChildStderr>>, says: &str) {
    assert!(log.any(|line| line.unwrap().contains(says)), "ended without `{says}`");
}

/// Asks who a token speaks for, and tells the status.
fn ask(server: &Server, code: &str, token: &str) -> u16 {
    let headers = format!("X-Api-Key: {token}\r\nX-Customer-Code: {code}\r\n");
    server.send("GET", "/api/v1/token", &headers, "").unwrap().0
}

fn find_problem(server: &Server) -> Option<String> {
    let info: Value = serde_json::from_str(&server.send("GET", "/_emulator/info", "", "").unwrap().1).unwrap();
    info["seed_problem"].as_str().map(ToOwned::to_owned)
}

#[test]
fn seeds_that_change_are_applied_and_wrong_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.yaml");
    fs::write(&file, seed(6_700_001, "first-token")).unwrap();
    let (mut server, mut log) = start(&file);
    let made = server.send("POST", "/_emulator/spaces", "Content-Type: application/json\r\n", r#"{"name":"t1"}"#);
    let made: Value = serde_json::from_str(&made.unwrap().1).unwrap();
    let variable = |name: &str| made["variables"][name].as_str().unwrap().to_owned();
    let (code, token) = (variable("JETBRAINS_ACCOUNT_CUSTOMER_CODE"), variable("JETBRAINS_ACCOUNT_API_KEY"));
    assert_eq!((ask(&server, "6700001", "first-token"), ask(&server, &code, &token)), (200, 200));
    assert_eq!(find_problem(&server), None);
    let own = serde_json::json!({"name": "own", "seed": seed(6_700_005, "own-token")}).to_string();
    assert_eq!(server.send("POST", "/_emulator/spaces", "", &own).unwrap().0, 200);

    fs::write(&file, seed(6_700_001, "second-token")).unwrap();
    until(&mut log, APPLIED);
    assert_eq!((ask(&server, "6700001", "first-token"), ask(&server, "6700001", "second-token")), (401, 200));
    for space in ["default", "t1"] {
        let timeline = server.send("GET", &format!("/_emulator/timeline?space={space}"), "", "").unwrap().1;
        assert!(timeline.contains(r#""text":"reset to the seed, which was read again"}]"#), "{space}: {timeline}");
    }
    assert_eq!(server.send("GET", "/_emulator/timeline?space=own", "", "").unwrap().1, "[]");
    let spaces = server.send("GET", "/_emulator/spaces", "", "").unwrap().1;
    let spaces: Value = serde_json::from_str(&spaces).unwrap();
    let revision =
        |name: &str| &spaces.as_array().unwrap().iter().find(|space| space["name"] == name).unwrap()["revision"];
    assert_eq!((revision("t1"), revision("own")), (&2.into(), &1.into()), "{spaces}");
    assert_eq!(ask(&server, "6700005", "own-token"), 200);

    fs::write(&file, seed(6_700_001, "third-token").replace("role: ", "rule: ")).unwrap();
    until(&mut log, REFUSED);
    let problem = find_problem(&server).unwrap();
    let place = format!("{}:7:", file.display());
    assert!(problem.contains(&place) && problem.contains("did you mean `role`?"), "{problem}");
    let page = server.send("GET", "/_emulator/ui/", "", "").unwrap().1;
    assert!(page.contains("did you mean `role`?"), "{page}");
    assert_eq!(ask(&server, "6700001", "second-token"), 200);
    assert_eq!(server.send("POST", "/_emulator/reset", "", "").unwrap().0, 200);
    assert_eq!(ask(&server, "6700001", "second-token"), 200, "a reset goes back to the last good seeds");

    // As editors do it: another file takes the name.
    let beside = folder.path().join("beside");
    fs::write(&beside, seed(6_700_002, "third-token")).unwrap();
    fs::rename(&beside, &file).unwrap();
    until(&mut log, APPLIED);
    assert_eq!((ask(&server, "6700001", "second-token"), ask(&server, "6700002", "third-token")), (401, 200));
    assert_eq!(find_problem(&server), None);

    fs::remove_file(&file).unwrap();
    until(&mut log, REFUSED);
    assert_eq!(ask(&server, "6700002", "third-token"), 200);
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_directory_is_watched_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), seed(6_700_001, "first-token")).unwrap();
    let (server, mut log) = start(folder.path());
    // What an editor leaves beside a file that it has open, and a folder that is called as if it were one.
    std::os::unix::fs::symlink("somebody@somewhere.1:2", folder.path().join(".#a.yaml")).unwrap();
    fs::create_dir(folder.path().join("more.yaml")).unwrap();
    fs::write(folder.path().join("b.yaml"), seed(6_700_002, "second-token")).unwrap();
    until(&mut log, APPLIED);
    assert_eq!((ask(&server, "6700001", "first-token"), ask(&server, "6700002", "second-token")), (200, 200));
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    until(&mut log, APPLIED);
    assert_eq!((ask(&server, "6700001", "first-token"), ask(&server, "6700002", "second-token")), (401, 200));
}

/// The default space has what a seed spells out, and another space may have that already.
#[test]
fn seeds_that_clash_with_a_space_change_nothing_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.yaml");
    fs::write(&file, seed(6_700_001, "first-token")).unwrap();
    let (server, mut log) = start(&file);
    let make = |body: Value| {
        let made = server.send("POST", "/_emulator/spaces", "Content-Type: application/json\r\n", &body.to_string());
        serde_json::from_str::<Value>(&made.unwrap().1).unwrap()["variables"].clone()
    };
    let copy = make(serde_json::json!({"name": "a-copy"}));
    make(serde_json::json!({"name": "own", "seed": seed(6_700_005, "own-token")}));
    fs::write(&file, seed(6_700_002, "own-token")).unwrap();
    until(&mut log, REFUSED);
    let of_copy = |name: &str| copy[name].as_str().unwrap();
    let in_copy = ask(&server, of_copy("JETBRAINS_ACCOUNT_CUSTOMER_CODE"), of_copy("JETBRAINS_ACCOUNT_API_KEY"));
    assert_eq!(
        (ask(&server, "6700001", "first-token"), in_copy, ask(&server, "6700005", "own-token")),
        (200, 200, 200)
    );
    assert!(find_problem(&server).unwrap().contains("in use already"));
    assert_eq!(server.send("POST", "/_emulator/reset", "", "").unwrap().0, 200, "it goes back to the old ones");
    fs::write(&file, seed(6_700_003, "third-token")).unwrap();
    until(&mut log, APPLIED);
    assert_eq!(ask(&server, "6700003", "third-token"), 200);
    assert_eq!(find_problem(&server), None);
}

#[test]
fn a_hangup_reads_them_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.yaml");
    fs::write(&file, seed(6_700_001, "first-token")).unwrap();
    let (server, mut log) = start(&file);
    let added = seed(6_700_009, "added-token");
    assert_eq!(server.send("POST", "/_emulator/seed", "", &added).unwrap().0, 200);
    assert_eq!(ask(&server, "6700009", "added-token"), 200);
    // Saved as it is, as when a branch is checked out: tests that run keep what they have.
    fs::write(&file, seed(6_700_001, "first-token")).unwrap();
    until(&mut log, "nothing is reset");
    assert_eq!(ask(&server, "6700009", "added-token"), 200);
    server.signal("-HUP");
    until(&mut log, APPLIED);
    assert_eq!((ask(&server, "6700009", "added-token"), ask(&server, "6700001", "first-token")), (401, 200));
}

#[test]
fn what_cannot_be_read_again_is_not_watched() {
    for (arguments, says) in [
        (&["--watch"][..], "--watch: there is no file to watch"),
        (&["--watch", "--seed", "builtin:minimal"], "--watch: there is no file to watch"),
        (&["--watch", "--seed", "none", "--seed-inline", "version: 1"], "--watch: there is no file to watch"),
        (&["--watch", "--seed", "-"], "--watch: standard input cannot be read again"),
    ] {
        let (code, _, stderr) = run(arguments);
        assert!(code == 2 && stderr.contains(says), "{arguments:?}: {stderr}");
    }
}
