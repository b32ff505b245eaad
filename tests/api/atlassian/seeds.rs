//! Seeds with this service's section: what is wrong is reported with its place, what is right replaces what there is.

use serde_json::{Value, json};

use crate::support::{FULL_KEY, READER_KEY, TestApp, apply, on_both_databases};

const STRANGER: &str = "`olga@other.test` is not one of the organization's people: expected `ann@example.test`, \
                        `bob@example.test`, `cleo@example.test`, `dan@example.test`, `pia@example.test`";
const NO_SCOPE: &str = "`keys` is not a scope of API keys: expected `read:tokens:admin`, `delete:tokens:admin`, \
                        `read:keys:admin`, `delete:keys:admin`, `read:service-accounts-tokens:admin`, \
                        `delete:service-accounts-tokens:admin`, `read:service-accounts:admin`, \
                        `write:service-accounts:admin`";

/// Sends a seed with this Atlassian section, which is refused. Returns the places that a `^` in the section marks, and
/// the places and details that are reported.
async fn refuse_seed(app: &TestApp, section: &str) -> (Vec<(u64, u64)>, Vec<(u64, u64, String)>) {
    let marked = format!(
        "version: 1\norganizations:\n  - name: Example Corp\n    customer_code: 6700001\n    atlassian:\n{section}\n"
    );
    let mut places = Vec::new();
    for (line, text) in (1..).zip(marked.lines()) {
        let marks = text.match_indices('^').enumerate();
        // Marks before this one are not in the seed.
        places.extend(marks.map(|(before, (at, _))| (line, u64::try_from(at - before + 1).unwrap())));
    }
    let problem = app.control().post("/seed", &marked.replace('^', "")).await.expect_problem(400);
    let number = |value: &Value| value.as_u64().unwrap();
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{problem}")).iter();
    let reported = errors.map(|e| (number(&e["line"]), number(&e["column"]), e["detail"].as_str().unwrap().to_owned()));
    (places, reported.collect())
}

