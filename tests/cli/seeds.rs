//! `locum seed`: everything that is wrong is said at once, and everything that was read is counted.

use std::fmt::Write as _;

use indoc::indoc;

use super::run;

#[test]
fn seeds_are_checked_with_file_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.yaml");
    let name = file.to_str().unwrap();
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let (code, stdout, stderr) = run(&["seed", "validate", name]);
        (code, stdout + &stderr.replace(name, "a.yaml"))
    };
    let head = indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{ email: ann@a.test }]
            jetbrains_account:
              teams: [{ id: 1, name: T }]
    "};
    assert_eq!(check(head), (0, "ok: 1 file, 1 organization, 1 person\n  JetBrains Account: 1 team\n".to_owned()));
    for (more, says) in [
        ("      licences: []\n", "a.yaml:8:7: unknown key `licences`, did you mean `licenses`?"),
        ("      teams: []\n", "a.yaml:8:7: duplicate key `teams`"),
        (
            "      roles: [{ person: anne@a.test, role: viewer }]\n",
            "a.yaml:8:25: `anne@a.test` is not one of the organization's people, did you mean `ann@a.test`?",
        ),
        (
            "      roles: [{ person: ann@a.test, role: owner }]\n",
            "a.yaml:8:43: `owner` is not a role: expected `organization_admin`, `team_admin`, `viewer`, \
             `primary_contact`",
        ),
        ("      roles: [{ person: ann@a.test, role: team_admin }]\n", "a.yaml:8:43: team_admin takes a `team`"),
        (
            "      tokens: [{ person: ann@a.test }]\n",
            "a.yaml:8:26: ann@a.test has no role in the organization, so there is no token: add one to `roles`",
        ),
        ("      licenses: [{ product: IJ, team: 1 }]\n", "a.yaml:8:29: unknown product `IJ`, did you mean `II`?"),
        ("      licenses: [{ product: II, team: 2 }]\n", "a.yaml:8:39: there is no team 2, did you mean `1`?"),
        (
            "      licenses: [{ product: II, team: 1, valid_until: +9000y }]\n",
            "a.yaml:8:55: `+9000y` leads out of the years 1970 to 9998",
        ),
        (
            "      licenses: [{ product: II, team: 1, valid_until: soon }]\n",
            "a.yaml:8:55: `soon` is not a date: expected one like 2026-01-15T09:00:00Z or 2026-01-15, \
             or relative to the clock, like -40d or +1y",
        ),
        (
            "      licenses: [{ product: II, team: 1, id: A }, { product: II, team: 1, id: A }]\n",
            "a.yaml:8:79: another licence has the id `A`, in line 8, column 46",
        ),
        (
            "      licenses: [{ product: II, team: 1, count: x }]\n",
            "a.yaml:8:49: `x` is not a whole number from 1 to 1000000",
        ),
        (
            "      licenses: [{ product: XYZ9, team: 1 }]\n",
            "a.yaml:8:29: unknown product `XYZ9`: what the catalogue lacks, `products` and `plugins` declare",
        ),
        (
            "      products: [{ code: A1, name: A }, { code: A1, name: B }]\n",
            "a.yaml:8:49: another product or plug-in has the code `A1`, in line 8, column 26",
        ),
        ("      plugins: [{ code: II, name: A }]\n", "a.yaml:8:25: another product or plug-in has the code `II`"),
        (
            "      plugins: [{ code: A B, name: A }]\n",
            "a.yaml:8:25: `A B` is not a code: the vendor's are letters and digits",
        ),
        (
            "      licenses: [{ product: II, team: 1, last_seen: never }]\n",
            "a.yaml:8:53: expected none; a date is `last_seen_at`",
        ),
        (
            "      licenses: [{ product: II, team: 1, last_seen: none, assigned_at: -1d }]\n",
            "a.yaml:8:72: beside `last_seen: none` there is no such date: leave one of them out",
        ),
        ("      quirks: { assign_success_status: 201 }\n", "a.yaml:8:40: expected 200 or 204"),
        ("      quirks: { flags_required: 1 }\n", "a.yaml:8:33: `1` is neither true nor false"),
        ("      api_enabled: maybe\n", "a.yaml:8:20: `maybe` is neither true nor false"),
    ] {
        assert_eq!(check(&format!("{head}{more}")), (2, format!("{says}\n")), "{more}");
    }
    assert_eq!(check("version: 2\n"), (2, "a.yaml:1:10: this Locum reads version 1 of the format\n".to_owned()));
    let (code, _, stderr) = run(&["--seed", name]);
    assert_eq!(code, 2, "{stderr}");
}

