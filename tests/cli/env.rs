//! Which credentials `locum env` names, without a server.

use std::{collections::BTreeSet, fs};

use indoc::indoc;
use serde_json::{Value, json};

use super::{locum, run};

/// The variables that are no URLs, and what is said about those that are left out.
fn read_env(seed: &str, arguments: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.yaml");
    std::fs::write(&file, seed).unwrap();
    let mut all = vec!["env", "--format", "json", "--seed", file.to_str().unwrap()];
    all.extend(arguments);
    let (code, stdout, stderr) = run(&all);
    assert_eq!(code, 0, "{stderr}");
    let mut variables: Value = serde_json::from_str(&stdout).unwrap();
    variables.as_object_mut().unwrap().retain(|name, _| !name.ends_with("_URL"));
    (variables, stderr)
}

#[test]
fn the_demo_has_everything() {
    let (code, stdout, stderr) = run(&["env", "--format", "json"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let variables: Value = serde_json::from_str(&stdout).unwrap();
    for (name, value) in [
        ("JETBRAINS_ACCOUNT_CUSTOMER_CODE", "6700001"),
        ("JETBRAINS_ACCOUNT_API_KEY", "demo-jba-organization-admin"),
        ("LICENSE_VAULT_TOKEN", "demo-vault-token"),
        ("LICENSE_VAULT_AUTOMATION_TOKEN", "demo-automation-token"),
        ("ATLASSIAN_ORG_ID", "8f2b0c1e-0000-4000-8000-000000000001"),
        ("ATLASSIAN_API_KEY", "demo-atlassian-key"),
    ] {
        assert_eq!(variables[name], value);
    }
}

#[test]
fn the_credentials_that_open_most_are_chosen_and_what_is_not_there_is_left_out() {
    let seed = indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            org_id: 8f2b0c1e-0000-4000-8000-000000000001
            people: [{email: team@a.test}, {email: viewer@a.test}, {email: Admin@a.test}]
            jetbrains_account:
              teams: [{id: 5, name: T}]
              roles:
                - {person: team@a.test, role: team_admin, team: 5}
                - {person: viewer@a.test, role: viewer}
                - {person: admin@a.test, role: organization_admin}
              tokens:
                - {person: team@a.test, team: 5, token: team}
                - {person: viewer@a.test, token: viewer}
                - {person: ADMIN@a.test, token: admin}
            atlassian:
              api_keys:
                - {label: r, token: scoped, scopes: [read:tokens:admin]}
                - {label: f, token: full}
    "};
    let expected = json!({
        "JETBRAINS_ACCOUNT_CUSTOMER_CODE": "1",
        "JETBRAINS_ACCOUNT_API_KEY": "admin",
        "ATLASSIAN_ORG_ID": "8f2b0c1e-0000-4000-8000-000000000001",
        "ATLASSIAN_API_KEY": "full",
        "LOCUM_SPACE": "default",
        "JETBRAINS_ACCOUNT_API_KEY_ADMIN_A_TEST_ORGANIZATION": "admin",
        "JETBRAINS_ACCOUNT_API_KEY_TEAM_A_TEST_TEAM_5": "team",
        "JETBRAINS_ACCOUNT_API_KEY_VIEWER_A_TEST_ORGANIZATION": "viewer",
        "ATLASSIAN_API_KEY_F": "full",
        "ATLASSIAN_API_KEY_R": "scoped",
    });
    assert_eq!(read_env(seed, &[]), (expected, String::new()));
    assert_eq!(read_env("version: 1", &[]), (json!({"LOCUM_SPACE": "default"}), String::new()));
}

#[test]
fn what_is_left_to_chance_needs_the_id_seed() {
    let seed = indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{email: a@a.test}]
            atlassian: {api_keys: [{label: f}]}
    "};
    let (variables, said) = read_env(seed, &[]);
    assert_eq!(variables, json!({"LOCUM_SPACE": "default"}));
    assert!(said.contains("ATLASSIAN_ORG_ID, ATLASSIAN_API_KEY, ATLASSIAN_API_KEY_F. Give"), "{said}");
    let (variables, said) = read_env(seed, &["--id-seed", "7"]);
    assert_eq!((variables.as_object().unwrap().len(), said.as_str()), (4, ""));
    assert_eq!(variables, read_env(seed, &["--id-seed", "7"]).0);
}

/// As `LOCUM_X=${X}` leaves them in a compose file: an empty variable is none.
#[test]
fn empty_variables_count_as_not_set() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md")).unwrap();
    let words = page.split(|c: char| c != '_' && !c.is_ascii_uppercase());
    let variables: BTreeSet<&str> =
        words.filter(|word| word.starts_with("LOCUM_") && !["LOCUM_", "LOCUM_PORT"].contains(word)).collect();
    assert!(variables.len() > 20 && variables.contains("LOCUM_CONTROL_TOKEN_FILE"), "{variables:?}");
    let with_all = |arguments: &[&str]| {
        let mut command = locum(arguments);
        command.envs(variables.iter().map(|variable| (variable, "")));
        command.output().unwrap()
    };
    let ended = with_all(&["exec", "--", "true"]);
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
    let with_flag = with_all(&["exec", "--log", "wran", "--", "true"]);
    assert_eq!(with_flag.status.code(), Some(2), "a flag is read all the same");
}
