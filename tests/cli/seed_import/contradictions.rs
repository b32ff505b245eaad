//! Lists that contradict each other, or that are of somebody who is not who they seem: each is said once.

use indoc::formatdoc;
use serde_json::{Value, json};

use super::{NOW, ORGANIZATION, get, import};
use crate::Server;

const HEAD: &str =
    "allocation_id,allocated_license,username,user_hostname,license_type,product_name,start_time,end_time";
const ROW: &str = "1,GoLand,ann,h,REGULAR,GoLand,2026-11-01T00:00:00Z,";

fn token(id: &str, more: &Value) -> Value {
    let mut token = json!({"id": id, "label": id, "status": "ALLOWED", "createdAt": "2026-01-15"});
    token.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    token
}

fn page(records: &[Value]) -> String {
    json!({ "data": records }).to_string()
}

fn usage(records: &[Value]) -> String {
    json!({ "licenseUsages": records }).to_string()
}

fn denials(logins: &[&str]) -> String {
    let denial =
        |login: &&str| json!({"timestamp": "2026-11-01", "username": login, "product_name": "GoLand", "reason": "X"});
    json!(logins.iter().map(denial).collect::<Vec<_>>()).to_string()
}

fn import_all(lists: &[(&'static str, String)]) -> (i32, String, String) {
    import(tempfile::tempdir().unwrap().path(), lists, &["--now", "2026-11-20"])
}

#[test]
fn each_cause_is_one_error() {
    let go = json!({"code": "GO", "displayName": "GoLand", "regularTotal": 3, "regularInUse": 1});
    let none = json!({"code": "GO", "displayName": "GoLand", "regularTotal": 0, "regularInUse": 0});
    let mut nameless = go.clone();
    nameless["code"] = Value::Null;
    let report = ("--vault-usage-report", format!("{HEAD}\n{ROW}\n"));
    for (lists, says) in [
        (vec![("--atlassian", page(&[token("1", &json!({"user": 7}))]))], "record 1 (1:10): `user` is not an object"),
        (vec![("--atlassian", page(&[token("1", &json!({"user": null}))]))], "record 1 (1:10): `user` is missing"),
        (
            vec![(
                "--atlassian-service-account-tokens",
                json!([token("1", &json!({"user": {"name": "x"}}))]).to_string(),
            )],
            "record 1 (1:2): `user.id` is missing",
        ),
        // Without licences there is no pool, which would contradict.
        (
            vec![("--vault", usage(&[go.clone(), none]))],
            "record 2 (1:90): how many GO there are is said already, in 0--vault:record 1 (1:19)",
        ),
        (vec![("--vault", usage(&[nameless])), report.clone()], "0--vault:record 1 (1:19): `code` is missing"),
        (
            vec![("--vault", usage(&[go])), (report.0, format!("{HEAD}\n{}\n", ROW.replace("2026-11-01", "x")))],
            "1--vault-usage-report:record 1 (2:1): `start_time` cannot be read",
        ),
    ] {
        let (code, stdout, stderr) = import_all(&lists);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{says}\n{stderr}");
        assert!(stderr.contains(says), "{says}\n{stderr}");
    }
}

#[test]
fn what_lists_say_differently_is_a_warning() {
    let user = |email: &str| json!({"user": {"email": email}});
    let account = |id: &str, name: &str| token(id, &json!({"user": {"id": "s", "name": name}}));
    let go = json!({"code": "GO", "displayName": "GoLand", "regularTotal": 3, "regularInUse": 0});
    let ended = format!("{HEAD}\n{ROW}\n{ROW}2026-11-02T00:00:00Z\n");
    let of_two = page(&[token("1", &user("ann@a.test")), token("2", &user("ann@b.test"))]);
    for (lists, says, of_seed) in [
        (
            vec![("--atlassian-service-account-tokens", json!([account("1", "one"), account("2", "two")]).to_string())],
            "record 2 (1:100): a record before has another name for the account, which is kept",
            r#"{ id: "s", name: "one", "#,
        ),
        (
            vec![("--atlassian", of_two), ("--vault-denials", denials(&["ann"]))],
            "1--vault-denials:record 1 (1:2): the addresses of several people begin with the user's login",
            r#"user: "ann@a.test""#,
        ),
        (
            vec![("--vault", usage(&[go])), ("--vault-usage-report", ended)],
            "1--vault-usage-report:record 1 (2:1): the use has ended by another row, and has no place in a seed",
            "license_vault:",
        ),
        (
            vec![(
                "--atlassian",
                page(&[token("1", &json!({"user": {"email": "a@a.test"}, "createdAt": "2026-12-01"}))]),
            )],
            "record 1 (1:10): `createdAt` is from after --now",
            "created_at: +11d",
        ),
    ] {
        let (code, stdout, stderr) = import_all(&lists);
        assert_eq!(code, 0, "{says}\n{stderr}");
        assert!(stderr.contains(says) && stdout.contains(of_seed), "{says}\n{stderr}\n{stdout}");
        assert!(!stdout.contains("allocations:"), "{stdout}");
    }
}

#[test]
fn two_spellings_are_named_once_of_each() {
    let user = |email: &str| json!({"user": {"email": email}});
    let spellings = ["a@a.test", "A@a.test", "A@a.test", "A@A.test", "a@a.test"];
    let tokens: Vec<Value> = (1..).zip(spellings).map(|(id, email)| token(&format!("{id}"), &user(email))).collect();
    let (code, stdout, stderr) =
        import_all(&[("--atlassian", page(&tokens)), ("--vault-denials", denials(&["bob", "Bob", "Bob", "BOB"]))]);
    assert_eq!(code, 0, "{stderr}");
    for (spelling, first) in [
        ("A@a.test", "`a@a.test`, in 0--atlassian:record 1 (1:10)"),
        ("A@A.test", "`a@a.test`, in 0--atlassian:record 1 (1:10)"),
        ("Bob", "`bob`, in 1--vault-denials:record 1 (1:2)"),
        ("BOB", "`bob`, in 1--vault-denials:record 1 (1:2)"),
    ] {
        let says = format!("`{spelling}` and {first}, differ only in capital letters");
        assert_eq!(stderr.matches(&says).count(), 1, "{says}\n{stderr}");
    }
    assert_eq!(stderr.matches("differ only").count(), 4, "{stderr}");
    assert_eq!(stdout.matches(r#"- { email: "bob@imported.test""#).count(), 1, "{stdout}");
}

#[test]
fn a_login_that_only_looks_like_an_address_is_a_login() {
    let logins = ["@x", "a@", "a@b c", "a\u{1}b", "100%", "CORP\\ann", "a@b.test"];
    let (code, stdout, stderr) = import_all(&[("--vault-denials", denials(&logins))]);
    assert_eq!(code, 0, "{stderr}");
    for user in [
        "%40x@imported",
        "a%40@imported",
        "a%40b%20c@imported",
        "a%01b@imported",
        "100%25@imported",
        "CORP\\\\ann@imported",
    ] {
        assert_eq!(stdout.matches(&format!(r#"user: "{user}.test""#)).count(), 1, "{user}\n{stdout}");
    }
    assert!(stdout.contains(r#"user: "a@b.test""#), "{stdout}");
}

#[test]
fn a_list_is_whole_where_one_of_its_files_ends_it() {
    let user = json!({"user": {"email": "a@a.test"}});
    let ending = page(&[token("1", &user)]);
    let open = json!({"data": [token("2", &user)], "links": {"next": "x"}}).to_string();
    for (files, is_whole) in [
        (vec![open.clone(), ending.clone()], true),
        (vec![ending.clone(), open.clone()], true),
        (vec![format!("{ending}\n{open}")], true),
        (vec![ending.clone()], true),
        (vec![open.clone()], false),
        (vec![open.replace("\"2\"", "\"1\""), open], false),
    ] {
        let lists: Vec<_> = files.into_iter().map(|text| ("--atlassian", text)).collect();
        let (code, _, stderr) = import_all(&lists);
        assert_eq!(code, 0, "{stderr}");
        assert_eq!(stderr.matches("the list is not whole").count(), usize::from(!is_whole), "{lists:?}\n{stderr}");
    }
}

#[test]
fn marks_in_front_of_pages_are_none_of_a_text() {
    let named = |id: &str, label: &str| token(id, &json!({"label": label, "user": {"email": "a@a.test"}}));
    let of_words = page(&[named("1", "a\"\u{feff}\\")]);
    let (code, stdout, stderr) =
        import_all(&[("--atlassian", format!("\u{feff}{of_words}\r\n\u{feff}{}", page(&[named("2", "b")])))]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains(r#"label: "a\"\ufeff\\""#) && stdout.contains(r#"label: "b""#), "{stdout}");
}

/// As many as the file has that has most of them: another file may have been saved earlier.
#[test]
fn twins_of_several_files_are_as_many_as_one_of_them_has() {
    let all = |count: usize| ("--vault-denials", denials(&vec!["ann"; count]));
    for (counts, kept) in [(&[1, 2][..], 2), (&[2, 1], 2), (&[3, 0, 3], 3), (&[1, 1, 1], 1)] {
        let lists: Vec<_> = counts.iter().map(|count| all(*count)).collect();
        let (code, stdout, stderr) = import_all(&lists);
        assert_eq!((code, stdout.matches("reason:").count()), (0, kept), "{counts:?} {stderr}");
        assert_eq!(stderr.contains("kept once"), counts[1..].iter().any(|c| *c > 0), "{stderr}");
    }
}

/// The ids that an id seed makes are those that it made before.
#[test]
fn what_was_imported_from_a_server_starts_with_its_id_seed() {
    let folder = tempfile::tempdir().unwrap();
    let start = |text: &str| {
        let file = folder.path().join("seed.yaml");
        std::fs::write(&file, text).unwrap();
        Server::start(&["--seed", file.to_str().unwrap(), "--clock", &format!("frozen@{NOW}"), "--id-seed", "1"])
    };
    let seed = formatdoc! {r"
        version: 1
        organizations:
          - name: Example Corp
            org_id: {ORGANIZATION}
            people: [{{ email: bob@b.test }}, {{ email: eve@b.test }}]
            atlassian:
              api_keys: [{{ label: locum-import, token: admin-key }}]
              api_tokens: [{{ user: bob@b.test, label: a }}, {{ user: eve@b.test, label: b }}]
    "};
    let tokens = format!("/admin/api-access/v1/orgs/{ORGANIZATION}/api-tokens?pageSize=20");
    let server = start(&seed);
    let before = get(&server, &tokens, "Authorization: Bearer admin-key\r\n");
    // A key of this label, which is not good for everything.
    let key = json!({"id": "1", "label": "locum-import", "keyType": "CLOUD_ADMIN", "createdAt": "2026-01-15",
                     "scopes": ["read:keys:admin"], "resource": "r", "createdBy": {"email": "bob@b.test"}});
    let lists = [
        ("--atlassian", before.clone()),
        ("--atlassian-keys", page(&[key])),
        ("--vault-denials", denials(&["ann", "dan", "zoe"])),
    ];
    let (code, seed, stderr) = import(folder.path(), &lists, &["--now", NOW]);
    assert_eq!(code, 0, "{stderr}");
    let own = r#"{ label: "locum-import (2)" }"#;
    assert!(seed.contains(own), "{seed}");
    let server = start(&seed.replace(own, r#"{ label: "own", token: "admin-key" }"#));
    let after = get(&server, &tokens, "Authorization: Bearer admin-key\r\n");
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap()["data"].clone();
    assert_eq!(read(&before), read(&after));
}
