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
