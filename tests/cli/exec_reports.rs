//! What `locum exec` writes at its end: `--coverage`, `--har` and `--report`.

use std::{fs, process::Command};

use super::locum;

#[test]
fn exec_reports_what_its_command_asked_and_left_out() {
    const COMMAND: &str = r#"curl -sS -o /dev/null -H "X-Api-Key: $JETBRAINS_ACCOUNT_API_KEY" \
        -H "X-Customer-Code: $JETBRAINS_ACCOUNT_CUSTOMER_CODE" "$JETBRAINS_ACCOUNT_URL/token"; exit "$0""#;
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let summary = path("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let exec = |arguments: &[&str], code: &str| {
        let arguments = [&["exec"], arguments, &["--", "sh", "-c", COMMAND, code]].concat();
        let output = locum(&arguments).env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };

    let (as_json, as_markdown) = (path("coverage.json"), path("coverage.md"));
    assert_eq!(exec(&["--coverage", &as_json], "0"), (0, String::new()));
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&as_json).unwrap()).unwrap();
    assert_eq!(report["met"], 1);
    let appended = fs::read_to_string(&summary).unwrap();
    assert!(appended.starts_with("before\n# Coverage: "), "{appended}");
    assert_eq!(exec(&["--coverage", &as_markdown, "--coverage-min", "0.1%"], "0").0, 0);
    assert_eq!(
        format!("before\n{0}{0}", fs::read_to_string(&as_markdown).unwrap()),
        fs::read_to_string(&summary).unwrap()
    );

    let archive = path("requests.har");
    assert_eq!(exec(&["--har", &archive], "0"), (0, String::new()));
    let archive: serde_json::Value = serde_json::from_str(&fs::read_to_string(&archive).unwrap()).unwrap();
    let [entry] = archive["log"]["entries"].as_array().unwrap().as_slice() else { panic!("{archive}") };
    assert_eq!(entry["_locum"]["operation"], "getManagedEntityInfo");

    let (code, says) = exec(&["--coverage-min", "50"], "0");
    assert!(
        code == 1 && says.contains(" % of the services' answers were met, and --coverage-min wants 50 %"),
        "{says}"
    );
    let (code, says) = exec(&["--coverage-min", "50"], "7");
    assert!(code == 7 && says.contains("--coverage-min wants 50 %"), "the command's code is what counts: {says}");
    let nowhere = path("none/coverage.md");
    for (arguments, why) in [
        (&["--coverage", "coverage.txt"][..], "coverage.txt ends neither in .json nor in .md"),
        (&["--coverage", &nowhere], "there is no folder"),
        (&["--har", &path("none/requests.har")], "--har: there is no folder"),
        (&["--har", "requests.har", "--journal", "off"], "--har: no journal is kept"),
        (&["--report", "report.html", "--journal", "off"], "--report: no journal is kept"),
        (&["--report", "report.md"], "--report: report.md does not end in .html"),
        (&["--report", &path("none/report.html")], "--report: there is no folder"),
        (&["--coverage-min", "101"], "a number from 0 to 100"),
        (&["--coverage-min", "most"], "a number from 0 to 100"),
    ] {
        let (code, says) = exec(arguments, "0");
        assert!(code == 2 && says.contains(why), "{arguments:?}: {says}");
    }
}

/// What a client may send: markup, a secret, a name that nothing reads.
const HOSTILE: &str = r#"
ask() { curl -sS -o /dev/null -H "X-Api-Key: ${key:-$JETBRAINS_ACCOUNT_API_KEY}" -H "X-Customer-Code: 6700001" "$@"; }
control() { curl -sS -o /dev/null "$LOCUM_URL/_emulator/$1" -d "$2"; }
ask "$JETBRAINS_ACCOUNT_URL/token"
key='<b>guessed' ask "$JETBRAINS_ACCOUNT_URL/token"
key='<i>guessed' ask "$JETBRAINS_ACCOUNT_URL/token"
ask "$JETBRAINS_ACCOUNT_URL/customer/licenses?perpage=1&x=%3Cscript%3E&%3C/script%3E=1"
ask "$JETBRAINS_ACCOUNT_URL/customer/licenses/%3Cimg%20src=x%20onerror=alert(1)%3E"
ask "$JETBRAINS_ACCOUNT_URL/customer/licenses/assign" -H 'X-Odd: "><script>alert(2)</script>' \
    -d '{"licenseId":"</pre></details><script>alert(3)</script>","key":"'"$JETBRAINS_ACCOUNT_API_KEY"'"}'
ask -X POST "$JETBRAINS_ACCOUNT_URL/customer/licenses/revoke?licenseId=ABCDE12345"
control faults '{"match":{"operation":"getManagedEntityInfo"},"then":{"status":503},"times":1}'
control faults '{"match":{"operation":"assignLicense"},"then":{"status":503},"times":1}'
ask "$JETBRAINS_ACCOUNT_URL/token"
control clock/advance '{"by":"31d"}'
control spaces '{"name":"t1"}'
exit 3
"#;

