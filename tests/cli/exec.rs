//! `locum exec` and `locum env`: what a client needs, given to a command and to a shell.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{Server, locum, run, send_signal};

pub type Variables = BTreeMap<String, String>;

/// `NAME=value` lines, as `env` prints them.
fn variables<'a>(lines: impl Iterator<Item = &'a str>) -> Variables {
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn json(text: &str) -> Variables {
    serde_json::from_str(text).unwrap()
}

/// Seeds to start with, in a directory that goes with them.
pub struct Seed {
    pub dir: tempfile::TempDir,
    pub file: String,
}

impl Seed {
    pub fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("seed.yaml");
        fs::write(&file, text).unwrap();
        Self { file: file.to_str().unwrap().to_owned(), dir }
    }
}

/// Asks each service with nothing but the variables.
pub fn works(given: &Variables) {
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
        assert_eq!(
            stderr.contains("--id-seed"),
            code != 0,
            "what failed can be repeated, and else it is quiet: {stderr}"
        );
        assert_eq!(stderr.is_empty(), code == 0, "{stderr}");
    }
}

#[test]
fn a_command_that_cannot_run_ends_exec_as_it_ends_a_shell() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("not-executable");
    fs::write(&plain, "").unwrap();
    let missing = dir.path().join("missing");
    for (command, code) in [
        ("no-such-command", 127),
        (missing.to_str().unwrap(), 127),
        (plain.to_str().unwrap(), 126),
        (dir.path().to_str().unwrap(), 126),
    ] {
        let (ended, stdout, stderr) = run(&["exec", "--", command]);
        assert_eq!((ended, stdout.as_str()), (code, ""), "{command}: {stderr}");
        assert!(stderr.contains(&format!("cannot run {command}: ")), "{stderr}");
    }
}

