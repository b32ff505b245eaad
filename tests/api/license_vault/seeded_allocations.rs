//! A seed's allocations: a vault never holds out more than it has (license-vault §9).

use indoc::formatdoc;

use super::{count_licenses, replace_vault};
use crate::support::{Answer, TestApp, VAULT_TOKEN, apply, on_both_databases};

/// Sends a vault with these pools, in line 10, and allocations, from line 12 on.
async fn send_seed(app: &TestApp, query: &str, pools: &str, allocations: &[&str]) -> Answer {
    let allocations: Vec<String> = allocations.iter().map(|one| format!("        - {{ {one} }}")).collect();
    let seed = formatdoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{{ email: ann@a.test }}]
            license_vault:
              name: example
              plan: organization_true_up
              token: demo-vault-token
              pools: [{pools}]
              allocations:
    "} + &allocations.join("\n");
    app.control().post(&format!("/seed{query}"), &seed).await
}

/// Writes a seed that says no more of the vault than this section, in line 7.
fn write_section(section: &str) -> String {
    formatdoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            license_vault:
              name: example
              {section}
    "}
}

#[apply(on_both_databases)]
async fn they_are_placed_in_the_order_in_which_licences_are_given_out(app: TestApp) {
    // The counts are: regular, true-up, virtual, each in use and in all.
    for (pools, allocations, expected) in [
        ("{ product: II, regular: 2 }", vec!["a, product: II", "b, product: II"], vec![("II", [2, 2, 0, 0, 0, 0])]),
        (
            "{ product: II, regular: 1, true_up: 1, virtual: 1 }",
            vec!["a, product: II", "b, product: II"],
            vec![("II", [1, 1, 0, 1, 1, 1])],
        ),
        (
            "{ product: II, regular: 1, true_up: 1, virtual: 1 }",
            vec!["a, product: II", "b, product: II", "c, product: II"],
            vec![("II", [1, 1, 1, 1, 1, 1])],
        ),
        (
            "{ product: II, regular: 1, virtual: 1 }, { product: ALL, regular: 1 }",
            vec!["a, product: II", "b, product: II"],
            vec![("II", [1, 1, 0, 0, 0, 1]), ("ALL", [1, 1, 0, 0, 0, 0])],
        ),
        (
            "{ product: II, regular: 1, true_up: 1 }, { product: ALL, virtual: 1 }",
            vec!["a, product: II", "b, product: II", "c, product: II"],
            vec![("II", [1, 1, 1, 1, 0, 0]), ("ALL", [0, 0, 0, 0, 1, 1])],
        ),
        (
            "{ product: ALL, regular: 1, true_up: 2 }, { product: DUL, regular: 1 }",
            vec!["a, product: RD", "b, product: RD", "c, product: DUL", "d, product: ALL"],
            vec![("DUL", [1, 1, 0, 0, 0, 0]), ("ALL", [1, 1, 2, 2, 0, 0]), ("RD", [0; 6])],
        ),
        // What is told is kept, and what comes later goes elsewhere.
        (
            "{ product: II, regular: 1, true_up: 1 }, { product: ALL, true_up: 1 }",
            vec!["a, product: II, kind: true_up", "b, product: II", "c, product: II"],
            vec![("II", [1, 1, 1, 1, 0, 0]), ("ALL", [0, 0, 1, 1, 0, 0])],
        ),
        // A second licence of one user is for a third machine.
        (
            "{ product: II, regular: 2 }",
            vec![
                "a, product: II, running: [{ product: II, host: h1 }, { product: II, host: h2 }]",
                "a, product: II, running: [{ product: II, host: h3 }]",
            ],
            vec![("II", [2, 2, 0, 0, 0, 0])],
        ),
    ] {
        let entries: Vec<String> =
            allocations.iter().map(|one| format!("user: {}", one.replacen(',', "@a.test,", 1))).collect();
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        // Merged again, a seed changes nothing.
        for query in ["?mode=replace", "", "?mode=merge"] {
            send_seed(&app, query, pools, &entries).await.expect_ok();
            for (code, counts) in &expected {
                assert_eq!(count_licenses(&app, code).await, *counts, "{pools} {entries:?} {query}: {code}");
            }
            let held = app.control().get("/vaults/example/connections").await.expect_ok();
            assert_eq!(held.as_array().unwrap().len(), entries.len(), "{pools} {entries:?} {query}");
        }
    }
}

