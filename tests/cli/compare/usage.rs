//! What is asked for before anything is sent.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::fake::{ATLASSIAN, Fake, VAULT, compare, run};
use crate::locum;

const TOKEN: (&str, &str) = ("LOCUM_COMPARE_TOKEN", "demo-vault-token");

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_exits_with_2_says_what_is_wrong_and_sends_nothing() {
    let fake = Fake::start(|_, _| {}).await;
    let vault = ["compare", "--service", "license-vault", "--upstream", &fake.url];
    let atlassian = ["compare", "--service", "atlassian", "--upstream", &fake.url];
    let of = |url: &'static str| ["compare", "--service", "license-vault", "--upstream", url];
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let blank = directory.path().join("blank");
    fs::write(&blank, "two words").unwrap();
    let [empty, blank] = [&empty, &blank].map(|path| path.to_str().unwrap());
    for (arguments, says) in [
        (&vault[..], "say --yes, or look at the plan with --dry-run"),
        (&[&vault[..], &["--token", "demo-vault-token", "--yes"]].concat(), "--token-file"),
        (&[&vault[..], &["--token-file", "no-such-file", "--yes"]].concat(), "--token-file: no-such-file"),
        (&[&vault[..], &["--token-file", empty, "--yes"]].concat(), "there is no token"),
        (&[&vault[..], &["--token-file", blank, "--yes"]].concat(), "this is no token"),
        (&[&vault[..], &["--org", "x", "--yes"]].concat(), "--org: License Vault is asked without"),
        (&[&vault[..], &["--scheme", "Basic", "--yes"]].concat(), "--scheme: this service knows Bearer, Automation"),
        (&[&vault[..], &["--ca-file", "no-such-file", "--upstream", "https://127.0.0.1:1"]].concat(), "upstream"),
        (&[&vault[..], &["--output", "/no/such/folder/x", "--yes"]].concat(), "--output: /no/such/folder/x"),
        (&[&atlassian[..], &["--yes"]].concat(), "--org is missing"),
        (&[&atlassian[..], &["--org", "", "--yes"]].concat(), "--org is missing"),
        (&[&atlassian[..], &["--org", "..", "--yes"]].concat(), "--org: dots would lead"),
        (&[&atlassian[..], &["--org", "../../x", "--yes"]].concat(), "--org: dots would lead"),
        (&["compare", "--service", "atlasian", "--upstream", &fake.url], "atlassian"),
        (&["compare", "--service", "atlassian"], "--upstream"),
        (&of("http://example.test"), "http shows the credential to everybody on the way: use https"),
        (&of("https://user:secret@example.test"), "it must not hold a credential"),
        (&of("https://example.test/?x=1"), "it must not have a query"),
        (&of("example.test"), "--upstream: it is no whole URL"),
        (&of("ftp://example.test"), "it is neither https nor http"),
        (&[&of("https://example.test")[..], &["--pause", "499ms"]].concat(), "--pause: at least 500ms"),
        (&[&of("https://example.test")[..], &["--ca-file", "no-such-file"]].concat(), "--ca-file: no-such-file"),
        (&[&of("https://example.test")[..], &["--ca-file", empty]].concat(), "it holds no certificate in PEM"),
    ] {
        let (code, stdout, stderr) = run(arguments, &[TOKEN]).await;
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
    let (code, _, stderr) = run(&[&vault[..], &["--yes"]].concat(), &[]).await;
    assert_eq!(code, 2);
    assert!(stderr.contains("into LOCUM_COMPARE_TOKEN"), "{stderr}");
    assert!(fake.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_plan_and_sends_nothing() {
    let fake = Fake::start(|_, _| {}).await;
    let arguments = ["compare", "--service", "atlassian", "--upstream", &fake.url, "--org", "x", "--dry-run"];
    let (code, stdout, stderr) = run(&arguments, &[]).await;
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("47 requests to Atlassian API Access at http://127.0.0.1"), "{stdout}");
    assert!(stdout.contains("one each 500ms, all GET"), "{stdout}");
    let requests: Vec<&str> = stdout.lines().skip(1).collect();
    assert!(requests.len() == 47 && requests.iter().all(|line| line.starts_with("  GET /")), "{stdout}");
    assert!(requests.iter().filter(|line| line.ends_with("(without the token)")).count() == 3, "{stdout}");
    assert!(fake.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_servers_mean_nothing_to_it() {
    let fake = Fake::start(|_, _| {}).await;
    let directory = tempfile::tempdir().unwrap();
    let [database, token, report] = ["x.db", "token", "report.json"].map(|name| directory.path().join(name));
    fs::write(&token, "demo-vault-token\n").unwrap();
    let url = format!("sqlite://{}", database.display());
    let arguments = ["compare", "--service", "license_vault", "--upstream", &fake.url, "--yes", "--pause", "0ms"];
    let files = ["--token-file", token.to_str().unwrap(), "--output", report.to_str().unwrap(), "--format", "json"];
    let variables = [
        ("LOCUM_DATABASE_URL", url.as_str()),
        ("LOCUM_SEED", "none"),
        ("LOCUM_CLOCK", "frozen@2020-01-01T00:00:00Z"),
        ("LOCUM_DATABASE_URL_FILE", "/no/such/file"),
        ("LOCUM_COMPARE_TOKEN", "not this one"),
    ];
    let (code, stdout, stderr) = run(&[&arguments[..], &files].concat(), &variables).await;
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    assert!(stderr.contains("22 requests: 22 the same"), "{stderr}");
    assert!(!database.exists());
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!((&report["format"], &report["service"]), (&1.into(), &"license_vault".into()));
}

/// Runs it on a terminal where somebody answers this.
fn answer_on_terminal(mut command: Command, answer: &str) -> (i32, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut child = command.stdin(terminal).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut controller = File::from(controller);
    controller.write_all(answer.as_bytes()).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code().unwrap(), stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_there_is_shown_the_plan_and_asked() {
    let fake = Fake::start(|_, _| {}).await;
    for (answer, code) in [("y\n", 0), ("YES\n", 0), ("n\n", 2), ("\n", 2), ("\u{4}", 2), ("sure\n", 2)] {
        let mut command = locum(&["compare", "--service", "license-vault", "--upstream", &fake.url, "--pause", "0ms"]);
        command.env(TOKEN.0, TOKEN.1);
        let (ended, stderr) = tokio::task::spawn_blocking(move || answer_on_terminal(command, answer)).await.unwrap();
        assert_eq!(ended, code, "{answer:?}: {stderr}");
        assert!(
            stderr.contains("GET /public-api/licenses/usage\n") && stderr.contains("Send them? [y/N] "),
            "{stderr}"
        );
        assert_eq!(stderr.contains("nothing was sent"), code == 2, "{stderr}");
        assert_eq!(fake.calls().is_empty(), code == 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_help_and_completions() {
    for (arguments, says) in [
        (&["--help"][..], "compare"),
        (&["compare", "--help"], "--token-file <FILE>"),
        (&["completions", "bash"], "locum__subcmd__compare"),
        (&["completions", "zsh"], "--dry-run"),
    ] {
        let (code, stdout, _) = run(arguments, &[]).await;
        assert!(code == 0 && stdout.contains(says), "{arguments:?}: {stdout}");
    }
    // Both ways to write a service.
    let fake = Fake::start(|_, _| {}).await;
    let (code, ..) = compare(&fake.url, ("license_vault", VAULT.1, VAULT.2), &[]).await;
    assert_eq!(code, 0);
    let (_, stdout, _) = compare(&fake.url, ATLASSIAN, &["--dry-run"]).await;
    assert!(stdout.contains("/orgs/{org}/"), "{stdout}");
}
