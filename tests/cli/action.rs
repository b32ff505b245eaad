//! The GitHub Action, as a job has it: `scripts/action/run`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::machine::curl;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A job: its folder, and the files that a step writes for those that follow.
struct Job {
    folder: PathBuf,
}

impl Job {
    fn new(name: &str) -> Self {
        drop(curl());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("action").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// Runs a step of the action with inputs.
    fn step(&self, inputs: &[(&str, &str)]) -> Output {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/action/run");
        let mut step = Command::new(script);
        step.current_dir(&self.folder).env("RUNNER_TEMP", &self.folder);
        for file in ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            step.env(file, self.folder.join(file));
        }
        let inputs = inputs.iter().map(|(name, value)| (format!("ACTION_{}", name.to_uppercase()), value));
        step.envs(inputs).output().unwrap()
    }

    fn start(&self, inputs: &[(&str, &str)]) {
        let output = self.step(&[&[("binary", env!("CARGO_BIN_EXE_locum"))], inputs].concat());
        assert!(output.status.success(), "{}", said_by(&output));
    }

    /// What a step has written to a file.
    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn find_variable(&self, name: &str) -> String {
        let variables = self.read("GITHUB_ENV");
        let found = variables.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in {variables}")).to_owned()
    }

    /// What a client of a later step gets: status and body.
    fn ask(&self, path: &str, header: &str) -> String {
        let url = self.find_variable("LOCUM_URL") + path;
        let output = Command::new("curl").args(["-s", "-w", " %{http_code}", "-H", header, &url]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // As a job that is cancelled: whatever it left runs on otherwise.
        if let Ok(pid) = fs::read_to_string(self.folder.join("locum/pid")) {
            let _ = Command::new("kill").arg(pid.trim()).status();
        }
    }
}

fn said_by(output: &Output) -> String {
    [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy).concat()
}

#[test]
fn a_job_starts_it_uses_it_and_says_what_was_refused() {
    let job = Job::new("whole");
    job.start(&[("clock", "frozen@2026-01-15T09:00:00Z"), ("arguments", "--id-seed\n42\n")]);
    assert!(job.read("GITHUB_OUTPUT").starts_with(&format!("url={}\n", job.find_variable("LOCUM_URL"))));
    assert!(Path::new(job.read("GITHUB_PATH").trim()).join("locum").exists());
    let key = format!("X-Api-Key: {}", job.find_variable("JETBRAINS_ACCOUNT_API_KEY"));
    assert!(job.ask("/api/v1/token", &key).ends_with("401"), "the code is missing");
    assert!(job.ask("/_emulator/clock", &key).contains("2026-01-15T09:00:00Z"));

    let output = job.step(&[("do", "summary")]);
    assert!(output.status.success(), "{}", said_by(&output));
    let summary = job.read("GITHUB_STEP_SUMMARY");
    assert!(summary.contains("401 GET /api/v1/token") && summary.contains("# Coverage: "), "{summary}");
    assert!(job.ask("/livez", &key).ends_with(" 000"), "it runs on");
    let report = job.read("locum/report.html");
    assert!(report.contains("/api/v1/token"), "{report}");

    let again = job.step(&[("do", "summary")]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said_by(&again).contains("::error title=Locum::Locum does not run"), "{}", said_by(&again));
}

#[test]
fn a_seed_that_is_wrong_is_named_by_line() {
    let job = Job::new("seed");
    fs::write(job.folder.join("seed.yaml"), "version: 1\norganisations: []\n").unwrap();
    let output = job.step(&[("binary", env!("CARGO_BIN_EXE_locum")), ("seed", "seed.yaml")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said_by(&output).contains("::error title=Locum::Locum did not start: seed.yaml:2:1: "),
        "{}",
        said_by(&output)
    );
}

#[test]
fn whatever_is_wrong_is_said_in_one_line_which_is_what_an_annotation_has() {
    let job = Job::new("wrong");
    fs::write(job.folder.join("seed.yaml"), "version: 1\none: 1\nother: 2\n").unwrap();
    let binary = ("binary", env!("CARGO_BIN_EXE_locum"));
    for (inputs, says) in [
        (&[binary, ("seed", "seed.yaml")][..], "`organizations`%0Aseed.yaml:3:1: unknown key `other`"),
        (&[binary, ("arguments", "--id-seed 42")], "did not start: error: unexpected argument '--id-seed 42' found%0A"),
        (&[binary, ("clock", "50%")], "invalid value '50%25' for"),
        (&[("binary", "no/such/locum")], "binary: no/such/locum is not a program"),
        (&[("binary", ".")], "binary: . is not a program"),
        (&[("binary", "/bin/false")], "Locum did not start: it said nothing"),
        (&[("version", "latest")], "version: 'latest' is none: say one of a release, like 0.2.0"),
        (&[("version", "../0.2.0")], "version: '../0.2.0' is none"),
        (&[("do", "summary")], "Locum does not run"),
    ] {
        let output = job.step(inputs);
        assert_eq!(output.status.code(), Some(1), "{inputs:?}");
        let said = said_by(&output);
        assert!(said.starts_with("::error title=Locum::") && said.contains(says), "{inputs:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn its_inputs_may_have_spaces_and_lines_of_another_system() {
    let job = Job::new("a job's");
    fs::copy(env!("CARGO_BIN_EXE_locum"), job.folder.join("my locum")).unwrap();
    let seed = "{ version: 1, organizations: [{ name: Own, people: [{ email: zoe@own.test }], atlassian: { api_keys: \
                [{ label: zoes, token: zoes-key }] } }] }";
    fs::write(job.folder.join("my seed.yaml"), seed).unwrap();
    let arguments = "  --id-seed \r\n42\r\n\r\n";
    let output = job.step(&[("binary", "my locum"), ("seed", "my seed.yaml"), ("arguments", arguments)]);
    assert!(output.status.success(), "{}", said_by(&output));
    assert_eq!(job.find_variable("ATLASSIAN_API_KEY"), "zoes-key");
    assert!(job.step(&[("do", "summary")]).status.success());
    assert!(job.read("GITHUB_STEP_SUMMARY").contains("No request was refused."));
}

#[test]
fn it_starts_once_and_what_it_is_told_is_checked() {
    let job = Job::new("once");
    job.start(&[]);
    for (inputs, says) in [
        (&[("binary", env!("CARGO_BIN_EXE_locum"))][..], "Locum runs already"),
        (&[("do", "stop")], "'stop' is neither start nor summary"),
    ] {
        let output = job.step(inputs);
        assert_eq!(output.status.code(), Some(1));
        assert!(said_by(&output).contains(says), "{}", said_by(&output));
    }
}

/// A release, as files.
#[test]
fn it_installs_a_release_if_its_sum_is_right() {
    let job = Job::new("release");
    let machine = std::env::consts::ARCH;
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-musl" };
    let name = format!("locum-{VERSION}-{machine}-{system}");
    let release = job.folder.join(format!("v{VERSION}"));
    fs::create_dir_all(release.join(&name)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_locum"), release.join(&name).join("locum")).unwrap();
    let make =
        format!("tar -czf {name}.tar.gz {name} && '{}/scripts/release/write-sums' .", env!("CARGO_MANIFEST_DIR"));
    assert!(Command::new("sh").args(["-c", &make]).current_dir(&release).status().unwrap().success());
    let downloads = format!("file://{}", job.folder.display());

    let output = job.step(&[("downloads", &downloads), ("version", "9.9.9")]);
    assert!(said_by(&output).contains("is there a release 9.9.9?"), "{}", said_by(&output));

    let sums = fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    fs::write(release.join("SHA256SUMS"), sums.replacen(|c: char| c.is_ascii_hexdigit(), "x", 1)).unwrap();
    let output = job.step(&[("downloads", &downloads)]);
    assert!(said_by(&output).contains("is not what SHA256SUMS of the release says"), "{}", said_by(&output));

    fs::write(release.join("SHA256SUMS"), sums).unwrap();
    let output = job.step(&[("downloads", &downloads)]);
    assert!(output.status.success(), "{}", said_by(&output));
    assert!(said_by(&output).contains(&format!("locum {VERSION} at http://127.0.0.1:")), "{}", said_by(&output));
}