/// Sections of a seed, and the detail that is to be reported for each mark.
const WRONG: &[(&str, &[&str])] = &[
    (
        "api_keys: [{ label: k, scopes: [read:tokens:admin, ^read:token:admin] }]",
        &["`read:token:admin` is not a scope of API keys, did you mean `read:tokens:admin`?"],
    ),
    (
        "api_keys: [{ label: k, created_by: ^an@example.test }]",
        &["`an@example.test` is not one of the organization's people, did you mean `ann@example.test`?"],
    ),
    (
        "api_keys: [{ label: k, token: ^'with space' }]",
        &["a token is at most 512 visible ASCII characters without spaces"],
    ),
    (
        "api_keys: [{ label: k, token: same }, { label: l, token: ^same }]",
        &["another credential has the same token, in line 6, column 37"],
    ),
    ("api_keys: [{ label: k }, { label: ^k }]", &["another API key is called `k`, in line 6, column 27"]),
    ("api_keys: [{ label: k, token: ^demo-atlassian-other-key }]", &["the API key `k` is in use already"]),
    (
        "api_keys: [{ label: k, expires_at: ^tomorrow }]",
        &["`tomorrow` is not a date: expected one like 2026-01-15T09:00:00Z or 2026-01-15, \
                 or relative to the clock, like -40d or +1y"],
    ),
    ("api_keys: [{ ^token: t }]", &["`label` is missing"]),
    ("api_keys: [{ label: k, ^scope: [] }]", &["unknown key `scope`, did you mean `scopes`?"]),
    ("^api_tokenz: []", &["unknown key `api_tokenz`, did you mean `api_tokens`?"]),
    (
        "api_tokens: [^{ label: t }, ^{ user: ann@example.test }, ^{}]",
        &["a token needs `user` and `label`, or `count`"; 3],
    ),
    ("api_tokens: [{ user: ^olga@other.test, label: t }, { user: ^olga@other.test, count: 3 }]", &[STRANGER; 2]),
    (
        "api_tokens: [{ user: ann@example.test, label: t, status: ^expired }]",
        &["`expired` is not a status: expected `allowed`, `blocked`"],
    ),
    (
        "api_tokens: [{ count: ^-1 }, { count: ^10000001 }, { count: ^many }]",
        &[
            "`-1` is not a whole number from 1 to 10000000",
            "`10000001` is not a whole number from 1 to 10000000",
            "`many` is not a whole number from 1 to 10000000",
        ],
    ),
    (
        "service_accounts: [{ id: a, name: a }, { id: ^a, name: b }]",
        &["another one has the id `a`, in line 6, column 32"],
    ),
    (
        "api_tokens: [{ user: ann@example.test, label: a, id: x }, { user: ann@example.test, label: b, id: ^x }]",
        &["another one has the id `x`, in line 6, column 60"],
    ),
    ("api_keys: [{ label: a, id: x }, { label: b, id: ^x }]", &["another one has the id `x`, in line 6, column 34"]),
    (
        "service_accounts: [{ name: a, tokens: [{ label: a, id: x }, { label: b, id: ^x }] }]",
        &["another one has the id `x`, in line 6, column 62"],
    ),
    ("api_tokens: [{ count: 2, id: ^x }]", &["`count` tokens cannot have one id"]),
    ("api_keys: [{ label: k, id: ^'a b' }]", &["`a b` cannot be an id: it has to fit into a path"]),
    ("service_accounts: [{ id: ^'a/b', name: a }]", &["`a/b` cannot be an id: it has to fit into a path"]),
    (
        "service_accounts: [{ name: a, tokens: [{ label: ^t, scopes: [] }] }]",
        &["a service account's token has at least one scope"],
    ),
    (
        "service_accounts: [{ name: a, tokens: [{ label: t, status: ^expired, expires_at: +1d }] }]",
        &["`expires_at` says otherwise"],
    ),
    (
        "service_accounts: [{ name: a, tokens: [{ label: t, status: ^blocked }] }]",
        &["`blocked` is not a status: expected `allowed`, `expired`"],
    ),
    (
        "service_accounts: [{ name: a, oauth_clients: [{ name: c, status: ^ACTIVE }] }]",
        &["`ACTIVE` is not a status, did you mean `active`?"],
    ),
    (
        "service_accounts: [{ name: a, oauth_clients: [{ name: c, status: ^active, expires_at: -1d }] }]",
        &["`expires_at` says otherwise"],
    ),
    ("rate_limit: { window: ^0s }", &["a window is from 1ms to 366d"]),
    ("rate_limit: { window: ^367d }", &["a window is from 1ms to 366d"]),
    (
        "rate_limit: { window: ^soon }",
        &["`soon` is not a length of time: expected one like 90s, 15m, 8h, 30d, 2w or 1y"],
    ),
    (
        "rate_limit: { limit: ^-1, mode: ^on }",
        &[
            "`-1` is not a whole number from 0 to 4294967295",
            "`on` is not a mode: expected `enforce`, `observe`, `off`",
        ],
    ),
    (
        "quirks: { bad_query_is_500: ^maybe, empty_bulk_revoke_status: ^200, service_account_quota: ^-1 }",
        &[
            "`maybe` is neither true nor false",
            "expected 204 or 404",
            "`-1` is not a whole number from 0 to 4294967295",
        ],
    ),
    // They are reported from top to bottom, in whatever order they are found.
    (
        "rate_limit: { window: ^0s }\n      api_tokens: [^{}]\n      api_keys: [{ label: k, scopes: [^keys] }]",
        &["a window is from 1ms to 366d", "a token needs `user` and `label`, or `count`", NO_SCOPE],
    ),
];

#[apply(on_both_databases)]
async fn errors_are_reported_with_their_places(app: TestApp) {
    for (section, details) in WRONG {
        let (places, reported) = refuse_seed(&app, &format!("      {section}")).await;
        assert_eq!(places.len(), details.len(), "{section}");
        let expected =
            places.iter().zip(*details).map(|((line, column), detail)| (*line, *column, (*detail).to_owned()));
        assert_eq!(reported, expected.collect::<Vec<_>>(), "{section}");
    }
    // Each was refused whole.
    let full = app.atlassian(FULL_KEY);
    assert_eq!((full.get("/api-keys/count").await.text(), full.get("/api-tokens/count").await.text()), ("3", "254"));
    assert_eq!(full.get("/service-accounts").await.expect_ok()["total"], 2);
}