#[apply(on_both_databases)]
async fn what_fits_nowhere_is_refused_at_its_place(app: TestApp) {
    let (a, b, c) = ("user: a@a.test, product: II", "user: b@a.test, product: II", "user: c@a.test, product: II");
    for (pools, allocations, line, column, detail) in [
        ("", vec![a], 12, 38, "the vault has no licence for II: add some to `pools`"),
        ("{ product: II, regular: 0 }", vec![a], 12, 38, "the vault has no licence for II"),
        ("{ product: GO, regular: 9 }", vec![a], 12, 38, "the vault has no licence for II"),
        ("{ product: II, regular: 2 }", vec![a, b, c], 14, 38, "no licence for II is left: 2 of 2 regular II are held"),
        (
            "{ product: II, regular: 1, true_up: 1 }, { product: ALL, virtual: 1 }",
            vec![a, b, c, "user: d@a.test, product: II"],
            15,
            38,
            "no licence for II is left: 1 of 1 regular II, 1 of 1 virtual ALL, 1 of 1 true_up II are held",
        ),
        (
            "{ product: II, regular: 9, true_up: 1 }, { product: ALL, true_up: 9 }",
            vec!["user: a@a.test, product: II, kind: true_up", "user: b@a.test, product: II, kind: true_up"],
            13,
            48,
            "no true_up licence of II is left: 1 of 1 true_up II are held",
        ),
        (
            "{ product: II, regular: 9 }",
            vec!["user: a@a.test, product: II, kind: virtual"],
            12,
            48,
            "the vault has no virtual licence of II: add some to `pools`",
        ),
    ] {
        for query in ["?mode=replace", "?mode=replace&dry_run", ""] {
            let problem = send_seed(&app, query, pools, &allocations).await.expect_problem(400);
            let error = &problem["errors"][0];
            assert_eq!((&error["line"], &error["column"]), (&line.into(), &column.into()), "{pools}: {problem}");
            assert!(error["detail"].as_str().unwrap().starts_with(detail), "{detail}: {problem}");
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
        }
    }
    // All of them are named.
    let problem = send_seed(&app, "", "", &[a, b, c]).await.expect_problem(400);
    let lines: Vec<i64> = problem["errors"].as_array().unwrap().iter().map(|e| e["line"].as_i64().unwrap()).collect();
    assert_eq!(lines, [12, 13, 14]);
}

#[apply(on_both_databases)]
async fn merged_ones_are_placed_beside_what_is_held(app: TestApp) {
    replace_vault(&app, "allocations: [{ user: bob@a.test, product: II }]", "{ product: II, regular: 2 }").await;
    let merge = async |section: &str| app.control().post("/seed", &write_section(section)).await;
    // The pools are those that the vault has already.
    merge("allocations: [{ user: eve@a.test, product: II }]").await.expect_ok();
    assert_eq!(count_licenses(&app, "II").await[..2], [2, 2]);
    for section in [
        "allocations: [{ user: dan@a.test, product: II }]",
        "allocations: [{ user: bob@a.test, product: II }, { user: bob@a.test, product: II }]",
        "pools: [{ product: II, regular: 1 }]",
    ] {
        let problem = merge(section).await.expect_problem(400);
        assert_eq!(problem["errors"][0]["line"], 7, "{section}: {problem}");
        assert_eq!(count_licenses(&app, "II").await[..2], [2, 2], "{section}");
    }
    // Who held one holds the one that the seed tells of, and nobody else's is touched.
    merge("allocations: [{ user: BOB@a.test, product: II, since: -2d }]").await.expect_ok();
    assert_eq!(count_licenses(&app, "II").await[..2], [2, 2]);
    let licenses = app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=bob").await.expect_ok();
    assert_eq!(licenses[0]["allocatedAt"], "2026-01-13T09:00:00Z");
    // With more licences, another one fits.
    merge("pools: [{ product: II, regular: 2, true_up: 1 }]\n      allocations: [{ user: dan@a.test, product: II }]")
        .await
        .expect_ok();
    assert_eq!(count_licenses(&app, "II").await[..4], [2, 2, 1, 1]);
}