#[test]
fn a_report_is_one_page_that_loads_nothing_and_tells_why() {
    let dir = tempfile::tempdir().unwrap();
    let (file, summary) = (dir.path().join("report.html"), dir.path().join("summary.md"));
    let arguments = ["exec", "--clock", "frozen@2026-01-15T09:00:00Z", "--", "sh", "-c", HOSTILE];
    let mut command = locum(&arguments);
    let status = command.env("LOCUM_REPORT", &file).env("GITHUB_STEP_SUMMARY", &summary).output().unwrap().status;
    assert_eq!(status.code(), Some(3), "the command's code is what counts");
    let page = fs::read_to_string(&file).unwrap();
    let summary = fs::read_to_string(&summary).unwrap();
    assert!(
        summary.contains("8 requests, 5 refused: see `") && summary.contains("report.html` of this run"),
        "{summary}"
    );

    assert!(page.contains("<h1>sh: <span class=\"bad\">exit status: 3</span></h1>"), "{page}");
    assert!(page.contains("2 × <span class=\"status s4\">401</span> "), "the same reason stands once: {page}");
    for told in [
        "<a href=\"#r2\">#2</a> <a href=\"#r3\">#3</a>",
        "1 × query/perpage was not read: did you mean perPage?",
        "query/&#60;/script&#62; was not read",
        "injected: status 503",
        "<strong class=\"warn\">never hit</strong>",
        "1 hit",
        "Space t1: 0 requests",
        "% of the services' answers met",
        "<li class=\"between\">2026-01-15</li>",
        "<li class=\"between\">— clock +31 d → 2026-02-15 09:00:00 frozen —</li>",
        "ann@example.test (organization)",
        "<dt>Changed</dt><dd>took ABCDE12345 back from ann@example.test <span",
    ] {
        assert!(page.contains(told), "there is no {told}");
    }

    let (_, body) = page.split_once("</style>").unwrap();
    let tags: std::collections::BTreeSet<&str> = body
        .split('<')
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '/').next().unwrap())
        .collect();
    for tag in &tags {
        let is_known = "head body html header h1 h2 p a span code main section ul ol li strong details summary time \
                        div dl dt dd pre br table thead tbody tr th td";
        let name = tag.trim_start_matches('/');
        assert!(is_known.split_whitespace().any(|known| known == name), "<{tag}> was written by a client: {page}");
    }
    assert!(body.split("href=\"").skip(1).all(|target| target.starts_with('#')), "it leads nowhere else");
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"), "{page}");
    for secret in ["demo-jba-organization-admin", "guessed"] {
        assert!(!page.contains(secret), "{secret}");
    }
}

#[test]
fn a_report_is_whole_or_what_was_there_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (page, new, link) = (path("report.html"), path("new.html"), path("link.html"));
    fs::write(&page, "before").unwrap();
    std::os::unix::fs::symlink(&page, &link).unwrap();
    let exec = |file: &str, limit: &str, command: &str| {
        let shell = format!("ulimit -f {limit}; exec \"$@\"");
        let mut run = Command::new("bash");
        run.args(["-c", &shell, "bash", env!("CARGO_BIN_EXE_locum"), "exec", "--report", file]);
        let output = run.args(["--", "sh", "-c", command]).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for file in [&page, &new] {
        let (code, said) = exec(file, "1", "exit 0");
        assert!(code == 1 && said.contains(&format!("cannot write {file}: ")), "{code} {said}");
    }
    assert_eq!(fs::read_to_string(&page).unwrap(), "before");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the page and the link: {left:?}");
    assert_eq!(exec(&link, "unlimited", "exit 7").0, 7, "the command's code is what counts");
    let written = fs::read_to_string(&page).unwrap();
    assert!(written.trim_end().ends_with("</html>") && fs::symlink_metadata(&link).unwrap().is_symlink(), "{written}");
}

/// As tests are told to: their spaces go with them, or are reset.
#[test]
fn what_was_asked_outlives_its_space() {
    const COMMAND: &str = r#"ask() { curl -sS -o /dev/null "$@"; }
        ask -d '{"name":"t1"}' "$LOCUM_URL/_emulator/spaces"
        ask "$LOCUM_URL/nowhere/1"
        ask -X POST "$LOCUM_URL/_emulator/reset"
        eval "$(curl -sS -d '{"name":"t2"}' "$LOCUM_URL/_emulator/spaces?format=shell")"
        ask -d '{"match":{},"then":{"fault":"empty"},"times":1}' "$LOCUM_URL/_emulator/faults?space=t2"
        for id in FREE000001 NOSUCH; do
            ask -H "X-Api-Key: $JETBRAINS_ACCOUNT_API_KEY" -H "X-Customer-Code: $JETBRAINS_ACCOUNT_CUSTOMER_CODE" \
                "$JETBRAINS_ACCOUNT_URL/customer/licenses/$id"
        done
        ask -X DELETE "$LOCUM_URL/_emulator/spaces/t2"
        exit 1"#;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("requests.har");
    let page = dir.path().join("report.html");
    let reports = ["--har", file.to_str().unwrap(), "--report", page.to_str().unwrap()];
    let output = locum(&[&["exec"], &reports[..], &["--", "bash", "-c", COMMAND]].concat()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("locum: ")).collect();
    let [_, nowhere, made, empty, refused] = lines.as_slice() else { panic!("{said}") };
    assert!(nowhere.starts_with("locum: 404 GET /nowhere/1"), "{said}");
    assert_eq!(*made, r#"locum: — fault made: {} gets {"fault":"empty"} in the space t2 —"#);
    assert!(
        empty.starts_with("locum: 200 GET /api/v1/customer/licenses/FREE000001 ann@") && empty.contains("injected: "),
        "{said}"
    );
    assert!(refused.contains(" no licence NOSUCH "), "{said}");
    let archive: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(archive["log"]["entries"].as_array().unwrap().len(), 3, "{archive}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("Space default: 1 request") && page.contains("Space t2: 2 requests"), "{page}");
    let place = |told: &str| page.find(told).unwrap_or_else(|| panic!("there is no {told}: {page}"));
    let reset = place("<li class=\"between\">— reset to the seed —</li>");
    assert!(place("/nowhere/1") < reset && reset < place("Space t2"), "{page}");
    place("— fault made: {} gets {&#34;fault&#34;:&#34;empty&#34;} —");
}
