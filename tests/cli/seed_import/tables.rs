//! Tables as they come: from the service, from programs for tables, and put together by hand.

use super::import;

const USAGE: &str = r#"{"licenseUsages":[{"code":"GO","displayName":"GoLand","regularTotal":3,"regularInUse":2}]}"#;
const HEAD: &str = "allocation_id,allocated_license,username,user_hostname,license_type,product_name,start_time";
const ANN: &str = "1,GoLand,ann,dev-1,REGULAR,GoLand,2026-11-19T00:00:00Z";
const BOB: &str = "2,GoLand,bob,\"dev \"\"2\"\"\",REGULAR,GoLand,2026-11-18T00:00:00Z";

fn import_report(report: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let lists = [("--vault-usage-report", report.to_owned()), ("--vault", USAGE.to_owned())];
    import(folder.path(), &lists, &["--now", "2026-11-20"])
}

#[test]
fn what_is_unambiguous_is_read_alike() {
    let (code, expected, stderr) = import_report(&format!("{HEAD}\n{ANN}\n{BOB}\n"));
    assert_eq!(code, 0, "{stderr}");
    assert!(expected.contains(r#"host: "dev-1", since: -1d"#) && expected.contains(r#"host: "dev \"2\"", since: -2d"#));
    assert!(!stderr.contains("licenses are in use"), "{stderr}");
    let semicolons = |text: &str| text.replace(',', ";");
    let other_order = "username,allocation_id,allocated_license,license_type,product_name,start_time,user_hostname\n\
                       bob,2,GoLand,REGULAR,GoLand,2026-11-18T00:00:00Z,\"dev \"\"2\"\"\"";
    for report in [
        // Pages one after the other, each with its line of names, and as some programs begin files.
        format!("{HEAD}\n{ANN}\n{HEAD}\n{BOB}\n"),
        format!("\u{feff}{HEAD}\r\n{ANN}\r\n\u{feff}{HEAD}\r\n{BOB}\r\n"),
        format!("sep=,\n{HEAD}\n{ANN}\nsep=,\n{HEAD}\n{BOB}"),
        format!("{HEAD}\n{ANN}\n{other_order}\n"),
        format!("\u{feff}sep=;\r\n{}\r\n{}\r\n{}\r\n", semicolons(HEAD), semicolons(ANN), semicolons(BOB)),
        semicolons(&format!("{HEAD}\n{ANN}\n{BOB}")),
        format!("{HEAD}\n{ANN}\n{BOB}").replace(',', "\t"),
        // Names as people write them, in quotes too.
        format!("{}\n{ANN}\n{BOB}\n", HEAD.to_uppercase()),
        format!("{}\n{ANN}\n{BOB}\n", HEAD.replace('_', " ")),
        format!("\"{}\"\n{ANN}\n{BOB}\n", HEAD.replace(',', "\",\"")),
        format!("{HEAD}\n{ANN}\n{BOB}\n").replace(',', ", ").replace(", \"", ",\""),
        format!("{}\n{ANN}\n{BOB}\n", HEAD.replace(',', " ,")),
        // Empty rows, and empty cells as far as another row goes.
        format!("\n\n{HEAD},,\n{ANN},,\n,,,,,,,,\n{BOB},,\n\n\n"),
        format!("{HEAD}\n{ANN}\n{BOB},,,\n"),
        // Lines as old Macs end them.
        format!("{HEAD}\r{ANN}\r{BOB}"),
        format!("\u{feff}sep=;\r{}\r{}\r{}\r", semicolons(HEAD), semicolons(ANN), semicolons(BOB)),
        format!("sep=,\r{HEAD}\n{ANN}\r\nsep=,\r{HEAD}\r{BOB}\r"),
    ] {
        let (code, stdout, stderr) = import_report(&report);
        assert_eq!(code, 0, "{report}\n{stderr}");
        assert_eq!(stdout, expected, "{report}\n{stderr}");
    }
}

#[test]
fn what_is_ambiguous_is_refused_and_why_is_said() {
    let row = |cells: &str| format!("{HEAD}\n{ANN}\n{cells}\n");
    for (report, says) in [
        (row("2,GoLand,bob"), "record 2 (3:1): 3 cells, where the line of names has 7"),
        (row(&format!("{ANN},more")), "record 2 (3:1): 8 cells, where the line of names has 7"),
        (row(&ANN.replace("dev-1", "dev,1")), "record 2 (3:1): 8 cells, where the line of names has 7"),
        // A quote that is not closed swallows what follows: here nothing would be missed.
        (
            format!("{HEAD}\n{ANN}\n2,GoLand,bob,x,REGULAR,GoLand,\"2026-11-18\n{ANN}\n"),
            "record 2 (3:1): a quote (\") is opened and not closed",
        ),
        (format!("\"{HEAD}\n{ANN}\n"), "(1:1): a quote (\") is opened and not closed"),
        (
            format!("{}\n{}\n", HEAD.replace(',', ", "), ANN.replace(",dev-1", ", \"dev-1\"")),
            "record 1 (2:1): `user_hostname` has a blank before its quote",
        ),
        (format!("{HEAD},user hostname\n{ANN},x\n"), "(1:1): `user_hostname` is the name of two columns"),
        (ANN.to_owned(), "(1:1): this is no record of a License Vault's usage report, which has `allocation_id`"),
        (format!("sep=;\n{HEAD}\n{ANN}\n"), "(2:1): this is no record of a License Vault's usage report"),
        (format!("{HEAD}\n{ANN}\n{}\n", HEAD.replace(',', ";")), "record 2 (3:1): 1 cell, where"),
        ("sep=,\n\n".to_owned(), "the file is empty; a License Vault's usage report has a line of names at least"),
    ] {
        let (code, stdout, stderr) = import_report(&report);
        assert_eq!((code, stdout.as_str()), (2, ""), "{report}\n{stderr}");
        assert!(stderr.contains(says), "{says}\n{stderr}");
    }
    // A line break in a cell is none of the table; nobody's machine is called so.
    let (code, _, stderr) = import_report(&format!("{HEAD}\n{}\n", ANN.replace("dev-1", "\"dev\n1\"")));
    assert!(code == 2 && stderr.contains("record 1 (2:1): must not hold control characters"), "{stderr}");
    let (code, _, stderr) = import_report(&format!("{HEAD},news\n{ANN},\"a\nb\"\n{BOB}\n"));
    assert!(code == 2 && stderr.contains("record 2 (4:1): 7 cells, where the line of names has 8"), "{stderr}");
    // Nothing is dropped silently: a column that nobody named, and one that has no place.
    let (code, _, stderr) = import_report(&format!("{HEAD},,news\n{ANN},x,y\n"));
    assert_eq!(code, 0, "{stderr}");
    for says in ["`column 8` has no place in a seed", "`news` has no place in a seed"] {
        assert!(stderr.contains(says), "{stderr}");
    }
}

/// However lines end, a place is the line that an editor shows.
#[test]
fn lines_are_counted_as_they_end() {
    let bad = ANN.replace("2026-11-19", "soon");
    for (end, name) in [("\n", "Unix"), ("\r\n", "Windows"), ("\r", "old Macs")] {
        let news = |row: &str, cell: &str| format!("{row},{cell}{end}");
        let (head, ann) = (news(HEAD, "news"), news(ANN, ""));
        for (report, place) in [
            (format!("{head}{ann}{}", news(&bad, "")), "record 2 (3:1)"),
            (format!("sep=,{end}{head}{ann}{}", news(&bad, "")), "record 2 (4:1)"),
            (format!("{end}{end}{head}{end}{ann}{end}{end}{}", news(&bad, "")), "record 2 (8:1)"),
            // A line break between quotes is a line too, and how it is written may be another way than rows end.
            (format!("{head}{}{}", news(ANN, &format!("\"a{end}b\"")), news(&bad, "")), "record 2 (4:1)"),
            (format!("{head}{}{}", news(ANN, "\"a\nb\r\nc\rd\""), news(&bad, "")), "record 2 (6:1)"),
            (format!("{head}{}{}", news(ANN, "\"a\n\r\nb\n\""), news(&bad, "")), "record 2 (6:1)"),
            // Files that were put together.
            (format!("{HEAD},news\r\n{ANN},\n{ANN},\r{}", news(&bad, "")), "record 3 (4:1)"),
        ] {
            let (code, _, stderr) = import_report(&report);
            assert_eq!(code, 2, "{name}: {report:?}\n{stderr}");
            assert!(stderr.contains(&format!("{place}: `start_time` cannot be read")), "{name}: {report:?}\n{stderr}");
        }
    }
}
