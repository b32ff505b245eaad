//! What a seed's licences become (jetbrains-account §4.1).

use serde_json::{Value, json};

use crate::support::{Role, TestApp, apply, on_both_databases};

/// Adds licences to team 2001 of the demo organization.
async fn seed_licenses(app: &TestApp, licenses: &str) {
    let seed = format!(
        "{{version: 1, organizations: [{{name: Example Corp, customer_code: 6700001, jetbrains_account: \
         {{licenses: [{licenses}]}}}}]}}"
    );
    app.control().post("/seed", &seed).await.expect_ok();
}

async fn license(app: &TestApp, id: &str) -> Value {
    app.jetbrains_account(Role::OrgAdmin).get(&format!("/customer/licenses/{id}")).await.expect_ok()
}

/// The clock shows 2026-01-15, noon at +03:00.
#[apply(on_both_databases)]
async fn a_date_is_a_whole_day(app: TestApp) {
    let rows = [
        ("2027-05-20", "2027-05-20", false),
        ("2027-05-20T20:59:59Z", "2027-05-20", false),
        ("2027-05-20T21:00:00Z", "2027-05-21", false),
        ("2027-05-20T00:00:00+03:00", "2027-05-20", false),
        ("2027-05-20T23:30:00-05:00", "2027-05-21", false),
        ("+1y", "2027-01-15", false),
        ("+12h", "2026-01-16", false),
        ("+0d", "2026-01-15", false),
        ("2026-01-15", "2026-01-15", false),
        ("-1h", "2026-01-15", false),
        ("-12h", "2026-01-15", false),
        ("-13h", "2026-01-14", true),
        ("2026-01-14", "2026-01-14", true),
        ("-30d", "2025-12-16", true),
        ("-1y", "2025-01-15", true),
    ];
    let entries: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(n, (date, ..))| {
            format!("{{id: DAY{n}, product: DS, team: 2001, valid_until: '{date}', perpetual_until: '{date}'}}")
        })
        .collect();
    seed_licenses(&app, &entries.join(", ")).await;
    let check = async || {
        for (n, (date, day, is_outdated)) in rows.iter().enumerate() {
            let license = license(&app, &format!("DAY{n}")).await;
            let midnight = format!("{day}T00:00:00.000+03:00");
            assert_eq!(license["perpetual"], json!({"upgradeDueDate": midnight, "isOutdated": is_outdated}), "{date}");
            let subscription = &license["subscription"];
            assert_eq!(
                (&subscription["validUntilDate"], &subscription["isOutdated"]),
                (&json!(midnight), &json!(is_outdated)),
                "{date}"
            );
        }
    };
    check().await;
    let state = app.control().get("/state").await.expect_ok();
    app.control().put("/state", &state).await.expect_ok();
    check().await;
}

/// What the list says is available is what assign takes, up to the day's last moment.
#[apply(on_both_databases)]
async fn a_subscription_ends_with_its_day(app: TestApp) {
    seed_licenses(
        &app,
        "{id: TODAY1, product: DS, team: 2001, valid_until: 2026-01-15}, \
                         {id: TODAY2, product: DS, team: 2001, valid_until: 2026-01-15}",
    )
    .await;
    let assign = async || {
        let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
        let body = json!({"license": {"team": 2001, "productCode": "DS"}, "contact": contact});
        app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/assign", body).await
    };
    // 09:00 UTC is noon there: a second before midnight.
    app.advance_clock("11h").await;
    app.advance_clock("59m").await;
    app.advance_clock("59s").await;
    assert_eq!(license(&app, "TODAY1").await["isAvailableToAssign"], true);
    assert_eq!(assign().await.status, 200);
    app.advance_clock("1s").await;
    assert_eq!(license(&app, "TODAY2").await["isAvailableToAssign"], false);
    assert_eq!(assign().await.json()["code"], "NO_AVAILABLE_LICENSE_TO_ASSIGN");
    app.jetbrains_account(Role::OrgAdmin).assign_license("TODAY2").await.expect_jetbrains_error(
        400,
        "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN",
        "EXPIRED_WITHOUT_FALLBACK",
    );
}

