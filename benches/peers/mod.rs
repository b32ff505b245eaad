//! What people would use in place of Locum, where it is installed.

use std::{
    env,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{Tenant, support::Server};

/// A hand-written stub, if there is a node.
pub async fn node_stub(tenant: &Tenant, page: &[u8]) -> Option<Server> {
    if !is_there("node") {
        eprintln!("speed: there is no node, so its stub is left out");
        return None;
    }
    let mut command = Command::new("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/stub.mjs"));
    command.args([tenant.token, tenant.customer_code]).stdin(Stdio::piped());
    Some(Server::start(command, page).await)
}

/// `WireMock`, if `scripts/with-wiremock` has found it. Its journal is bounded like Locum's, because without a bound a
/// load fills the memory.
pub async fn wiremock(tenant: &Tenant, path: &str, page: &[u8]) -> Option<Server> {
    let Some(jar) = env::var_os("WIREMOCK_JAR").filter(|_| is_there("java")) else {
        eprintln!("speed: WireMock is left out: run this by scripts/with-wiremock");
        return None;
    };
    let headers = json!({"X-Api-Key": {"equalTo": tenant.token}, "X-Customer-Code": {"equalTo": tenant.customer_code}});
    let licenses: serde_json::Value = serde_json::from_slice(page).unwrap();
    let mappings = json!({"mappings": [
        {"request": {"method": "GET", "url": "/readyz"}, "response": {"status": 200, "body": "ready"}},
        {
            "request": {"method": "GET", "url": path, "headers": headers},
            "response": {"status": 200, "jsonBody": licenses, "headers": {"Content-Type": "application/json"}},
        },
    ]});
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mappings")).unwrap();
    std::fs::write(folder.path().join("mappings/all.json"), mappings.to_string()).unwrap();
    let mut command = Command::new("java");
    command.arg("-jar").arg(jar).arg("--root-dir").arg(folder.path());
    command.args(["--port", "0", "--bind-address", "127.0.0.1", "--disable-banner"]);
    command.args(["--use-chunked-encoding", "never", "--max-request-journal-entries", "10000"]).stdin(Stdio::null());
    // It has read the folder before it says the port.
    Some(Server::start_saying(command, b"", "port:").await)
}

/// Whether there is a program of that name.
fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}
