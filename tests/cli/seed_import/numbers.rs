//! Numbers in lists: what is none, or none of those that there can be, is said as what it is, and once.

use serde_json::{Value, json};

use super::import;

fn import_one(option: &'static str, list: &Value) -> (i32, String, String) {
    import(tempfile::tempdir().unwrap().path(), &[(option, list.to_string())], &["--now", "2026-11-20"])
}

#[test]
fn counts_of_a_vault() {
    for (number, is) in [
        (json!(-1), "-1"),
        (json!(1_000_001), "1000001"),
        (json!(i64::MAX), "9223372036854775807"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(1.5), "1.5"),
        (json!("5"), "a text"),
        (json!(true), "true"),
        (json!([5]), "a list"),
        (json!({"count": 5}), "an object"),
    ] {
        for member in ["regularTotal", "regularInUse", "trueUpTotal", "trueUpInUse", "virtualTotal", "virtualInUse"] {
            let mut record = json!({"code": "GO", "displayName": "GoLand", "regularTotal": 3, "regularInUse": 2});
            let object = record.as_object_mut().unwrap();
            for kind in ["trueUp", "virtual"] {
                object.insert(format!("{kind}Total"), json!(2));
                object.insert(format!("{kind}InUse"), json!(1));
            }
            object.insert(member.to_owned(), number.clone());
            let (code, stdout, stderr) = import_one("--vault", &json!({ "licenseUsages": [record] }));
            let says = format!("record 1 (1:19): `{member}` is {is}, and no whole number from 0 to 1000000\n");
            assert_eq!((code, stdout.as_str()), (2, ""), "{member}: {number}\n{stderr}");
            assert!(stderr.ends_with(&says) && stderr.lines().count() == 1, "{member}: {number}\n{stderr}");
        }
    }
    // Numbers that are possible alone are refused together, because more cannot be in use than there are.
    for (record, says) in [
        (json!({"regularTotal": 1, "regularInUse": 2}), "more regular licences are in use than there are"),
        (json!({"regularTotal": 0, "trueUpInUse": 1}), "more true_up licences are in use than there are"),
        (json!({"regularTotal": null, "regularInUse": 1}), "more regular licences are in use than there are"),
    ] {
        let mut all = json!({"code": "GO", "displayName": "GoLand"});
        all.as_object_mut().unwrap().extend(record.as_object().unwrap().clone());
        let (code, _, stderr) = import_one("--vault", &json!({ "licenseUsages": [all] }));
        assert!(code == 2 && stderr.contains(says) && stderr.lines().count() == 1, "{stderr}");
    }
    let most = json!({"code": "GO", "displayName": "GoLand", "regularTotal": 1_000_000, "regularInUse": 0});
    let (code, stdout, stderr) = import_one("--vault", &json!({ "licenseUsages": [most] }));
    assert!(code == 0 && stdout.contains("regular: 1000000"), "{stderr}");
}

#[test]
fn ids_of_teams() {
    for (id, is) in [
        (json!(0), "0"),
        (json!(-7), "-7"),
        (json!(2_147_483_648_u32), "2147483648"),
        (json!(2001.5), "2001.5"),
        (json!("2001"), "a text"),
    ] {
        for more in [&[][..], &["--anonymize", "--anonymize-key", "a key for tests only"]] {
            let license = json!({"licenseId": "L1", "product": {"code": "II"}, "team": {"id": id, "name": "x"},
                "subscription": {"validUntilDate": "2027-01-01"}});
            let lists = [("--jetbrains", json!([license]).to_string())];
            let (code, stdout, stderr) =
                import(tempfile::tempdir().unwrap().path(), &lists, &[&["--now", "2026-11-20"], more].concat());
            let says = format!("`team.id` is {is}, and no whole number from 1 to 2147483647\n");
            assert_eq!((code, stdout.as_str()), (2, ""), "{id}\n{stderr}");
            assert!(stderr.ends_with(&says) && stderr.lines().count() == 1, "{id}\n{stderr}");
        }
    }
}

#[test]
fn numbers_that_stand_for_times() {
    let account = json!({"id": "s", "name": "bot"});
    let client = |at: Value| json!([{"clientId": "c", "clientName": "n", "createdAt": at, "serviceAccount": account}]);
    for at in [json!(-1), json!(1.5), json!(u64::MAX), json!(true), json!("soon")] {
        let (code, stdout, stderr) = import_one("--atlassian-oauth-clients", &client(at.clone()));
        assert_eq!((code, stdout.as_str()), (2, ""), "{at}\n{stderr}");
        assert!(stderr.contains("`createdAt` ") && stderr.lines().count() == 1, "{at}\n{stderr}");
    }
}
