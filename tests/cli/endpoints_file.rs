//! `--endpoints-file`: what a client needs, in a file for as long as the server is there.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{
    Server,
    exec::{CHANCE, Seed, json, works},
    locum, run,
};

fn is_private(path: &Path) -> bool {
    fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600
}

fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_endpoints_file_is_there_while_the_server_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("endpoints.json");
    fs::write(&path, "of a run that was killed").unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&["--endpoints-file", path.to_str().unwrap()]);
        assert!(is_private(&path), "also in the place of one that was not");
        let text = fs::read_to_string(&path).unwrap();
        let mut document: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(document.remove("pid"), Some(server.child.id().into()));
        let given = document.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
        works(&given);
        assert_eq!(given, json(&run(&["env", "--format", "json", "--listen", &server.address]).1));
        server.signal(signal);
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        assert_eq!(names(dir.path()), [""; 0], "{signal}");
    }
}

#[test]
fn the_endpoints_file_of_an_exec_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("endpoints.json");
    let mut command = locum(&["exec", "--", "sh", "-c", "cat \"$LOCUM_ENDPOINTS_FILE\""]);
    let output = command.env("LOCUM_ENDPOINTS_FILE", &path).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["ATLASSIAN_API_KEY"], "demo-atlassian-key");
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn an_endpoints_file_that_cannot_be_is_said_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", dir.path().join("locum.db").display());
    let missing = dir.path().join("no-such-directory/e.json");
    for path in [missing.to_str().unwrap(), dir.path().to_str().unwrap(), "/dev/null", "/proc/e.json"] {
        let arguments = ["--listen", "127.0.0.1:0", "--database-url", &database, "--endpoints-file", path];
        let (code, stdout, stderr) = run(&arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{path}: {stderr}");
        assert!(stderr.contains("--endpoints-file") && stderr.contains(path), "{stderr}");
    }
    assert_eq!(run(&["--endpoints-file", ""]).0, 2);
    assert_eq!(names(dir.path()), [""; 0], "no database was made");
}

#[test]
fn of_a_database_that_held_data_only_what_is_good_is_given() {
    let seed = Seed::new(CHANCE);
    let database = format!("sqlite://{}", seed.dir.path().join("locum.db").display());
    let path = seed.dir.path().join("endpoints.json");
    let arguments = |id_seed| {
        let path = path.to_str().unwrap();
        ["--seed", &seed.file, "--database-url", &database, "--endpoints-file", path, "--id-seed", id_seed]
    };
    let given = |id_seed| {
        let server = Server::start(&arguments(id_seed));
        let document: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        drop(server);
        document
    };
    let first = given("1");
    let again = given("1");
    for name in
        ["JETBRAINS_ACCOUNT_CUSTOMER_CODE", "JETBRAINS_ACCOUNT_API_KEY", "ATLASSIAN_ORG_ID", "ATLASSIAN_API_KEY"]
    {
        assert!(first[name].is_string(), "{name}: {first}");
        assert_eq!(first[name], again[name], "{name}");
    }
    let other = given("2");
    assert!(other["JETBRAINS_ACCOUNT_URL"].is_string());
    assert!(other["JETBRAINS_ACCOUNT_API_KEY"].is_null() && other["ATLASSIAN_ORG_ID"].is_null(), "{other}");
}
