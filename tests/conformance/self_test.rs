//! What checks every answer is worth nothing if it lets everything pass.

use std::collections::BTreeSet;

use crate::{
    check::Checker,
    exceptions::Exceptions,
    expectations::{Service, path_of},
    send::Target,
    support::{Answer, Database, TestApp},
    variants::{Uses, make_variants},
};

/// The checks that an answer fails.
fn find_failures(service: &Service, variant: &crate::variants::Variant, answer: &Answer) -> BTreeSet<String> {
    let mut exceptions = Exceptions::read();
    let failures = Checker::new(service, &mut exceptions).check(variant, answer);
    failures.into_iter().map(|failure| failure.check).collect()
}

/// Breaks a good answer in one respect at a time.
async fn expect_found(app: &TestApp, name: &'static str, operation: &str, variant: &str, changes: &[(&str, &str)]) {
    let service = Service::read(name);
    let target = Target::new(app, &service).await;
    let variants = make_variants(&service, &target.found, &mut Uses::default());
    let named = variants.iter().find(|of| of.operation == operation && of.name == variant);
    let variant = named.unwrap_or_else(|| panic!("{operation} has no variant `{variant}`"));
    let good = target.send(&variant.request).await;
    let before = find_failures(&service, variant, &good);
    let copy = || Answer { status: good.status, headers: good.headers.clone(), body: good.body.clone() };

    for (change, check) in changes {
        let mut broken = copy();
        match change.split_once(" => ") {
            Some(("status", status)) => broken.status = status.parse().unwrap(),
            Some(("without header", name)) => drop(broken.headers.remove(name).expect("the header is there")),
            Some(("content-type", media)) => {
                broken.headers.insert("content-type", media.parse().unwrap());
            }
            Some((from, to)) => {
                let text = good.text().replace(from, to);
                assert_ne!(text, good.text(), "{from} is not there");
                broken.body = text.into();
            }
            None => broken.body = (*change).to_owned().into(),
        }
        let found = find_failures(&service, variant, &broken);
        let new: Vec<&String> = found.difference(&before).collect();
        assert!(new.iter().any(|found| found == check), "{operation}, {change}: {new:?} instead of {check}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_found() {
    let seed = path_of("seed.yaml");
    let app = TestApp::start_with(Database::Sqlite, &["--seed", seed.to_str().unwrap()]).await;
    let client = [
        ("status => 201", "status"),
        ("status => 404", "status"),
        ("content-type => text/plain", "media type"),
        ("without header => x-ratelimit-limit", "header X-RateLimit-Limit"),
        (r#""ACTIVE" => "active""#, "shape /status"),
        (r#""name":"sync", => "#, "shape "),
        (r#""name":"sync" => "name":null"#, "shape /name"),
        ("no JSON", "JSON"),
    ];
    expect_found(&app, "atlassian", "getOAuthClient", "plain (full)", &client).await;
    let refused = [
        ("401 => 400", "shows /code"),
        (r#"{"errors":[]}"#, "shape "),
        (r#"{"code":401}"#, "shape "),
        ("status => 403", "status"),
    ];
    expect_found(&app, "atlassian", "getOAuthClient", "plain (no credential)", &refused).await;
    let license = [
        (r#""isTrial":false => "isTrial":false,"domain":null"#, "shape /domain"),
        (r#""email":"ann@example.test", => "#, "shape /assignee"),
        ("without header => server", "header Server"),
        ("without header => x-frame-options", "header X-Frame-Options"),
        (r#""Ann Lee" => "An* Le*""#, "shows /assignee/name"),
    ];
    expect_found(&app, "jetbrains_account", "getByLicenseId", "an assigned licence (full)", &license).await;
    let assigned = [("{}", "no body"), ("content-type => text/html", "media type")];
    expect_found(&app, "jetbrains_account", "assignLicense", "plain (full)", &assigned).await;
    let page = [("Error 400 => Mistake", "text"), ("content-type => application/json", "media type")];
    expect_found(&app, "jetbrains_account", "assignLicense", "no body (full)", &page).await;
    let unauthorized =
        [("without header => www-authenticate", "header WWW-Authenticate"), ("Unauthorized => No", "shows /error")];
    expect_found(&app, "license_vault", "getLicenseUsage", "plain (no credential)", &unauthorized).await;
}

/// Everything that a schema says leads to a variant.
#[test]
fn every_word_of_a_schema_leads_to_variants() {
    let service = Service::read("atlassian");
    let found = service.lookups.iter().map(|lookup| (lookup.name.clone(), "x".to_owned())).collect();
    let variants = make_variants(&service, &found, &mut Uses::default());
    let names = |operation: &str| -> BTreeSet<&str> {
        let of = variants.iter().filter(|variant| variant.operation == operation);
        of.filter_map(|variant| variant.name.strip_suffix(" (full)")).collect()
    };
    let list = names("getAllApiTokensByOrgId");
    for name in [
        "plain",
        "all parameters",
        "status, listed value: blocked",
        "status, unlisted value: no-such-value",
        "status, other letter case: ALLOWED",
        "status, empty",
        "status, repeated",
        "pageSize, default: 20",
        "pageSize, smallest: 1",
        "pageSize, below the smallest: 0",
        "pageSize, largest: 1000",
        "pageSize, above the largest: 1001",
        "pageSize, no number: many",
        "createdAtUom, alone",
        "createdAtUom, empty beside its companions",
        "orgId, percent-encoded",
        "orgId, unknown",
        "createdAt: no unit",
    ] {
        assert!(list.contains(name), "{name} is missing");
    }
    assert!(names("getApiTokenCountByOrgId").contains("other method: PUT"));
    let create = names("createServiceAccount");
    for name in [
        "no body",
        "everything/displayName, required member left out",
        "everything/description, optional member left out",
        "everything/displayName, text too short (5)",
        "everything/displayName, longest text (30)",
        "everything/displayName, number for a text",
        "everything/permissionRules, empty list",
        "everything/permissionRules/0/role, null",
        "everything, unknown member",
    ] {
        assert!(create.contains(name), "{name} is missing");
    }
    assert!(names("getAllApiKeysByOrgId").contains("pageSize, unlisted value: 101"));
    assert!(names("countServiceAccountApiTokens").contains("ids, list too long (101)"));
}