/// What is merged is placed as if it had been asked for after what is held, by the same rules (license-vault §4.4).
#[apply(on_both_databases)]
async fn merged_ones_come_after_what_is_held(app: TestApp) {
    let held = "allocations: [{ user: bob@a.test, product: II, running: [{ product: II, host: dev-1 }] }, \
                { user: cleo@a.test, product: ALL, running: [{ product: GO, host: a }, { product: WS, host: b }] }]";
    let pools = "{ product: II, regular: 3, true_up: 1 }, { product: ALL, regular: 3 }";
    // The mark `^` says where it is refused, if it is.
    let merge = async |allocation: &str| {
        let seed = write_section(&format!("allocations: [{{ user: {allocation} }}]"));
        let column = seed.lines().nth(6).unwrap().find('^').map(|at| at + 1);
        (app.control().post("/seed?mode=merge", seed.replace('^', "").as_str()).await, column)
    };
    let list = async || app.control().get("/vaults/example/connections").await.expect_ok();
    replace_vault(&app, held, pools).await;
    let before = list().await;
    // What the user has already, also of a pack, is what is meant: a vault gives nobody another licence for it.
    for same in [
        "bob@a.test, product: II",
        "bob@a.test, product: II, kind: regular, running: [{ product: II, host: dev-1 }]",
        "BOB@a.test, product: II, running: [{ product: II, host: dev-1, version: 2020.1 }]",
        "cleo@a.test, product: ALL",
        "cleo@a.test, product: II",
        "cleo@a.test, product: WS, running: [{ product: WS, host: b }]",
    ] {
        merge(same).await.0.expect_ok();
        assert_eq!(list().await, before, "{same}");
    }
    for (refused, detail) in [
        ("^bob@a.test, product: II, kind: true_up", "bob@a.test has a licence of II already, from before the seed"),
        ("bob@a.test, product: II }, { user: ^bob@a.test, product: II", "has a licence of II already, in line 7"),
        (
            "^cleo@a.test, product: II, kind: regular, running: [{ product: II, host: a }]",
            "cleo@a.test has a licence of ALL already, from before the seed",
        ),
        (
            "^cleo@a.test, product: II, running: [{ product: II, host: b }, { product: II, host: c }]",
            "has a licence of ALL already, from before the seed, and II runs on it: one licence serves two machines",
        ),
        (
            "bob@a.test, product: II }, { user: ^bob@a.test, product: ALL",
            "with a licence of ALL the user gives that of II back, in line 7",
        ),
        ("bob@a.test, product: II, running: [{ product: ^GO }]", "GO does not run on a licence of II"),
    ] {
        let (answer, column) = merge(refused).await;
        let problem = answer.expect_problem(400);
        let error = &problem["errors"][0];
        assert_eq!((&error["line"], &error["column"]), (&7.into(), &column.into()), "{refused}: {problem}");
        assert!(error["detail"].as_str().unwrap().contains(detail), "{refused}: {problem}");
        assert_eq!(list().await, before, "{refused}");
    }
    // On a third machine, a licence of its own; on a second, the one that is held.
    for more in [
        "cleo@a.test, product: II, running: [{ product: II, host: c }]",
        "bob@a.test, product: II, running: [{ product: II, host: dev-2 }]",
    ] {
        merge(more).await.0.expect_ok();
        assert_eq!((count_licenses(&app, "II").await[0], count_licenses(&app, "ALL").await[0]), (2, 1), "{more}");
    }
    // A pack takes the place of what it covers, with what runs on that.
    let get_licenses =
        async || app.license_vault(VAULT_TOKEN).get("/public-api/licenses?email=bob@a.test").await.expect_ok();
    let connections = get_licenses().await[0]["products"].clone();
    assert_eq!(connections.as_array().unwrap().len(), 2);
    for _ in 0..2 {
        merge("bob@a.test, product: ALL, running: [{ product: II, host: dev-1 }]").await.0.expect_ok();
        let licenses = get_licenses().await;
        assert_eq!((licenses.as_array().unwrap().len(), &licenses[0]["code"]), (1, &"ALL".into()), "{licenses}");
        assert_eq!(licenses[0]["products"], connections);
        assert_eq!((count_licenses(&app, "II").await[0], count_licenses(&app, "ALL").await[0]), (1, 2));
    }
}
