//! `--anonymize` lets no text through that may be a customer's.
//!
//! If you are here because it does: what a member holds is hidden by the import of its service, unless it is a word
//! that all customers of the vendor share.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Credentials, Lists, NOW, get_lists, import, write_seed};
use crate::Server;

/// As people write names, as codes and logins are, and as versions are: each is to be hidden.
const SECRETS: [&str; 3] = ["Quibblewick Zanzabar", "quibblewick", "QUIBBLEWICK"];

/// The places of texts in a value, without the numbers of items.
fn list_texts(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(_) => drop(found.insert(at.to_owned())),
        Value::Array(items) => items.iter().for_each(|item| list_texts(item, &format!("{at}[]"), found)),
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| list_texts(member, &format!("{at}.{name}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Writes the secret over all texts of a place, into an address as its login.
fn plant(value: &mut Value, at: &str, target: &str, secret: &str) {
    match value {
        Value::String(text) if at == target => *text = hide_in(text, secret),
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, &format!("{at}[]"), target, secret)),
        Value::Object(members) => {
            let all = members.iter_mut();
            all.for_each(|(name, member)| plant(member, &format!("{at}.{name}"), target, secret));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide_in(text: &str, secret: &str) -> String {
    let login = secret.replace(' ', ".");
    if text.contains('@') { format!("{login}@{login}.test") } else { secret.to_owned() }
}

/// Each list with a secret in one of its places, and what was planted.
fn plant_each(lists: &Lists, secret: &str) -> Vec<(String, Lists)> {
    let mut all = Vec::new();
    for (nth, (option, text)) in lists.iter().enumerate() {
        let mut add = |place: &str, text: String| {
            let mut planted = lists.clone();
            planted[nth].1 = text;
            all.push((format!("{option} {place}"), planted));
        };
        if *option == "--vault-usage-report" {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            for column in 0..rows[0].len() {
                let mut writer = csv::Writer::from_writer(Vec::new());
                for (line, row) in rows.iter().enumerate() {
                    let is_it = |at: usize| line > 0 && at == column;
                    let cell =
                        |(at, cell): (usize, &str)| if is_it(at) { hide_in(cell, secret) } else { cell.to_owned() };
                    writer.write_record(row.iter().enumerate().map(cell)).unwrap();
                }
                add(&rows[0][column], String::from_utf8(writer.into_inner().unwrap()).unwrap());
            }
            continue;
        }
        let pages: Vec<Value> = serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect();
        let mut places = BTreeSet::new();
        for page in &pages {
            list_texts(page, "", &mut places);
        }
        for place in places {
            let mut pages = pages.clone();
            for page in &mut pages {
                plant(page, "", &place, secret);
            }
            add(&place, pages.iter().map(ToString::to_string).collect());
        }
    }
    all
}

#[test]
fn no_text_of_any_list_is_in_an_anonymous_seed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.yaml");
    let few = [("4991", "1"), ("2000", "1"), ("3100", "1")];
    let seed = few
        .iter()
        .fold(write_seed(), |seed, (many, one)| seed.replace(&format!("count: {many}"), &format!("count: {one}")));
    std::fs::write(&file, seed).unwrap();
    let clock = format!("frozen@{NOW}");
    let server = Server::start(&["--seed", file.to_str().unwrap(), "--clock", &clock, "--id-seed", "1"]);
    let lists = get_lists(&server, &Credentials::of_seed());
    drop(server);
    let flags = ["--now", NOW, "--anonymize", "--anonymize-key", "a key of a certain length"];
    for secret in SECRETS {
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for (place, planted) in plant_each(&lists, secret) {
            let (code, stdout, stderr) = import(folder.path(), &planted, &flags);
            let lower = stdout.to_lowercase();
            let shown = lower.lines().find(|line| line.contains("quibblewick") || line.contains("zanzabar"));
            assert_eq!(shown, None, "{place}: {stderr}");
            if code == 0 { accepted.push(place) } else { refused.push(place) }
        }
        // Refused are dates, kinds and what has to be the same elsewhere; the rest was there to be hidden.
        assert!(accepted.len() > 40, "{accepted:#?} {refused:#?}");
    }
}
