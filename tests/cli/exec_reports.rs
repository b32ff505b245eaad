//! What `locum exec` writes at its end: `--coverage` and `--har`.

use std::fs;

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
        (&["--coverage-min", "101"], "a number from 0 to 100"),
        (&["--coverage-min", "most"], "a number from 0 to 100"),
    ] {
        let (code, says) = exec(arguments, "0");
        assert!(code == 2 && says.contains(why), "{arguments:?}: {says}");
    }
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
    let output = locum(&["exec", "--har", file.to_str().unwrap(), "--", "bash", "-c", COMMAND]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("locum: ")).collect();
    let [_, nowhere, empty, refused] = lines.as_slice() else { panic!("{said}") };
    assert!(nowhere.starts_with("locum: 404 GET /nowhere/1"), "{said}");
    assert!(
        empty.starts_with("locum: 200 GET /api/v1/customer/licenses/FREE000001 by ") && empty.contains("(fault "),
        "{said}"
    );
    assert!(refused.ends_with(": no licence NOSUCH"), "{said}");
    let archive: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(archive["log"]["entries"].as_array().unwrap().len(), 3, "{archive}");
}