#[apply(on_both_databases)]
async fn tokens_and_keys_need_people(app: TestApp) {
    let seed_without_people =
        |section: &str| format!("version: 1\norganizations:\n  - name: Empty\n    atlassian: {{ {section} }}\n");
    for (section, column, detail) in [
        ("api_tokens: [{ count: 3 }]", 40, "the tokens have to be somebody's: add a person to `people`"),
        ("api_keys: [{ label: k }]", 38, "somebody has to have made the key: add a person to `people`"),
    ] {
        let problem = app.control().post("/seed", &seed_without_people(section)).await.expect_problem(400);
        assert_eq!(problem["errors"], json!([{ "line": 4, "column": column, "detail": detail }]));
    }
    app.control().post("/seed", &seed_without_people("service_accounts: [{ name: a }]")).await.expect_ok();
}

#[apply(on_both_databases)]
async fn a_seed_replaces_what_has_its_name(app: TestApp) {
    let (full, old) = (app.atlassian(FULL_KEY), app.atlassian(READER_KEY));
    old.get("/api-tokens").await.expect_ok();
    app.seed_atlassian(concat!(
        "      api_keys: [{ label: reader, token: new-reader, scopes: [read:keys:admin, manage:org] }]\n",
        "      api_tokens:\n",
        "        - { user: bob@example.test, label: laptop, status: blocked }\n",
        "        - { user: ann@example.test, label: laptop }\n",
        "      service_accounts:\n",
        "        - { id: svc-1, name: renamed-bot, tokens: [{ label: ci, scopes: [write:jira-work] }] }",
    ))
    .await;
    old.get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    let new = app.atlassian("new-reader");
    new.get("/api-tokens").await.expect_atlassian_error(403, "GENERIC_ERROR");
    assert_eq!(new.get("/api-keys?sort=label").await.list_member("label"), ["expired", "full", "reader"]);
    let laptops = full.get("/api-tokens?q=laptop&sort=user.name").await;
    assert_eq!(laptops.list_member("status"), ["ALLOWED", "BLOCKED"]);
    let tokens = full.get("/service-accounts/svc-1/api-tokens").await.expect_ok();
    assert_eq!(
        (&tokens[1]["label"], &tokens[1]["scopes"][0], tokens.as_array().unwrap().len()),
        (&"ci".into(), &"write:jira-work".into(), 2)
    );
    assert_eq!(tokens[0]["user"]["name"], "renamed-bot");
    assert_eq!(full.get("/service-accounts").await.expect_ok()["items"][0]["displayName"], "renamed-bot");
}

#[apply(on_both_databases)]
async fn a_seed_replaces_what_has_its_id(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let send = async |labels: [&str; 3]| {
        let [key, token, account_token] = labels;
        app.seed_atlassian(&format!(
            "      api_keys: [{{ id: key-1, label: {key}, token: {key}-token }}]\n      \
             api_tokens: [{{ id: token-1, user: ann@example.test, label: {token} }}]\n      \
             service_accounts: [{{ id: svc-1, name: bot, tokens: [{{ id: own-1, label: {account_token} }}] }}]"
        ))
        .await;
    };
    let labels = async |path: &str| full.get(path).await.list_member("label");
    send(["first", "second", "third"]).await;
    let (keys, tokens) =
        (full.get("/api-keys/count").await.text().to_owned(), full.get("/api-tokens/count").await.text().to_owned());
    send(["fourth", "fifth", "sixth"]).await;
    assert!(
        labels("/api-keys").await.contains(&"fourth".to_owned())
            && !labels("/api-keys").await.contains(&"first".to_owned())
    );
    app.atlassian("first-token").get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    app.atlassian("fourth-token").get("/api-tokens").await.expect_ok();
    assert_eq!(labels("/api-tokens?q=second").await, Vec::<String>::new());
    assert_eq!(full.get("/api-tokens?q=fifth").await.expect_ok()["data"][0]["id"], "token-1");
    let own = full.get("/service-accounts/svc-1/api-tokens").await.expect_ok();
    let found: Vec<_> =
        own.as_array().unwrap().iter().filter(|token| token["id"] == "own-1").map(|token| &token["label"]).collect();
    assert_eq!(found, ["sixth"]);
    // As many as before: each took the place of one.
    assert_eq!(
        (full.get("/api-keys/count").await.text(), full.get("/api-tokens/count").await.text()),
        (keys.as_str(), tokens.as_str())
    );
}
