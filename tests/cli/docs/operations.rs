//! The tables of operations: from the documents, and what each needs as the running program says.

use std::{collections::BTreeMap, fmt::Write as _};

use locum::services;
use serde_json::Value;

use super::{check_or_update, fetch_operations, format_cell, read, with_generated};
use crate::server::Server;

/// What an operation needs of who asks: asked of the program, because only its handlers know.
fn find_needed(server: &Server, method: &str, path: &str) -> Option<String> {
    let is_clear = server.send("DELETE", "/_emulator/requests", "", "").unwrap();
    assert_eq!(is_clear.0, 200);
    let path: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
    server.send(method, &path.join("/"), "", "").unwrap();
    let get = |path: &str| -> Value { serde_json::from_str(&server.send("GET", path, "", "").unwrap().1).unwrap() };
    let asked = &get("/_emulator/requests")["requests"][0];
    let entry = get(&format!("/_emulator/requests/{}", asked["id"].as_str().unwrap()));
    entry["trail"]["permission"]["needed"].as_str().map(ToOwned::to_owned)
}

/// The documents' operations, by method and the path that they have there.
fn read_document(name: &str) -> BTreeMap<(String, String), Value> {
    let document: Value = serde_json::from_str(&read(&format!("openapi/{name}.json"))).unwrap();
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.insert((method.to_uppercase(), path.clone()), operation.clone());
        }
    }
    found
}

#[test]
fn operations_are_those_of_the_services() {
    const NAME: &str = "docs/operations.md";
    let server = Server::start(&[]);
    let operations = fetch_operations(&server);
    let mut text = read(NAME);
    for service in services::registry().iter() {
        let documented = read_document(service.document_name);
        let mut table = "| operation | | does | needs | refuses with |\n|---|---|---|---|---|\n".to_owned();
        let of_service = operations.iter().filter(|operation| operation["service"] == service.name);
        for operation in of_service {
            let [id, method, path] = ["operation", "method", "path"].map(|key| operation[key].as_str().unwrap_or("-"));
            let (_, described) = documented
                .iter()
                .find(|((known_method, known), _)| known_method == method && path.ends_with(known.as_str()))
                .unwrap_or_else(|| panic!("{method} {path} is not documented"));
            let summary = described["summary"].as_str().unwrap_or_default();
            let is_missing = operation["status"] == "missing";
            let does = if is_missing { format!("{summary} (missing: 501)") } else { summary.to_owned() };
            let needs = if is_missing { None } else { find_needed(&server, method, path) };
            let answers = described["responses"].as_object().unwrap().keys();
            let refusals: Vec<&str> = answers.map(String::as_str).filter(|status| status.starts_with('4')).collect();
            writeln!(
                table,
                "| `{id}` | `{method} {path}` | {} | {} | {} |",
                format_cell(&does),
                needs.as_deref().map_or_else(|| "nothing".to_owned(), format_cell),
                refusals.join(", ")
            )
            .unwrap();
        }
        let codes = (service.error_codes)().into_iter().map(|code| {
            let statuses: Vec<_> = code.statuses.iter().map(|status| status.as_str().to_owned()).collect();
            format!("`{}` ({})", code.name, statuses.join(", "))
        });
        let codes: Vec<String> = codes.collect();
        if !codes.is_empty() {
            write!(table, "\nIts refusals have the codes {}.\n", codes.join(", ")).unwrap();
        }
        text = with_generated(&text, service.name, &table);
    }
    check_or_update(NAME, &text);
}