/// Shells take a text without `#!` for a script of theirs, and so does `exec`; what is no text stays what it is.
#[test]
fn a_script_without_an_interpreter_is_the_shell_s() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let script = write("run-tests", b"echo \"$1 at $LOCUM_URL\"\nexit 3\n");
    let binary = write("of-another-machine", b"\x7fELF\x02\0\0\0");
    let (code, stdout, stderr) = run(&["exec", "--", &script, "all of it"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(stdout.starts_with("all of it at http://127.0.0.1:"), "{stdout}");
    let mut by_name = locum(&["exec", "--", "run-tests", "found"]);
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let ended = by_name.env("PATH", path).output().unwrap();
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(ended.stdout.starts_with(b"found at "), "{ended:?}");
    let (code, _, stderr) = run(&["exec", "--", &binary]);
    assert_eq!(code, 126, "{stderr}");
    assert!(stderr.contains("cannot run ") && stderr.contains("Exec format error"), "{stderr}");
}

#[test]
fn exec_of_nothing_or_with_wrong_settings_is_2() {
    for (arguments, says) in [
        (&["exec"][..], "<CMD>"),
        (&["exec", "--"], "<CMD>"),
        (&["exec", "--", ""], "the command is empty: say what to run after `--`"),
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

/// Of an outer `exec`, or of `eval "$(locum env)"`.
#[test]
fn nothing_of_another_server_is_handed_on() {
    let inherited = ["LOCUM_TLS_URL", "LICENSE_VAULT_TOKEN", "ATLASSIAN_API_KEY_READER", "JETBRAINS_ACCOUNT_URL"];
    let mut command = locum(&["exec", "--seed", "none", "--", "env"]);
    command.envs(inherited.map(|name| (name, "another's"))).env("ATLASSIAN_API_KEYS", "kept");
    let given = variables(String::from_utf8(command.output().unwrap().stdout).unwrap().lines());
    assert!(given["JETBRAINS_ACCOUNT_URL"].starts_with("http://127.0.0.1:"), "{given:?}");
    assert!(inherited[..3].iter().all(|name| !given.contains_key(*name)), "{given:?}");
    assert_eq!(given["ATLASSIAN_API_KEYS"], "kept");
}

#[test]
fn a_command_that_fails_is_told_what_was_refused_or_ignored_last() {
    let mut command = locum(&["exec", "--", "sh", "-c", "env; echo up; read line; exit 3"]);
    let mut locum = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut command = Executed { lines: BufReader::new(locum.stdout.take().unwrap()), locum };
    let given = variables(command.until_up().lines());
    let address = given["LOCUM_URL"].strip_prefix("http://").unwrap();
    for number in 0..12 {
        super::send(address, "GET", &format!("/nowhere/{number}"), "", "").unwrap();
    }
    let fault = r#"{"match":{"operation":"assignLicense"},"then":{"status":503}}"#;
    super::send(address, "POST", "/_emulator/faults", "", fault).unwrap();
    let guess = "X-Customer-Code: 6700001\r\nX-Api-Key: guessed\r\n";
    super::send(address, "GET", "/api/v1/token", guess, "").unwrap();
    // It was answered, but perhaps not what was asked for.
    super::send(address, "GET", "/check-version?vresion=1&a%0Ab", "", "").unwrap();
    works(&given);
    let mut stderr = command.locum.stderr.take().unwrap();
    assert_eq!(command.end("on\n"), Some(3));
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 12, "{said}");
    assert!(lines[0].contains("--id-seed"), "{said}");
    assert!(lines[1].starts_with("locum: 404 GET /nowhere/5 "), "{said}");
    let made = r#"locum: — fault made: {"operation":"assignLicense"} gets {"status":503} —"#;
    assert_eq!(lines[8], made, "what was done right before: {said}");
    assert!(lines[9].starts_with("locum: 401 GET /api/v1/token the credential is "), "{said}");
    let unread = "locum: 200 GET /check-version?vresion=1&a%0Ab query/vresion was not read; query/a\\nb was not read ";
    assert!(lines[10].starts_with(unread), "{said}");
    assert_eq!(lines[11], r#"locum: no request was hit by the fault for {"operation":"assignLicense"}"#, "{said}");
    assert!(!said.contains("guessed"));
}

#[test]
fn no_proxy_stands_between_a_command_and_its_server() {
    let no_proxy = |name: &str, value: &str| {
        let mut command = locum(&["exec", "--", "env"]);
        command.env_remove("NO_PROXY").env_remove("no_proxy").env("HTTP_PROXY", "http://127.0.0.1:1").env(name, value);
        let given = variables(String::from_utf8(command.output().unwrap().stdout).unwrap().lines());
        assert_eq!(given["HTTP_PROXY"], "http://127.0.0.1:1");
        (given["NO_PROXY"].clone(), given["no_proxy"].clone())
    };
    let local = "127.0.0.1,localhost,::1".to_owned();
    assert_eq!(no_proxy("OTHER", "x"), (local.clone(), local.clone()));
    let more = format!("corp.test,{local}");
    assert_eq!(no_proxy("NO_PROXY", "corp.test"), (more.clone(), more));
}

/// What Kubernetes sets for every pod beside a service called `locum`, and for one called `locum-tls`.
#[test]
fn what_kubernetes_sets_is_not_warned_about() {
    let said = |variables: &[(&str, &str)]| {
        let output = locum(&["exec", "--seed", "none", "--", "true"]).envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let of_kubernetes = [
        ("LOCUM_PORT", "tcp://10.0.0.1:8080"),
        ("LOCUM_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("LOCUM_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("LOCUM_PORT_8080_TCP_PORT", "8080"),
        ("LOCUM_PORT_8080_TCP_PROTO", "tcp"),
        ("LOCUM_SERVICE_HOST", "10.0.0.1"),
        ("LOCUM_SERVICE_PORT", "8080"),
        ("LOCUM_SERVICE_PORT_HTTP", "8080"),
        ("LOCUM_TLS_PORT", "tcp://10.0.0.1:8443"),
        ("LOCUM_TLS_SERVICE_HOST", "10.0.0.1"),
    ];
    assert_eq!(said(&of_kubernetes), "");
    assert!(said(&[("LOCUM_PORT", "8080")]).contains("LOCUM_PORT is none of Locum's"));
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
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
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
    assert_eq!(given.len(), 25, "{given:?}");
    assert_eq!(
        (given["LOCUM_SPACE"].as_str(), given["ATLASSIAN_API_KEY_READER"].as_str()),
        ("default", "demo-atlassian-reader")
    );
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
pub const CHANCE: &str = "version: 1\norganizations:\n  - name: A\n    people: [{ email: a@a.test }]\n    \
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
    assert!(!warned("LOCUM_SPACE"));
    assert!(warned("LOCUM_URI"));
}
