//! `locum exec`, `locum env` and `--endpoints-file`: what a client needs, given in three ways.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{Server, locum, run, send_signal};

type Variables = BTreeMap<String, String>;

/// `NAME=value` lines, as `env` prints them.
fn variables<'a>(lines: impl Iterator<Item = &'a str>) -> Variables {
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn json(text: &str) -> Variables {
    serde_json::from_str(text).unwrap()
}

/// Seeds to start with, in a directory that goes with them.
struct Seed {
    dir: tempfile::TempDir,
    file: String,
}

impl Seed {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("seed.yaml");
        fs::write(&file, text).unwrap();
        Self { file: file.to_str().unwrap().to_owned(), dir }
    }
}

/// Asks each service with nothing but the variables.
fn works(given: &Variables) {
    let address = given["LOCUM_URL"].strip_prefix("http://").unwrap();
    let path = |url: &str, rest: &str| given[url].strip_prefix(&given["LOCUM_URL"]).unwrap().to_owned() + rest;
    let value = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    for (path, headers) in [
        (
            path("JETBRAINS_ACCOUNT_URL", "/token"),
            format!(
                "X-Customer-Code: {}\r\nX-Api-Key: {}\r\n",
                value("JETBRAINS_ACCOUNT_CUSTOMER_CODE"),
                value("JETBRAINS_ACCOUNT_API_KEY")
            ),
        ),
        (
            path("LICENSE_VAULT_URL", "/licenses/usage"),
            format!("Authorization: Bearer {}\r\n", value("LICENSE_VAULT_TOKEN")),
        ),
        (
            path("LICENSE_VAULT_URL", "/licenses/usage"),
            format!("Authorization: Automation {}\r\n", value("LICENSE_VAULT_AUTOMATION_TOKEN")),
        ),
        (
            path("ATLASSIAN_API_ACCESS_URL", &format!("/orgs/{}/api-tokens", value("ATLASSIAN_ORG_ID"))),
            format!("Authorization: Bearer {}\r\n", value("ATLASSIAN_API_KEY")),
        ),
    ] {
        let (status, body) = super::send(address, "GET", &path, &headers, "").unwrap();
        assert_eq!(status, 200, "{path} {headers}: {body}");
    }
}

/// A command under `locum exec` that says when it runs.
struct Executed {
    locum: Child,
    lines: BufReader<ChildStdout>,
}

impl Executed {
    fn start(options: &[&str], script: &str) -> Self {
        let mut locum = locum(&[&["exec"], options, &["--", "sh", "-c", script]].concat())
            .env("INHERITED", "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(locum.stdout.take().unwrap());
        Self { locum, lines }
    }

    /// What it printed up to a line `up`.
    fn until_up(&mut self) -> String {
        let mut text = String::new();
        while text.lines().next_back() != Some("up") {
            assert!(self.lines.read_line(&mut text).unwrap() > 0, "ended before it was up: {text}");
        }
        text
    }

    fn signal(&self, signal: &str) {
        send_signal(self.locum.id(), signal);
    }

    fn end(mut self, line: &str) -> Option<i32> {
        // A command that ended already reads no more.
        let _ = self.locum.stdin.take().unwrap().write_all(line.as_bytes());
        self.locum.wait().unwrap().code()
    }
}

impl Drop for Executed {
    fn drop(&mut self) {
        let _ = self.locum.kill();
        let _ = self.locum.wait();
    }
}

/// A fresh world, by the line that the README gives.
#[test]
fn a_space_is_ready_as_shell_variables() {
    let server = super::Server::start(&[]);
    let (status, text) = server.send("POST", "/_emulator/spaces?format=shell", "", r#"{"name":"t1"}"#).unwrap();
    assert_eq!(status, 200, "{text}");
    let shell = Command::new("sh").args(["-c", r#"eval "$1"; env"#, "sh", &text]).env_clear().output().unwrap();
    let given = variables(String::from_utf8(shell.stdout).unwrap().lines());
    assert_eq!(given["LOCUM_URL"], format!("http://{}", server.address));
    assert_ne!(given["JETBRAINS_ACCOUNT_CUSTOMER_CODE"], "6700001");
    works(&given);
}

#[test]
fn exec_ends_as_its_command_does() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137)] {
        let (ended, stdout, stderr) = run(&["exec", "--", "sh", "-c", &format!("echo mine; {script}")]);
        assert_eq!((ended, stdout.as_str()), (code, "mine\n"), "{script}: {stderr}");
        assert!(stderr.contains("id_seed"), "a run can be repeated: {stderr}");
    }
}

#[test]
fn exec_without_a_command_that_can_run_is_2() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("not-executable");
    fs::write(&plain, "").unwrap();
    for (arguments, says) in [
        (&["exec", "--", "no-such-command"][..], "cannot run no-such-command"),
        (&["exec", "--", plain.to_str().unwrap()], "not-executable"),
        (&["exec"], "<CMD>"),
        (&["exec", "--"], "<CMD>"),
        (&["exec", "true"], "true"),
        (&["exec", "--seed", "no-such-file.yaml", "--", "true"], "no-such-file.yaml"),
        (&["exec", "--listen", "nowhere", "--", "true"], "--listen"),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_command_s_variables_get_real_answers() {
    let mut command = Executed::start(&[], "env; echo up; read line; exit 3");
    let given = variables(command.until_up().lines());
    works(&given);
    assert_eq!(given["INHERITED"], "yes");
    assert!(given["LOCUM_URL"].starts_with("http://127.0.0.1:"), "{given:?}");
    let address = given["LOCUM_URL"].strip_prefix("http://").unwrap();
    assert_eq!(run(&["health", "--listen", address]).0, 0);
    assert_eq!(command.end("on\n"), Some(3));
    assert_eq!(run(&["health", "--listen", address]).0, 1, "the server ends with the command");
}

#[test]
fn exec_listens_where_it_is_told() {
    // Taken now, free again when the server needs it.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let arguments = ["exec", "--listen", &address, "--seed", "none", "--", "sh", "-c"];
    let (code, stdout, stderr) = run(&[&arguments[..], &["echo $LOCUM_URL $JETBRAINS_ACCOUNT_API_KEY"]].concat());
    assert_eq!((code, stdout), (0, format!("http://{address}\n")), "{stderr}");
}

#[test]
fn signals_are_the_command_s() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut command = Executed::start(&[], "echo up; exec sleep 600");
        command.until_up();
        command.signal(signal);
        assert_eq!(command.end(""), Some(code), "{signal}");
    }
    let mut stubborn = Executed::start(&[], "trap '' TERM; env; echo up; read line; exit 5");
    let given = variables(stubborn.until_up().lines());
    stubborn.signal("-TERM");
    works(&given);
    assert_eq!(stubborn.end("on\n"), Some(5), "Locum waits for the command");
}