const DEMO_AND_ONE_MORE: &str = "ok: 2 files, 3 organizations, 6 people\n  \
    JetBrains Account: 4 teams, 6 roles, 6 tokens, 38 licenses\n  \
    License Vault: 2 vaults, 2 administrators, 3 tokens, 1 automation token, 4 pools, 2 allocations, \
    3 running products, 2 denials\n  \
    Atlassian: 4 API keys, 255 API tokens, 2 service accounts, 2 service account tokens, 1 OAuth client\n";

#[test]
fn the_starter_is_valid_and_the_schema_is_json() {
    let dir = tempfile::tempdir().unwrap();
    let (code, starter, _) = run(&["seed", "init"]);
    assert_eq!(code, 0);
    std::fs::write(dir.path().join("1.yaml"), starter).unwrap();
    std::fs::write(dir.path().join("2.json"), r#"{"version":1,"organizations":[{"name":"J","customer_code":"42"}]}"#)
        .unwrap();
    let (code, stdout, stderr) = run(&["seed", "validate", dir.path().to_str().unwrap()]);
    assert_eq!((code, stdout.as_str()), (0, DEMO_AND_ONE_MORE), "{stderr}");
    let (code, schema, _) = run(&["seed", "schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!((code, &schema["title"]), (0, &"Locum seed".into()));
}

/// A folder of seeds, and what is said of them, with their names in place of their paths.
fn check(files: &[(&str, &[u8])]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let (code, stdout, stderr) = run(&["seed", "validate", path]);
    (code, stdout + &stderr.replace(&format!("{path}/"), ""))
}

/// Unknown and doubled keys, missing values and wrong ones, in each kind of record.
#[test]
fn everything_wrong_with_the_form_is_named_at_once() {
    let text = indoc! {"
        version: 1
        clok: 2026-01-15T09:00:00Z
        organizations:
          - name: A
            customer_code: 1
            people: [{ email: ann@a.test, nmae: Ann }, { name: Bob }, { email: eve@a.test, email: e@a.test }]
            jetbrains_account:
              teams: [{ id: 1, name: [T] }, 7, { id: 2, name: T, x: 1 }]
              licenses: [{ product: II, team: 2, assignee: { server: license_vault, uuid: 1 } }]
    "};
    let says = indoc! {"
        1.yaml:2:1: unknown key `clok`, did you mean `clock`?
        1.yaml:6:35: unknown key `nmae`, did you mean `name`?
        1.yaml:6:50: `email` is missing
        1.yaml:6:84: duplicate key `email`
        1.yaml:8:30: expected a single value, not a list and not keys with values
        1.yaml:8:37: expected keys with values
        1.yaml:8:58: unknown key `x`: expected `id`, `name`
        1.yaml:9:77: unknown key `uuid`, did you mean `uid`?
    "};
    assert_eq!(check(&[("1.yaml", text.as_bytes())]), (2, says.to_owned()));
}

/// A misspelled key is read as what it was meant to be, so what is in it is checked, and nothing else seems wrong.
#[test]
fn values_are_checked_beside_unknown_keys() {
    let text = indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            poeple: [{ email: ann@a.test }]
            jetbrains_account:
              tems: [{ id: 1, name: T }]
              roles: [{ person: ann@a.test, role: viewr }, { person: ann@a.test, role: primary-contact }]
              licences: [{ product: IJ, team: 1 }, { product: II, team: 1, assignee: { server: license_valt, uid: 1 } }]
            license_vault:
              name: a
              plan: enterprise_flaoting
              pools: [{ product: IJ, regular: 1 }]
              allocations: [{ user: ann@a.test, product: II, kind: reguler }]
            atlassian:
              api_keys: [{ label: k, scopes: [read:token:admin] }]
              api_tokens: [{ user: ann@a.test, label: a, status: blocket }]
              service_accounts:
                - tokens: [{ label: t, status: alowed }]
                  name: s
                  oauth_clients: [{ name: c, status: Revoked }]
              rate_limit: { mode: obsrve }
    "};
    let says = indoc! {"
        1.yaml:5:5: unknown key `poeple`, did you mean `people`?
        1.yaml:7:7: unknown key `tems`, did you mean `teams`?
        1.yaml:8:43: `viewr` is not a role, did you mean `viewer`?
        1.yaml:8:80: `primary-contact` is not a role, did you mean `primary_contact`?
        1.yaml:9:7: unknown key `licences`, did you mean `licenses`?
        1.yaml:9:29: unknown product `IJ`, did you mean `II`?
        1.yaml:9:78: `license_valt` is not a server, did you mean `license_vault`?
        1.yaml:12:13: `enterprise_flaoting` is not a plan, did you mean `enterprise_floating`?
        1.yaml:13:26: `IJ` is not a licence of the vault's catalogue, did you mean `II`? (`products` declares others)
        1.yaml:14:60: `reguler` is not a kind, did you mean `regular`?
        1.yaml:16:39: `read:token:admin` is not a scope of API keys, did you mean `read:tokens:admin`?
        1.yaml:17:58: `blocket` is not a status, did you mean `blocked`?
        1.yaml:19:40: `alowed` is not a status, did you mean `allowed`?
        1.yaml:21:46: `Revoked` is not a status, did you mean `revoked`?
        1.yaml:22:27: `obsrve` is not a mode, did you mean `observe`?
    "};
    assert_eq!(check(&[("1.yaml", text.as_bytes())]), (2, says.to_owned()));
}

/// In each kind of record each value is wrong, and none hides another.
#[test]
fn a_wrong_value_hides_no_other() {
    let text = indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{ email: ann@a.test }]
            jetbrains_account:
              teams: [{ id: x, name: '' }]
              roles: [{ person: bob@a.test, role: boss, team: 7 }, { person: ann@a.test, role: viewr }]
              tokens: [{ person: bob@a.test, team: 7, token: a b }, { person: ann@a.test }]
              licenses: [{ product: IJ, team: 7, count: x, assignee: bob, valid_until: soon, trial: 7 }]
            license_vault:
              name: a b
              plan: none
              floating: 7
              token: a b
              administrators: [bob@a.test]
              automation_tokens: [{ name: '', token: a b, expires_at: soon }]
              pools: [{ product: IJ, regular: x }]
              allocations: [{ user: bob, product: IJ, kind: x, since: soon, running: [{ product: '', since: soon }] }]
              denials: [{ user: bob, product: '', at: soon }]
            atlassian:
              api_keys: [{ label: '', token: a b, created_by: bob, scopes: [x], expires_at: soon }]
              api_tokens: [{ user: bob, count: x, status: x, created_at: soon }]
              service_accounts:
                - { name: '', id: a b, email: '', tokens: [{ label: '', status: x, last_active_at: soon }],
                    oauth_clients: [{ name: '', id: a b, status: x, expires_at: soon }] }
              rate_limit: { limit: x, window: soon, mode: x }
    "};
    let (code, said) = check(&[("1.yaml", text.as_bytes())]);
    let on = |line: usize| said.lines().filter(|said| said.starts_with(&format!("1.yaml:{line}:"))).count();
    let found: Vec<usize> = (7..=27).map(on).collect();
    let wrong = [2, 4, 3, 6, 0, 1, 1, 1, 2, 1, 4, 2, 6, 3, 0, 6, 4, 0, 6, 4, 3];
    assert_eq!((code, found.as_slice()), (2, &wrong[..]), "{said}");
}

/// A record with the key of another would take its place: both places are named. The marks are where they stand.
#[test]
fn no_record_takes_the_place_of_another() {
    for section in [
        "people: [{ email: ^ann@b.test }, { email: ^ANN@b.test }]",
        "people: [{ email: a@b.test, atlassian_account_id: ^x }, { email: b@b.test, atlassian_account_id: ^x }]",
        "jetbrains_account: { teams: [{ id: ^1, name: A }, { id: ^1, name: B }] }",
        "jetbrains_account: { roles: [{ person: ^ann@a.test, role: viewer }, { person: ^Ann@a.test, role: viewer }] }",
        "jetbrains_account: { products: [{ code: ^A1, name: A }, { code: ^A1, name: B }] }",
        "jetbrains_account: { plugins: [{ code: ^A1, name: A }, { code: ^A1, name: B }] }",
        "jetbrains_account: { roles: [{ person: ann@a.test, role: viewer }], \
         tokens: [{ person: ^ann@a.test }, { person: ^ann@a.test, token: t }] }",
        "jetbrains_account: { teams: [{ id: 1, name: T }], \
         licenses: [{ product: II, team: 1, id: ^X }, { product: GO, team: 1, id: ^X }] }",
        "license_vault: { name: v, pools: [{ product: II, regular: ^1 }, { product: II, regular: ^2 }] }",
        "license_vault: { name: v, pools: [{ product: II, regular: 1, virtual: ^1 }, { product: II, virtual: ^1 }] }",
        "license_vault: { name: v, administrators: [^ann@a.test, ^ANN@a.test] }",
        "license_vault: { name: v, automation_tokens: [{ name: ^ci }, { name: ^ci, token: t }] }",
        "license_vault: { name: v, token: ^same, reporting_token: ^same }",
        "license_vault: { name: v, rules: [{ users: [^ann@a.test, ^Ann@a.test], products: [II] }] }",
        "license_vault: { name: v, rules: [{ users: [ann@a.test], products: [^II, GO, ^II] }] }",
        "atlassian: { api_keys: [{ label: ^k }, { label: ^k }] }",
        "atlassian: { api_tokens: [^{ user: ann@a.test, label: t }, ^{ user: Ann@a.test, label: t, scopes: [] }] }",
        "atlassian: { service_accounts: [{ id: ^a, name: A }, { id: ^a, name: B }] }",
        "atlassian: { service_accounts: [{ name: A, tokens: [{ label: ^t }, { label: ^t }] }] }",
        "atlassian: { service_accounts: [{ name: A, oauth_clients: [{ id: ^c, name: C }, { id: ^c, name: D }] }] }",
        "org_id: ^8f2b0c1e-0000-4000-8000-000000000001\n  - name: B\n    \
         org_id: ^8F2B0C1E-0000-4000-8000-000000000001",
        "customer_code: ^7\n  - name: B\n    customer_code: ^7",
        "license_vault: { name: ^vault }\n  - name: B\n    license_vault: { name: ^VAULT }",
    ] {
        let people = if section.starts_with("people") { "" } else { "    people: [{ email: ann@a.test }]\n" };
        let marked = format!("version: 1\norganizations:\n  - name: A\n{people}    {section}\n");
        let mut places = Vec::new();
        for (line, text) in (1..).zip(marked.lines()) {
            places.extend(text.match_indices('^').enumerate().map(|(before, (at, _))| (line, at - before + 1)));
        }
        let [(first_line, first_column), (line, column)] = places[..] else { panic!("{section}") };
        let (code, said) = check(&[("1.yaml", marked.replace('^', "").as_bytes())]);
        let begin = format!("1.yaml:{line}:{column}: ");
        let end = format!(", in line {first_line}, column {first_column}\n");
        assert!(code == 2 && said.starts_with(&begin) && said.ends_with(&end), "{section}: {said}");
        assert_eq!(said.lines().count(), 1, "{section}: {said}");
    }
    // Also in another file.
    let file = |code: &str| format!("version: 1\norganizations: [{{ name: A, customer_code: {code} }}]\n");
    let (one, two) = (file("7"), file("7"));
    let says = "2.yaml:2:43: another organization has the customer code 7 (what comes to an organization later is \
                sent to the control API's `seed?mode=merge`), in 1.yaml:2:43\n";
    assert_eq!(check(&[("1.yaml", one.as_bytes()), ("2.yaml", two.as_bytes())]), (2, says.to_owned()));
}

/// A key that looks like another one, which is there too, hides nothing of what that one has.
#[test]
fn an_unknown_key_beside_the_right_one_hides_nothing() {
    let right = "[{ name: A, custmer_code: 7, nam: B, people: [{ email: x }] }]";
    for text in [
        format!("organisations: []\norganizations: {right}\n"),
        format!("organizations: {right}\norganisations: []\n"),
        format!("organisations: [{{ name: [] }}]\norganizations: {right}\norganizatons: 7\n"),
    ] {
        let (code, said) = check(&[("1.yaml", format!("version: 1\n{text}").as_bytes())]);
        let unknown = ["organisations", "organizatons", "custmer_code", "nam"];
        let expected: Vec<String> = unknown
            .into_iter()
            .filter(|key| text.contains(&format!("{key}:")))
            .map(|key| format!("unknown key `{key}`"))
            .chain(["`x` is not an e-mail address".to_owned()])
            .collect();
        assert_eq!(code, 2, "{said}");
        assert!(expected.iter().all(|wanted| said.contains(wanted)), "{text}: {said}");
        assert_eq!(said.lines().count(), expected.len(), "{text}: {said}");
    }
}

/// An entry that makes nothing is a mistake.
#[test]
fn a_count_is_at_least_one() {
    for (section, place) in [
        ("jetbrains_account: { teams: [{ id: 1, name: T }], licenses: [{ product: II, team: 1, count: 0 }] }", 97),
        ("atlassian: { api_tokens: [{ count: 0 }] }", 40),
    ] {
        let text =
            format!("version: 1\norganizations:\n  - name: A\n    people: [{{ email: ann@a.test }}]\n    {section}\n");
        let (code, said) = check(&[("1.yaml", text.as_bytes())]);
        let begin = format!("1.yaml:5:{place}: `0` is not a whole number from 1 to ");
        assert!(code == 2 && said.starts_with(&begin), "{said}");
    }
}

#[test]
fn every_bad_file_of_a_folder_is_named() {
    let head = "organizations: [{ name: A, customer_code:";
    let (good, bad) = (format!("version: 1\n{head} 7 }}]\n"), format!("version: 1\n{head} x }}]\n"));
    let files: [(&str, &[u8]); 8] = [
        ("1.yaml", good.as_bytes()),
        ("2.yaml", bad.as_bytes()),
        ("3.yml", b"version: 1\n\torganizations"),
        ("4.json", br#"{"version": 1, "organizatons": [], "x": 1}"#),
        ("5.yaml", b"version: 1\nclock: \xff"),
        ("6.yaml", b"version: 2\nnew_key: 1\n"),
        ("7.yaml", b"version: 1\nclock: soon\n"),
        ("8.txt", b"not a seed"),
    ];
    let (code, said) = check(&files);
    let lines: Vec<&str> = said.lines().collect();
    let begin = [
        "2.yaml:2:43: `x` is not a whole number",
        "3.yml:1:10: while scanning",
        "4.json:1:16: unknown key `organizatons`, did you mean `organizations`?",
        "4.json:1:36: unknown key `x`",
        "locum: 5.yaml: cannot be read",
        "6.yaml:1:10: this Locum reads version 1 of the format",
        "7.yaml:2:8: `soon` is not a date",
    ];
    assert_eq!((code, lines.len()), (2, begin.len()), "{said}");
    for (line, begin) in lines.iter().zip(begin) {
        assert!(line.starts_with(begin), "{line}: {begin}");
    }
    let (code, _, stderr) = run(&["--seed", "no-such-1.yaml", "--seed", "builtin:dmeo", "--seed", "no-such-2.yaml"]);
    assert_eq!((code, stderr.lines().count()), (2, 3), "{stderr}");
    assert!(stderr.contains("did you mean `builtin:demo`?"), "{stderr}");
}

/// As many records as fit into memory: a YAML library has limits of its own.
#[test]
fn a_seed_may_be_long() {
    let mut text = String::from(indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people:
    "});
    for number in 0..90_000 {
        writeln!(text, "      - {{ email: p{number}@a.test }}").unwrap();
    }
    let (code, said) = check(&[("1.yaml", text.as_bytes())]);
    assert!(code == 0 && said.starts_with("ok: 1 file, 1 organization, 90000 people\n"), "{said}");
}
