//! The page for programs that read text: the index that they get from a running Locum.

use std::fmt::Write as _;

use serde_json::Value;

use super::{check_or_update, format_cell, read, with_generated};
use crate::server::Server;

#[test]
fn the_page_for_agents_has_the_index() {
    const NAME: &str = "docs/agents.md";
    let server = Server::start(&[]);
    let (status, body) = server.send("GET", "/_emulator", "", "").unwrap();
    assert_eq!(status, 200);
    let index: Value = serde_json::from_str(&body.replace(&server.address, "localhost:8080")).unwrap();
    let mut table = "| does | example |\n|---|---|\n".to_owned();
    for route in index["routes"].as_array().unwrap() {
        let [does, example] = ["does", "example"].map(|key| format_cell(route[key].as_str().unwrap()));
        writeln!(table, "| {does} | `{example}` |").unwrap();
    }
    check_or_update(NAME, &with_generated(&read(NAME), "index", &table));
}
