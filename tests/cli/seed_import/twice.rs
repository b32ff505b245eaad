//! What is there twice: nobody can tell which is meant, and the last one is not it silently.

use super::{LICENSE, import};

#[test]
fn a_member_or_a_column_that_is_there_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let license = LICENSE.trim();
    let token = r#"{"label":"k","status":"ALLOWED","createdAt":"2026-01-15","user":{"email":"a@a.test"}}"#;
    let report = "allocation_id,allocated_license,username,Username\n1,GoLand,ann,bob\n";
    for (option, text, says) in [
        (
            "--jetbrains",
            format!("[{license},\n{}]", license.replace(r#""team":"#, r#""team":{"id":2,"name":"U"},"team":"#)),
            "0--jetbrains:record 2 (4:1): `team` is there twice",
        ),
        (
            "--jetbrains",
            license.replace(r#""name":"T""#, r#""name":"T","name":"T""#),
            "0--jetbrains:record 1 (1:1): `name` is there twice",
        ),
        (
            "--atlassian",
            format!(r#"{{"data":[{token}],"links":{{}},"data":[]}}"#),
            "0--atlassian (1:1): `data` is there twice",
        ),
        (
            "--atlassian",
            format!(r#"{{"data":[{}]}}"#, token.replace(r#"{"label":"k","#, r#"{"label":"k","label":"l","#)),
            "0--atlassian:record 1 (1:10): `label` is there twice",
        ),
        (
            "--vault-usage-report",
            report.to_owned(),
            "0--vault-usage-report (1:1): `username` is the name of two columns",
        ),
    ] {
        let (code, stdout, stderr) = import(folder.path(), &[(option, text)], &["--now", "2026-11-20"]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(says), "{says}\n{stderr}");
    }
}

#[test]
fn products_and_plugins_that_are_swapped_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let products = concat!(
        r#"[{"code":"AIU","name":"AI Ultimate"},{"code":"II","name":"IntelliJ IDEA Ultimate"},"#,
        r#"{"code":"WS","name":"WebStorm"}]"#
    );
    let plugins = r#"[{"code":"PWORK","name":"A Plug-in"}]"#;
    let of = |lists: &[(&'static str, &str)]| {
        let lists: Vec<_> = lists.iter().map(|(option, text)| (*option, (*text).to_owned())).collect();
        import(folder.path(), &lists, &["--now", "2026-11-20"])
    };
    let (code, stdout, stderr) = of(&[("--products", products), ("--plugins", plugins)]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains(r"      plugins:") && stdout.contains(r#"- { code: "PWORK""#), "{stdout}");
    let swapped = "record 2 (1:38): `II` is the code of a product: this is a list of products: --products";
    for lists in [&[("--plugins", products)][..], &[("--products", plugins), ("--plugins", products)]] {
        let (code, stdout, stderr) = of(lists);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(swapped) && stderr.matches("is the code of a product").count() == 1, "{stderr}");
    }
    // No code says that these are none, so that they are taken with a warning.
    let (code, stdout, stderr) = of(&[("--products", plugins)]);
    assert!(code == 0 && stdout.contains("PWORK"), "{stderr}");
    assert!(stderr.contains("record 1 (1:2): none of the products is in Locum's catalogue"), "{stderr}");
    let (code, _, stderr) = of(&[("--products", products), ("--plugins", r#"[{"code":"AIU","name":"AI Ultimate"}]"#)]);
    assert!(code == 0 && stderr.contains("another list has the code as the other kind"), "{stderr}");
}

#[test]
fn a_record_that_two_files_have_is_one_and_twins_of_one_file_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let token = r#"{"id":"1","label":"k","status":"ALLOWED","createdAt":"2026-01-15","user":{"email":"a@a.test"}}"#;
    let account = concat!(
        r#"{"id":"712020:1","displayName":"ci","#,
        r#""container":"ari:cloud:platform::org/8f2b0c1e-0000-4000-8000-000000000001"}"#
    );
    let usage = r#"{"code":"GO","displayName":"GoLand","regularTotal":3,"regularInUse":0}"#;
    let denial =
        r#"{"timestamp":"2026-11-01T00:00:00Z","username":"ann","product_name":"GoLand","reason":"CANCELLED"}"#;
    let (page, items) = (|record: &str| format!(r#"{{"data":[{record}]}}"#), format!(r#"{{"items":[{account}]}}"#));
    let usages = format!(r#"{{"licenseUsages":[{usage}]}}"#);
    let report = "allocation_id,allocated_license,username,product_name\n1,GoLand,ann,GoLand\n";
    let vault = ("--vault", usages.clone());
    for (option, text, of_seed, most) in [
        ("--jetbrains", LICENSE.trim().to_owned(), r#"id: "A1""#, 1),
        ("--products", r#"[{"code":"X","name":"Y"}]"#.to_owned(), r#"code: "X""#, 1),
        ("--atlassian", page(token), r#"label: "k""#, 1),
        ("--atlassian-service-accounts", items, r#"name: "ci""#, 1),
        ("--vault", usages, r#"product: "GO""#, 1),
        ("--vault-denials", format!("[{denial}]"), r#"user: "ann@imported.test", "#, 1),
        ("--vault-denials", format!("[{denial},{denial}]"), "reason:", 2),
        ("--vault-usage-report", report.to_owned(), "running:", 1),
    ] {
        let mut lists = vec![(option, text.clone()), (option, text)];
        if option == "--vault-usage-report" {
            lists.push(vault.clone());
        }
        let (code, stdout, stderr) = import(folder.path(), &lists, &["--now", "2026-11-20"]);
        assert_eq!(code, 0, "{option} {stderr}");
        let records = stdout.lines().filter(|line| line.contains(of_seed) || line.contains(r#"user: "ann"#)).count();
        assert!(records >= 1 && stdout.matches(of_seed).count() <= most, "{option}\n{stdout}");
        assert!(stderr.contains("a record before is the same in everything: it is kept once"), "{option} {stderr}");
        let said = stderr.contains("both are kept");
        assert_eq!(said, most == 2, "{option} {stderr}");
    }
}

#[test]
fn an_address_in_two_spellings_is_one_person_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let other = LICENSE.trim().replace("A1", "A2").replace("a@a.test", "A@A.test");
    let lists = [("--jetbrains", format!("[{},{other}]", LICENSE.trim()))];
    let (code, stdout, stderr) = import(folder.path(), &lists, &["--now", "2026-11-20"]);
    assert_eq!(code, 0, "{stderr}");
    // Each list may write it as its service does.
    for (part, count) in [(r#"{ email: "a@a.test""#, 1), (r#"assignee: "a@a.test""#, 1), (r#"assignee: "A@A.test""#, 1)]
    {
        assert_eq!(stdout.matches(part).count(), count, "{part}\n{stdout}");
    }
    assert!(stderr.contains("record 2") && stderr.contains("only in capital letters"), "{stderr}");
}