#[test]
fn env_says_the_same_in_every_format_and_it_is_true() {
    let server = Server::start(&[]);
    let env = |format| {
        let (code, stdout, stderr) = run(&["env", "--listen", &server.address, "--format", format]);
        assert_eq!((code, stderr.as_str()), (0, ""));
        stdout
    };
    let given = json(&env("json"));
    works(&given);
    assert_eq!(given.len(), 10, "{given:?}");
    assert_eq!(variables(env("github").lines()), given);
    let shell = env("shell");
    assert_eq!(shell, run(&["env", "--listen", &server.address]).1, "the shell's is the default");
    let said = Command::new("sh").args(["-c", "eval \"$1\"; env", "sh", &shell]).output().unwrap();
    let said = variables(std::str::from_utf8(&said.stdout).unwrap().lines());
    assert!(given.iter().all(|(name, value)| said[name] == *value), "{said:?}");
}

/// A token that a shell would like to make something of.
const AWKWARD: &str = r#"it's`$HOME`"$(exit)\'"#;

#[test]
fn a_shell_takes_every_token_as_it_is() {
    let token = AWKWARD.replace('\'', "''");
    let seed = Seed::new(&format!(
        "version: 1\norganizations:\n  - name: A\n    customer_code: 1\n    people: [{{ email: a@a.test }}]\n    \
         atlassian: {{ api_keys: [{{ label: f, token: '{token}' }}] }}\n"
    ));
    let (code, shell, stderr) = run(&["env", "--seed", &seed.file]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("ATLASSIAN_ORG_ID") && stderr.contains("--id-seed"), "chance is not told: {stderr}");
    let script = "eval \"$1\"; printf %s \"$ATLASSIAN_API_KEY\"";
    let said = Command::new("sh").args(["-c", script, "sh", &shell]).output().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), AWKWARD);
    let of_exec = ["exec", "--seed", &seed.file, "--", "sh", "-c", "printf %s \"$ATLASSIAN_API_KEY\""];
    assert_eq!(run(&of_exec).1, AWKWARD);
}

/// Everything that can be left to chance is.
const CHANCE: &str = "version: 1\norganizations:\n  - name: A\n    people: [{ email: a@a.test }]\n    \
    jetbrains_account: { teams: [{ id: 1, name: T }], roles: [{ person: a@a.test, role: organization_admin }], \
    tokens: [{ person: a@a.test }] }\n    \
    license_vault: { name: a, administrators: [a@a.test], token: vault, automation_tokens: [{ name: ci }] }\n    \
    atlassian: { api_keys: [{ label: f }] }\n";

#[test]
fn with_one_id_seed_generated_credentials_are_the_server_s() {
    let seed = Seed::new(CHANCE);
    let server = Server::start(&["--seed", &seed.file, "--id-seed", "7"]);
    let arguments = ["env", "--format", "json", "--listen", &server.address, "--seed", &seed.file];
    let (code, with, stderr) = run(&[&arguments[..], &["--id-seed", "7"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    works(&json(&with));
    let (code, without, stderr) = run(&arguments);
    assert_eq!(code, 0);
    assert!(stderr.contains("JETBRAINS_ACCOUNT_API_KEY"), "{stderr}");
    let without = json(&without);
    assert!(!without.contains_key("JETBRAINS_ACCOUNT_API_KEY") && without["LICENSE_VAULT_TOKEN"] == "vault");
}

#[test]
fn env_of_what_cannot_be_is_2() {
    for (arguments, says) in [
        (&["env", "--listen", "localhost:0"][..], "locum exec"),
        (&["env", "--format", "yaml"], "--format"),
        (&["env", "--seed", "no-such-file.yaml"], "no-such-file.yaml"),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
    // What a server needs and a client does not is not asked for.
    let (code, stdout, _) =
        run(&["env", "--database-url", "postgres://x/y", "--public-url", "http://locum.test/", "--listen", "[::]:0"]);
    assert_eq!(code, 0);
    assert!(stdout.starts_with("export LOCUM_URL='http://locum.test'\n"), "{stdout}");
}

#[test]
fn what_locum_gives_it_does_not_warn_about() {
    let warned = |name: &str| {
        let command = ["exec", "--seed", "none", "--", "true"];
        let output = locum(&command).env(name, "x").output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap().contains("none of Locum's")
    };
    assert!(!warned("LOCUM_URL"));
    assert!(warned("LOCUM_URI"));
}

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
