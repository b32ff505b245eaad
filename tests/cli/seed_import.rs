//! `locum seed import`: what services list becomes a seed that lists the same.

mod contradictions;
mod numbers;
mod secrets;
mod tables;
mod twice;

use std::{fmt::Write as _, path::Path};

use indoc::{formatdoc, indoc};
use serde_json::Value;

use super::{Server, run};

const NOW: &str = "2026-11-20T10:20:30Z";
const ORGANIZATION: &str = "8f2b0c1e-0000-4000-8000-000000000001";

/// More than 10,000 records, and one of each kind that is special.
fn write_seed() -> String {
    formatdoc! {r#"
        version: 1
        organizations:
          - name: Example Corp
            customer_code: 6700001
            org_id: {ORGANIZATION}
            people:
              - {{ email: ann@example.test, name: "Ann \"Ä\" 株", jetbrains_account: true }}
              - {{ email: Bob@example.test, name: Bob Stone }}
            jetbrains_account:
              products: [{{ code: AIU, name: AI Ultimate }}]
              plugins: [{{ code: PWORK, name: A Plug-in }}]
              teams: [{{ id: 2001, name: Platform }}, {{ id: 2002, name: "$${{x}} #1: é" }}]
              roles: [{{ person: ann@example.test, role: organization_admin }}]
              tokens: [{{ person: ann@example.test, token: account-token }}]
              licenses:
                - {{ id: L1, product: II, team: 2001, assignee: ann@example.test, assigned_at: -40d }}
                - {{ id: L2, product: II, team: 2001, assignee: Bob@example.test, last_seen_at: -3h, offline_code: true,
                    auto_renew: false, pack: null }}
                - {{ id: L3, product: AIU, team: 2002, assignee: ann@example.test, last_seen: none, trial: true,
                    suspended: true, transferable: false, domain: x.test }}
                - {{ id: L4, product: PWORK, team: 2002, per_user: false }}
                - {{ id: L5, product: WS, team: 2002, valid_until: -3d }}
                - {{ id: L6, product: WS, team: 2002, perpetual_until: -3d }}
                - {{ id: L7, product: WS, team: 2002, valid_until: -3d, perpetual_until: +3d }}
                - {{ id: L8, product: WS, team: 2002, assignee: {{ server: license_vault, uid: u1 }} }}
                - {{ id: L9, product: WS, team: 2002, assignee: {{ license_key: K, registration_name: R }} }}
                - {{ count: 4991, product: ALL, team: 2001 }}
                - {{ count: 2000, product: GO, team: 2002, assignee: bob@example.test, assigned_at: -31d }}
            license_vault:
              name: imported
              token: vault-token
              pools: [{{ product: II, regular: 5, true_up: 2 }}, {{ product: ALL, virtual: 10 }}]
              allocations:
                - {{ user: ann@example.test, product: II, since: -3h, running: [
                    {{ product: II, host: dev-1 }}, {{ product: II, host: "=dev;\"2" }}] }}
                - {{ user: bob@example.test, product: GO, since: -2h, running: [{{ product: WS, host: dev-1 }}] }}
              denials: [{{ user: bob@example.test, product: A Plug-in, at: -1h, reason: X, description: "x, y" }}]
            atlassian:
              api_keys:
                - {{ label: full, token: admin-key }}
                - {{ label: reader, scopes: [read:tokens:admin], created_by: Bob@example.test, last_active_at: -1d }}
                - {{ label: old, expires_at: -1d }}
              api_tokens:
                - {{ user: ann@example.test, label: laptop, created_at: -40d, last_active_at: -1d, scopes: [a] }}
                - {{ user: bob@example.test, label: "☃ \" \\ \u2028", status: blocked }}
                - {{ count: 3100 }}
              service_accounts:
                - {{ id: svc-1, name: bot, description: d, tokens: [{{ label: ci }}, {{ label: o, status: expired }}],
                    oauth_clients: [{{ name: sync }}, {{ name: gone, status: revoked, scopes: [x] }}] }}
                - {{ id: svc-2, name: empty }}
    "#}
}

/// An option of the import, and the pages that it was given.
type Lists = Vec<(&'static str, String)>;

struct Credentials {
    account: String,
    vault: String,
    administration: String,
}

impl Credentials {
    fn of_seed() -> Self {
        Self {
            account: "account-token".to_owned(),
            vault: "Bearer vault-token".to_owned(),
            administration: "admin-key".to_owned(),
        }
    }
}

fn get(server: &Server, path: &str, headers: &str) -> String {
    let (status, body) = server.send("GET", path, headers, "").unwrap();
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Every list of a server, page after page.
fn get_lists(server: &Server, credentials: &Credentials) -> Lists {
    let account = format!("X-Api-Key: {}\r\nX-Customer-Code: 6700001\r\n", credentials.account);
    let mut licenses = String::new();
    for page in 1.. {
        let body = get(server, &format!("/api/v1/customer/licenses?perPage=200&page={page}"), &account);
        licenses += &body;
        if body == "[]" {
            break;
        }
    }
    let vault = format!("Authorization: {}\r\n", credentials.vault);
    let below = "/license-vault/imported/public-api";
    let csv = format!("{vault}Accept: text/csv\r\n");
    let mut lists = vec![
        ("--jetbrains", licenses),
        ("--products", get(server, "/api/v1/products", &account)),
        ("--plugins", get(server, "/api/v1/plugins", &account)),
        ("--vault", get(server, &format!("{below}/licenses/usage"), &vault)),
        ("--vault-denials", get(server, &format!("{below}/denials/report?from=2020-01-01&limit=100"), &vault)),
        ("--vault-usage-report", get(server, &format!("{below}/licenses/report?from=2020-01-01&limit=100"), &csv)),
    ];
    let key = format!("Authorization: Bearer {}\r\n", credentials.administration);
    for (option, path) in [
        ("--atlassian", "api-tokens"),
        ("--atlassian-keys", "api-keys"),
        ("--atlassian-service-accounts", "service-accounts"),
        ("--atlassian-service-account-tokens", "service-accounts/api-tokens"),
        ("--atlassian-oauth-clients", "service-accounts/oauth-clients"),
    ] {
        let (mut pages, mut cursor) = (String::new(), String::new());
        loop {
            let path = format!("/admin/api-access/v1/orgs/{ORGANIZATION}/{path}?pageSize=100{cursor}");
            let body = get(server, &path, &key);
            let next = serde_json::from_str::<Value>(&body).unwrap()["links"]["next"].as_str().map(str::to_owned);
            writeln!(pages, "{body}").unwrap();
            let Some(next) = next else { break };
            let next: String = next.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
            cursor = format!("&cursor={next}");
        }
        lists.push((option, pages));
    }
    lists
}

/// The records of a list, without what no seed keeps.
fn read_records(option: &str, pages: &str) -> Vec<String> {
    let mut found = Vec::new();
    if option == "--vault-usage-report" {
        found = pages.lines().map(|line| line.split_once(',').unwrap().1.to_owned()).collect();
    } else {
        for page in serde_json::Deserializer::from_str(pages).into_iter::<Value>() {
            let page = page.unwrap();
            let of = ["data", "items", "licenseUsages"].iter().find_map(|name| page.get(name));
            for record in of.unwrap_or(&page).as_array().unwrap() {
                let mut record = record.clone();
                let members = record.as_object_mut().unwrap();
                members.remove("clientRevocationTime");
                found.push(record.to_string());
            }
        }
    }
    // Of records that are alike, ids decide, which no seed keeps.
    if option != "--jetbrains" {
        found.sort();
    }
    found
}

fn import(folder: &Path, lists: &[(&'static str, String)], more: &[&str]) -> (i32, String, String) {
    let mut arguments = vec!["seed".to_owned(), "import".to_owned()];
    for (nth, (option, text)) in lists.iter().enumerate() {
        let file = folder.join(format!("{nth}{option}"));
        std::fs::write(&file, text).unwrap();
        arguments.extend([(*option).to_owned(), file.to_str().unwrap().to_owned()]);
    }
    arguments.extend(more.iter().map(ToString::to_string));
    let (code, stdout, stderr) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    (code, stdout, stderr.replace(&format!("{}/", folder.display()), ""))
}

#[test]
fn what_was_imported_lists_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let clock = format!("frozen@{NOW}");
    let start = |text: &str| {
        let file = folder.path().join("seed.yaml");
        std::fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap().to_owned();
        (Server::start(&["--seed", &path, "--clock", &clock, "--id-seed", "1"]), path)
    };
    let (server, _) = start(&write_seed());
    let lists = get_lists(&server, &Credentials::of_seed());
    drop(server);
    let all = ["--now", NOW, "--name", "Example Corp", "--customer-code", "6700001"];
    let (code, seed, stderr) = import(folder.path(), &lists, &all);
    assert_eq!(code, 0, "{stderr}");
    assert!(!stderr.contains("licenses are in use"), "{stderr}");
    let (server, path) = start(&seed);
    let (_, variables, _) = run(&["env", "--format", "json", "--seed", &path, "--id-seed", "1"]);
    let variables: Value = serde_json::from_str(&variables).unwrap();
    let variable = |name: &str| variables[name].as_str().unwrap().to_owned();
    let credentials = Credentials {
        account: variable("JETBRAINS_ACCOUNT_API_KEY"),
        vault: format!("Automation {}", variable("LICENSE_VAULT_AUTOMATION_TOKEN")),
        administration: variable("ATLASSIAN_API_KEY"),
    };
    let mut count = 0;
    for ((option, before), (_, after)) in lists.iter().zip(get_lists(&server, &credentials)) {
        let (before, after) = (read_records(option, before), read_records(option, &after));
        count += before.len();
        assert_eq!(before.len(), after.len(), "{option}");
        for (before, after) in before.iter().zip(&after) {
            // When an account was changed last has no place in a seed, but the clock stands still here.
            assert_eq!(before, after, "{option}");
        }
    }
    assert!(count > 10_000, "{count}");

    let key = [&all[..], &["--anonymize", "--anonymize-key", "a key of a certain length"]].concat();
    let (code, hidden, stderr) = import(folder.path(), &lists, &key);
    assert_eq!(code, 0, "{stderr}");
    for secret in [
        "ann",
        "Bob",
        "bob@",
        "Platform",
        "laptop",
        "svc-1",
        "dev-1",
        "u1",
        "x, y",
        "127.0.0.1",
        "x.test",
        "AIU",
        "AI Ult",
        "A Plug-in",
        "PWORK",
    ] {
        let own = hidden.replace("locum-import@example.test", "").replace("example.test", "").replace("cannot", "");
        assert!(!own.contains(secret), "{secret}");
    }
    assert!(!hidden.contains(ORGANIZATION));
    assert_eq!(hidden, import(folder.path(), &lists, &key).1, "the same key, the same names");
    assert_eq!(hidden.lines().count(), seed.lines().count(), "as many of everything");
    let dates = |text: &str| text.matches("assigned_at: -31d").count();
    assert_eq!((dates(&hidden), dates(&seed)), (2000, 2000));
    let (_, other, stderr) = import(folder.path(), &lists, &[&all[..], &["--anonymize"]].concat());
    assert!(other != hidden && stderr.contains("a random key"), "{stderr}");
}

const LICENSE: &str = indoc! {r#"
    {"licenseId":"A1","product":{"code":"II","name":"IntelliJ IDEA Ultimate"},"team":{"id":1,"name":"T"},
     "subscription":{"validUntilDate":"2027-01-15T00:00:00.000+03:00","isOutdated":false},
     "assignee":{"type":"USER","name":"A","email":"a@a.test"}}
"#};

#[test]
fn what_is_wrong_is_named_by_file_and_record() {
    let folder = tempfile::tempdir().unwrap();
    let key = r#"{"data":[{"id":"1","label":"k","keyType":"x","resource":"r","createdBy":{}}],"links":{}}"#;
    let token = r#"{"id":"1","label":"k","status":"ALLOWED","createdAt":"2026-01-15","user":{}}"#;
    let report = "allocation_id;allocated_license;username\r\n1;GoLand\r\n";
    for (option, text, says) in [
        ("--atlassian", key.to_owned(), "0--atlassian:record 1 (1:10): this is a list of API keys: --atlassian-keys"),
        (
            "--atlassian-service-account-tokens",
            format!(r#"{{"data":[{token}]}}"#),
            "0--atlassian-service-account-tokens (1:1): this is a list of API tokens: --atlassian",
        ),
        (
            "--atlassian",
            format!("[{token}]"),
            "0--atlassian (1:2): this is a list of service accounts' API tokens: --atlassian-service-account-tokens; \
             the records of a list of API tokens stand in `data`",
        ),
        ("--jetbrains", r#"{"data":[]}"#.to_owned(), "licences, whose records do not stand in `data`"),
        ("--jetbrains", "<!doctype html>".to_owned(), "0--jetbrains: this is HTML and not JSON"),
        ("--jetbrains", "HTTP/1.1 200 OK\r\n\r\n[]".to_owned(), "0--jetbrains: this begins with the answer's headers"),
        (
            "--vault-usage-report",
            format!("HTTP/2 200\n\n{report}"),
            "0--vault-usage-report: this begins with the answer's",
        ),
        (
            "--jetbrains",
            String::new(),
            "the file is empty; a list of JetBrains Account licences without a record is `[]`",
        ),
        ("--jetbrains", "a,b\n1,2".to_owned(), "this looks like CSV or text"),
        ("--jetbrains", "[{}".to_owned(), "0--jetbrains (1:3): cannot be read as JSON"),
        ("--jetbrains", "[7]".to_owned(), "expected a list of JetBrains Account licences, found `7`"),
        ("--jetbrains", r#"{"error":"x"}"#.to_owned(), "this is no record of a list of JetBrains Account licences"),
        (
            "--jetbrains",
            format!("[{LICENSE}]\n[{}]", LICENSE.replace("II", "GO")),
            "0--jetbrains:record 2 (5:2): another licence has the id `A1`, in 0--jetbrains:record 1 (1:2)",
        ),
        (
            "--jetbrains",
            LICENSE.replace(r#","email":"a@a.test""#, ""),
            "0--jetbrains:record 1 (1:1): `assignee.email` is missing",
        ),
        ("--jetbrains", LICENSE.replace("2027-01-15T", "15.1.2027 "), "`subscription.validUntilDate` cannot be read"),
        ("--vault", report.to_owned(), "0--vault (1:1): this is a License Vault's usage report: --vault-usage-report"),
        (
            "--vault-usage-report",
            report.replace("1;GoLand", "1;GoLand;ann"),
            "0--vault-usage-report:record 1 (2:1): the report does not say how many licences there are: give the list \
             of licences in use too (--vault)",
        ),
        (
            "--vault-usage-report",
            report.to_owned(),
            "0--vault-usage-report:record 1 (2:1): 2 cells, where the line of names has 3",
        ),
    ] {
        let (code, stdout, stderr) = import(folder.path(), &[(option, text)], &["--now", "2026-11-20"]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(says), "{says}\n{stderr}");
    }
    let (code, _, stderr) = run(&["seed", "import", "--jetbrains", "/no/such/file"]);
    assert!(code == 2 && stderr.contains("/no/such/file: cannot be read"), "{stderr}");
    assert_eq!(run(&["seed", "import"]).0, 2);
    for (flags, says) in [
        (&["--anonymize", "--anonymize-key", "short"][..], "at least 16 characters"),
        // Real names would be written, where pseudonyms are counted on.
        (&["--anonymize-key", "a key of a certain length"], "--anonymize"),
        (&["--name", ""], "--name"),
        (&["--name", "a\nb"], "--name"),
    ] {
        let (code, stdout, stderr) = run(&[&["seed", "import", "--jetbrains", "x"], flags].concat());
        assert!(code == 2 && stdout.is_empty() && stderr.contains(says), "{flags:?}: {stderr}");
    }
}

#[test]
fn what_has_no_place_is_named_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let more = LICENSE.replace(r#"{"licenseId""#, r#"{"news":1,"licenseId""#);
    for text in ["[]".to_owned(), format!("\u{feff}{more}"), format!("[[{more}],[]]"), format!("[{more}][]")] {
        let is_empty = text == "[]";
        let (code, stdout, stderr) = import(folder.path(), &[("--jetbrains", text)], &["--now", "2026-11-20"]);
        assert_eq!(code, 0, "{stderr}");
        assert_eq!(stdout.contains(r#"id: "A1""#), !is_empty, "{stdout}");
        assert_eq!(stderr.contains("`news` has no place in a seed"), !is_empty, "{stderr}");
    }
    // As a program for tables writes it.
    let report = "\u{feff}allocation_id;allocated_license;username;user_hostname;license_type;product_name;\
                  start_time;end_time\r\n\
                  1;GoLand;ann;\"'=a;\"\"b\"\"\";REGULAR;GoLand;2026-11-19T00:00:00Z;\r\n\
                  2;GoLand;bob;x;REGULAR;GoLand;2026-11-18T00:00:00Z;2026-11-18T01:00:00Z\r\n";
    let usage = r#"{"licenseUsages":[{"code":"GO","displayName":"GoLand","regularTotal":3,"regularInUse":2}]}"#;
    let lists = [("--vault-usage-report", report.to_owned()), ("--vault", usage.to_owned())];
    let (code, stdout, stderr) = import(folder.path(), &lists, &["--now", "2026-11-20"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains(r#"{ product: "GO", host: "=a;\"b\"", since: -1d }"#), "{stdout}");
    for says in ["record 2 (3:1): use that has ended has no place", "1 regular GO licences are in use"] {
        assert!(stderr.contains(says), "{stderr}");
    }
}

#[test]
fn an_empty_list_comes_back_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let report = "allocation_id,allocated_license,username\n";
    for (option, text, path) in [
        ("--jetbrains", "[]", "/api/v1/customer/licenses"),
        ("--products", "[]", "/api/v1/customer/licenses"),
        ("--plugins", "[]", "/api/v1/customer/licenses"),
        ("--atlassian", r#"{"data":[],"links":{}}"#, "/admin/api-access/v1/orgs/{org}/api-tokens?pageSize=20"),
        ("--atlassian-keys", r#"{"data":[]}"#, "/admin/api-access/v1/orgs/{org}/api-tokens?pageSize=20"),
        ("--atlassian-service-accounts", r#"{"items":[]}"#, "/admin/api-access/v1/orgs/{org}/service-accounts"),
        ("--atlassian-oauth-clients", "[]", "/admin/api-access/v1/orgs/{org}/oauth-clients"),
        ("--vault", r#"{"licenseUsages":[],"timestamp":"2026-11-20T00:00:00Z"}"#, "/public-api/licenses/usage"),
        ("--vault-denials", "[]", "/public-api/denials/report?from=2026-01-01"),
        ("--vault-usage-report", report, "/public-api/licenses/usage"),
    ] {
        let (code, seed, stderr) = import(folder.path(), &[(option, text.to_owned())], &["--now", "2026-11-20"]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{option}");
        let file = folder.path().join("seed.yaml");
        std::fs::write(&file, &seed).unwrap();
        let file = file.to_str().unwrap();
        let server = Server::start(&["--seed", file, "--id-seed", "1"]);
        let (_, variables, _) = run(&["env", "--format", "json", "--seed", file, "--id-seed", "1"]);
        let variables: Value = serde_json::from_str(&variables).unwrap();
        let variable = |name: &str| variables[name].as_str().unwrap_or_default().to_owned();
        let headers = format!(
            "X-Api-Key: {}\r\nX-Customer-Code: {}\r\nAuthorization: {}\r\n",
            variable("JETBRAINS_ACCOUNT_API_KEY"),
            variable("JETBRAINS_ACCOUNT_CUSTOMER_CODE"),
            match option {
                vault if vault.starts_with("--vault") => {
                    format!("Automation {}", variable("LICENSE_VAULT_AUTOMATION_TOKEN"))
                }
                _ => format!("Bearer {}", variable("ATLASSIAN_API_KEY")),
            },
        );
        let answer = get(&server, &path.replace("{org}", &variable("ATLASSIAN_ORG_ID")), &headers);
        let answer = answer.trim().replace(char::is_whitespace, "");
        // A vault lists the products of its catalogue also where it has none of them.
        let count = |part| answer.matches(part).count();
        let has_none = count("Total\":0,") > 0 && count("Total\":0,") + count("Total\":0}") == count("Total\":");
        let is_empty = ["[]", r#""data":[]"#, r#""items":[]"#].iter().any(|empty| answer.contains(empty)) || has_none;
        assert!(is_empty, "{option}: {answer}");
    }
}

#[test]
fn a_login_with_a_blank_gets_an_address_that_no_other_login_has() {
    let folder = tempfile::tempdir().unwrap();
    let denial = |login: &str| {
        format!(r#"{{"timestamp":"2026-11-01T00:00:00Z","username":"{login}","product_name":"GoLand","reason":"X"}}"#)
    };
    let logins = ["jane doe", "Jane Doe", "jane%20doe", "jane\u{a0}doe", "janedoe"].map(denial).join(",");
    let lists = [("--vault-denials", format!("[{logins}]"))];
    let (code, stdout, stderr) = import(folder.path(), &lists, &["--now", "2026-11-20"]);
    assert_eq!(code, 0, "{stderr}");
    for (login, count) in [("jane%20doe", 2), ("jane%2520doe", 1), ("jane%C2%A0doe", 1), ("janedoe", 1)] {
        let user = format!(r#"user: "{login}@imported.test""#);
        assert_eq!(stdout.matches(&user).count(), count, "{login}\n{stdout}");
    }
    assert!(stderr.contains("made of the login: @imported.test, with a blank as %20"), "{stderr}");
    let (code, _, stderr) =
        import(folder.path(), &[("--vault-denials", format!("[{}]", denial(" ")))], &["--now", "2026-11-20"]);
    assert!(code == 2 && stderr.contains("the user's login is empty"), "{stderr}");
}

#[test]
fn what_is_wrong_with_a_record_stands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = LICENSE.replace(r#"{"licenseId":"A1""#, r#"{"news":1,"licenseId":{}"#);
    let (code, _, stderr) = import(folder.path(), &[("--jetbrains", text)], &["--now", "2026-11-20"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("`licenseId`") && !stderr.contains("has no place"), "{stderr}");
}
