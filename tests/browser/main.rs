//! The pages as a person uses them, in Chromium; the API is asked before and after.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module, reason = "these are tests")]

mod atlassian;
mod documents;
mod driver;
mod jetbrains_account;
mod license_vault;
mod locum;
mod look;

#[expect(dead_code, reason = "what one binary leaves unused, the other needs")]
#[path = "../support/server.rs"]
mod server;

use serde_json::Value;

use driver::Browser;
use server::Server;

/// The Atlassian organization of the demo seed.
const ORG: &str = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001";

/// A server and somebody who looks at it.
struct Desk {
    server: Server,
    browser: Browser,
}

impl Desk {
    fn new() -> Self {
        Self::with(Browser::open())
    }

    fn with(browser: Browser) -> Self {
        let server = Server::start(&["--clock", "frozen@2026-01-15T09:00:00Z", "--id-seed", "7"]);
        Self { server, browser }
    }

    fn open(&self, path: &str) -> &Browser {
        self.browser.go(&format!("http://{}/_emulator/ui{path}", self.server.address));
        &self.browser
    }

    /// The status that a call of the API gets.
    fn status(&self, path: &str, headers: &str) -> u16 {
        self.server.send("GET", path, &format!("{headers}\r\n"), "").unwrap().0
    }

    /// The answer that a call of the API gets.
    fn answer(&self, path: &str, headers: &str) -> Value {
        let (status, body) = self.server.send("GET", path, &format!("{headers}\r\n"), "").unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// JetBrains Account's answer to a token.
    fn jetbrains(&self, token: &str) -> u16 {
        self.status("/api/v1/token", &format!("X-Customer-Code: 6700001\r\nX-Api-Key: {token}"))
    }

    fn vault(&self, token: &str) -> u16 {
        self.status("/public-api/licenses/usage", &format!("Authorization: Bearer {token}"))
    }

    fn atlassian(&self, path: &str) -> Value {
        self.answer(&format!("{ORG}{path}"), "Authorization: Bearer demo-atlassian-key")
    }

    fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.server.send(method, &format!("/_emulator{path}"), "", body).unwrap();
        assert_eq!(status, 200, "{method} {path}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The token in the dialog, as it is copied.
    fn copied(&self) -> String {
        self.browser.sees("shown only once");
        let shown = self.browser.run("return document.getElementById('token').textContent");
        self.browser.click("Copy");
        self.browser.wait_for("Copied");
        let copied = self.browser.clipboard();
        assert_eq!(copied, shown.as_str().unwrap());
        copied
    }
}
