//! A report has nothing of what an upstream says.
//!
//! If you are here because one has: what a report shows is a form, or a name that `src/cli/compare/names.rs` lets
//! through, and never a value.

use serde_json::{Map, Value, json};

use super::fake::{ALL, Fake, LICENSE_SERVER, Reply, compare};

/// What must not come out. Letters only, too, because those look like names of an interface.
const NAME: &str = "Quibblewick";
const SURNAME: &str = "Zanzabar";
const TOKEN: &str = "zq9-TOKEN-4f71aa08";
const ID: &str = "5e0f77aa-1111-4222-8333-9944aabb0011";
const HOST: &str = "hush.internal.example";
const NUMBER: u64 = 7_340_915;
const DAY: &str = "2019-07-13";

fn list_secrets(url: &str) -> Vec<String> {
    let mut all = [NAME, SURNAME, TOKEN, ID, HOST, DAY].map(str::to_lowercase).to_vec();
    all.extend(
        ["/zq/", "9944aabb0011", "4f71aa08", "hush", "7340915", "demo-", "6700001", "8f2b0c1e", "127.0.0.1"]
            .map(Into::into),
    );
    all.push(url.rsplit(':').next().unwrap().to_owned());
    all
}

/// Every value becomes a secret of the same form, and every object gets members that are called as secrets.
fn plant(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => *number = NUMBER.into(),
        Value::String(text) => {
            *text = match text.as_str() {
                date if date.starts_with("202") => format!("{DAY}T01:02:03.456Z"),
                address if address.contains('@') => format!("{NAME}.{SURNAME}@{HOST}"),
                id if id.len() == 36 => ID.to_owned(),
                url if url.contains("://") => format!("https://{HOST}/{TOKEN}"),
                _ => format!("{NAME} {SURNAME} {TOKEN}"),
            };
        }
        Value::Array(items) => items.iter_mut().for_each(plant),
        Value::Object(members) => {
            members.values_mut().for_each(plant);
            for key in [TOKEN, ID, HOST, DAY, "quibblewick", "quibblewickZanzabar", "zanzabar_quibblewick"] {
                members.insert(key.to_owned(), json!(TOKEN));
            }
            members.insert(format!("{NAME}@{HOST}"), json!({NAME: 1, SURNAME: 2}));
            // By whom it is keyed stands in no value.
            members.insert("byPerson".to_owned(), json!({"hushhush": {"total": 1}, "hushed": {"total": 2}}));
        }
    }
}

fn plant_everywhere(uri: &str, reply: &mut Reply) {
    for (name, value) in [
        ("location", format!("https://{HOST}/{TOKEN}")),
        ("link", format!(r#"<https://{HOST}/{TOKEN}>; rel="{NAME}""#)),
        ("set-cookie", format!("{NAME}={TOKEN}")),
        ("www-authenticate", format!("Bearer realm=\"{TOKEN}\"")),
        ("x-ratelimit-limit", TOKEN.to_owned()),
        ("x-ratelimit-reset", format!("{DAY}T01:02Z")),
        ("x-quibblewick", NUMBER.to_string()),
        ("x-zq9-token-4f71aa08", "1".to_owned()),
        ("x-7340915", DAY.to_owned()),
    ] {
        reply.headers.insert(name.to_owned(), value);
    }
    let media = if uri.len().is_multiple_of(2) { "application/json" } else { "application/vnd.zanzabar+json" };
    reply.headers.insert("content-type".to_owned(), format!("{media}; charset={TOKEN}; owner=\"{NAME}\""));
    match reply.json() {
        // A document is keyed by paths.
        Some(mut document) if document.get("paths").is_some() => {
            document["paths"][format!("/{TOKEN}/{ID}/{NAME}/{{{SURNAME}}}")] = json!({"get": {"summary": NAME}});
            // A tenant's name where others have a parameter, and one that is short.
            document["paths"]["/customer/teams/quibblewick/licenses"] = json!({"get": {}});
            document["paths"]["/zq/licenses"] = json!({"get": {}});
            document["components"]["schemas"][NAME] = json!({"properties": {TOKEN: {}, SURNAME: {"example": SURNAME}}});
            document["info"]["title"] = json!(format!("{NAME} {SURNAME}"));
            reply.body = document.to_string().into_bytes();
        }
        Some(mut value) => {
            plant(&mut value);
            reply.body = value.to_string().into_bytes();
        }
        None => reply.body = format!("<html>{NAME} {SURNAME} {TOKEN} {ID}").into_bytes(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_report_has_a_value_a_name_an_address_an_id_a_token_or_a_host() {
    let fake = Fake::start(plant_everywhere).await;
    let secrets = list_secrets(&fake.url);
    for side in ALL.into_iter().chain([LICENSE_SERVER]) {
        for format in ["markdown", "json"] {
            let (code, report, stderr) = compare(&fake.url, side, &["--format", format]).await;
            assert_eq!(code, 1, "{report}{stderr}");
            let lower = report.to_lowercase();
            for secret in &secrets {
                let at = lower.find(secret.as_str());
                let near = at.and_then(|at| lower.get(at.saturating_sub(200)..(at + 100).min(lower.len())));
                assert!(at.is_none(), "{} {format}: `{secret}` is shown: {near:?}", side.0);
            }
            // It was there to be found: what was planted is told, without its name.
            assert!(report.contains("<key>") && report.contains("byPerson"), "{report}");
            assert!(report.contains("another media type;<parameter>"), "{report}");
        }
        assert!(fake.calls().len() > 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_at_the_top_and_as_keys_alone_are_not_shown() {
    let fake = Fake::start(|uri, reply| {
        // By one answer the service is known.
        if ["?pageSize=100", "/token", "/usage"].iter().any(|known| uri.ends_with(known)) {
            return;
        }
        let hidden = if uri.contains("count") {
            json!(format!("{NAME} {TOKEN}"))
        } else if uri.contains("pageSize=1&") || uri.contains("cursor=no") {
            json!([[{"quibblewick": {"zanzabar": 1}}], [TOKEN]])
        } else {
            Value::Object(Map::from_iter([(SURNAME.to_owned(), json!(SURNAME)), (ID.to_owned(), json!(1))]))
        };
        reply.body = hidden.to_string().into_bytes();
    })
    .await;
    let secrets = list_secrets(&fake.url);
    for side in ALL {
        let (code, report, _) = compare(&fake.url, side, &[]).await;
        assert_eq!(code, 1);
        for secret in &secrets {
            assert!(!report.to_lowercase().contains(secret.as_str()), "`{secret}` is shown: {report}");
        }
    }
}