#[apply(on_both_databases)]
async fn assignments_are_noted_in_whole_seconds(app: TestApp) {
    let frozen = json!({"mode": "frozen", "now": "2026-01-15T20:38:46.987654Z"});
    app.control().put("/clock", frozen).await.expect_ok();
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await.status, 200);
    seed_licenses(&app, "{id: SEEDED, product: DS, team: 2001, assignee: ann@example.test, assigned_at: -1h}").await;
    for (id, assigned) in [("FREE000001", "2026-01-15T23:38:46.000+03:00"), ("SEEDED", "2026-01-15T22:38:46.000+03:00")]
    {
        assert_eq!(license(&app, id).await["lastSeen"]["lastAssignmentDate"], assigned, "{id}");
    }
}

/// One reference per purchase, also without renewal.
#[apply(on_both_databases)]
async fn licences_of_one_entry_share_their_pack(app: TestApp) {
    seed_licenses(
        &app,
        "{count: 3, product: DS, team: 2001}, {count: 2, product: DS, team: 2002, auto_renew: false}, \
                         {count: 2, product: DS, team: 2003, pack: 1222/MMM56MR}, {id: ONE, product: PS, team: 2001}, \
                         {id: LAST, product: PS, team: 2001, auto_renew: false, valid_until: -10d}, \
                         {id: NULL, product: PS, team: 2001, pack: null}, \
                         {id: TILDE, product: PS, team: 2001, pack: ~}, \
                         {count: 2, product: PS, team: 2002, pack: null}",
    )
    .await;
    let packs = async |query: &str| -> Vec<Option<String>> {
        let path = format!("/customer/licenses?{query}");
        let list = app.jetbrains_account(Role::OrgAdmin).get(&path).await.expect_ok();
        let pack = |license: &Value| license["subscription"].get("subscriptionPackRef")?.as_str().map(str::to_owned);
        list.as_array().unwrap().iter().map(pack).collect()
    };
    let three = packs("productCode=DS&teamId=2001").await;
    assert!(three.len() == 3 && three[0].is_some() && three.iter().all(|pack| *pack == three[0]), "{three:?}");
    let two = packs("productCode=DS&teamId=2002").await;
    assert!(two.len() == 2 && two[0].is_some() && two[0] == two[1] && two[0] != three[0], "{two:?}");
    assert_eq!(
        packs("productCode=DS&teamId=2003").await,
        [Some("1222/MMM56MR".to_owned()), Some("1222/MMM56MR".to_owned())]
    );
    let single = packs("productCode=PS&teamId=2001").await;
    assert!(single[0].is_some() && single[1].is_some() && single[0] != single[1], "{single:?}");
    assert_eq!(single[2..], [None, None]);
    assert_eq!(packs("productCode=PS&teamId=2002").await, [None, None]);
}

/// Some assigned licences of real data say nothing of their past.
#[apply(on_both_databases)]
async fn an_assigned_licence_without_last_seen(app: TestApp) {
    seed_licenses(
        &app,
        "{id: SILENT, product: DS, team: 2001, assignee: ann@example.test, last_seen: none}, \
                         {id: NULLED, product: DS, team: 2001, assignee: ann@example.test, last_seen: null}, \
                         {id: SERVED, product: DS, team: 2001, last_seen: none, \
                         assignee: {server: license_vault, uid: v}}, \
                         {id: SPOKEN, product: DS, team: 2001, assignee: ann@example.test}",
    )
    .await;
    for (id, says) in [("SILENT", false), ("NULLED", false), ("SERVED", false), ("SPOKEN", true)] {
        let license = license(&app, id).await;
        assert!(license.get("assignee").is_some(), "{id}");
        assert_eq!(license.get("lastSeen").is_some(), says, "{id}");
        assert_eq!(license["isAvailableToAssign"], false, "{id}");
    }
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let revoked = admin.post("/customer/licenses/revoke?licenseId=SILENT", "").await;
    assert_eq!(revoked.expect_ok(), json!({"licenseIds": ["SILENT"]}));
    assert_eq!(admin.assign_license("SILENT").await.status, 200);
    assert!(license(&app, "SILENT").await["lastSeen"]["lastAssignmentDate"].is_string());
}
