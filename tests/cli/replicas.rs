//! Two processes on one PostgreSQL are one: what one is told, the other does with its next request.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Server,
    support::{Database, database_url},
};

const VIEWER: &str = "X-Api-Key: demo-jba-organization-viewer\r\nX-Customer-Code: 6700001\r\n";
const KEY: &str = "Authorization: Bearer demo-atlassian-key\r\n";
const COUNT: &str = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens/count";

fn pair() -> [Server; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(database_url(Database::Postgres)).unwrap();
    let arguments = ["--database-url", &url, "--server-key", "a key for tests only", "--id-seed", "7"];
    [Server::start(&arguments), Server::start(&arguments)]
}

impl Server {
    /// A control route that is expected to answer 200.
    fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.send(method, &format!("/_emulator{path}"), "", body).unwrap();
        assert_eq!(status, 200, "{method} {path}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    fn status(&self, path: &str, headers: &str) -> u16 {
        self.send("GET", path, headers, "").unwrap().0
    }
}

#[test]
fn what_one_is_told_the_other_does_at_once() {
    let [one, two] = pair();
    let token = "/api/v1/token";
    assert_eq!((one.status(token, VIEWER), two.status(token, VIEWER)), (200, 200));

    // The clock.
    two.control("PUT", "/clock", r#"{"mode":"frozen","now":"2030-01-01T00:00:00Z"}"#);
    assert_eq!(one.control("GET", "/clock", "")["now"], "2030-01-01T00:00:00Z");
    one.control("POST", "/clock/advance", r#"{"by":"1h"}"#);
    assert_eq!(two.control("GET", "/clock", "")["now"], "2030-01-01T01:00:00Z");
    // Back to where API keys have not expired, and no window ends.
    two.control("DELETE", "/clock", "");
    one.control("PUT", "/clock", r#"{"mode":"frozen"}"#);

    // Faults, and how many requests they have hit, wherever those were asked.
    let rule = one.control(
        "POST",
        "/faults",
        r#"{"match":{"operation":"getManagedEntityInfo"},"then":{"status":503},"times":2}"#,
    );
    let statuses = [two.status(token, VIEWER), one.status(token, VIEWER), two.status(token, VIEWER)];
    assert_eq!(statuses, [503, 503, 200]);
    assert_eq!(two.control("GET", &format!("/faults/{}", rule["id"].as_str().unwrap()), "")["hits"], 2);

    // Limits, and what was counted against them.
    two.control("PUT", "/rate-limits", r#"{"organization":"6700001","limit":2}"#);
    assert_eq!([one.status(COUNT, KEY), two.status(COUNT, KEY), one.status(COUNT, KEY)], [200, 200, 429]);
    one.control("POST", "/rate-limits/reset", "");
    assert_eq!(two.status(COUNT, KEY), 200);

    // The journal.
    let question = r#"{"match":{"operation":"getManagedEntityInfo"},"count":{"exactly":5}}"#;
    assert_eq!(one.control("POST", "/requests/verify", question)["found"], 5);
    assert_eq!(two.control("POST", "/requests/verify", question)["found"], 5);
    two.control("DELETE", "/requests", "");
    assert_eq!(one.control("GET", "/requests", "")["requests"], json!([]));

    // Revocation.
    one.control(
        "DELETE",
        "/organizations/6700001/jetbrains-account/tokens",
        r#"{"actor":"ann@example.test","person":"cleo@example.test"}"#,
    );
    assert_eq!((two.status(token, VIEWER), one.status(token, VIEWER)), (401, 401));

    // Spaces.
    let space = two.control("POST", "/spaces", r#"{"name":"t1"}"#);
    let organization = &space["organizations"][0];
    let new = |name: &str| organization["jetbrains_account"]["tokens"][0][name].as_str().unwrap().to_owned();
    let code = organization["customer_code"].as_str().unwrap();
    let headers = format!("X-Api-Key: {}\r\nX-Customer-Code: {code}\r\n", new("token"));
    assert_eq!((one.status(token, &headers), two.status(token, &headers)), (200, 200));
    one.control("DELETE", "/spaces/t1", "");
    assert_eq!((two.status(token, &headers), one.status(token, &headers)), (401, 401));

    // Reset.
    two.control("POST", "/reset", "");
    assert_eq!((one.status(token, VIEWER), one.control("GET", "/faults", "")), (200, json!([])));
    assert_eq!(one.control("GET", "/rate-limits", "")["policies"][0]["limit"], 1000);
}

/// Of a sequence each step is done once, whoever is asked, and the delays are those of the seed.
#[test]
fn a_sequence_of_faults_is_one_for_both() {
    let both = pair();
    let steps: Vec<Value> = (500..530).map(|status| json!({"status": status, "body": "x"})).collect();
    both[0].control("POST", "/faults", &json!({"then": steps}).to_string());
    let mut statuses = std::thread::scope(|scope| {
        let asked = both
            .iter()
            .flat_map(|server| [server, server])
            .map(|server| scope.spawn(|| (0..10).map(|_| server.status("/api/v1/token", VIEWER)).collect::<Vec<_>>()));
        let asked: Vec<_> = asked.collect();
        asked.into_iter().flat_map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 10], (500..530).collect()].concat());
    let [one, two] = both;
    let delays = |server: &Server| {
        server.control("POST", "/reset", "");
        server.control("POST", "/faults", r#"{"then":{"delay":"1ms..20ms"}}"#);
        for _ in 0..6 {
            assert_eq!(server.status("/api/v1/token", VIEWER), 200);
        }
        let requests = server.control("GET", "/requests", "")["requests"].clone();
        requests.as_array().unwrap().iter().map(|request| request["fault"].clone()).collect::<Vec<_>>()
    };
    let (first, second) = (delays(&one), delays(&two));
    assert_eq!(first, second);
    assert!(first.iter().any(|delay| *delay != first[0]), "{first:?}");
}

/// Who waits at one while the other replaces everything has no part in the new world.
#[test]
fn who_waits_at_one_is_outlived_by_a_reset_at_the_other() {
    let [one, two] = pair();
    let rule = one.control("POST", "/faults", r#"{"then":{"delay":"700ms"}}"#);
    let path = format!("/faults/{}", rule["id"].as_str().unwrap());
    let assignment = r#"{"licenseId":"FREE000001","contact":{"firstName":"E","lastName":"S","email":"e@s.test"}}"#;
    let (read, written) = std::thread::scope(|scope| {
        let read = scope.spawn(|| one.status(COUNT, KEY));
        let written = scope.spawn(|| one.as_admin("POST", "/api/v1/customer/licenses/assign", assignment).unwrap().0);
        while two.control("GET", &path, "")["hits"] != 2 {
            std::thread::yield_now();
        }
        two.control("POST", "/reset", "");
        (read.join().unwrap(), written.join().unwrap())
    });
    assert_eq!((read, written), (503, 503));
    for server in [one, two] {
        assert_eq!(server.control("GET", "/requests", "")["requests"], json!([]));
        assert_eq!(server.control("GET", "/rate-limits", "")["windows"], json!([]));
        assert_eq!(server.control("GET", "/faults", ""), json!([]));
        let (_, license) = server.as_admin("GET", "/api/v1/customer/licenses/FREE000001", "").unwrap();
        assert!(license.contains("\"isAvailableToAssign\":true"), "{license}");
        server.control("DELETE", "/requests", "");
    }
}

/// Whoever waits at one is told what happens at the other.
#[test]
fn what_happens_at_one_is_heard_at_the_other() {
    let [one, two] = pair();
    let mut stream = TcpStream::connect(&one.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /_emulator/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let mut heard = |wanted: &str| lines.find(|line| line == wanted).is_some();
    assert!(heard("event: state"), "the first event");
    assert_eq!(two.status("/api/v1/token", VIEWER), 200);
    assert!(heard("event: request"));
    two.control("POST", "/clock/advance", r#"{"by":"1h"}"#);
    assert!(heard("event: clock"));
    assert!(heard("event: note"));
    let timeline = one.control("GET", "/timeline", "");
    assert!(timeline[0]["text"].as_str().unwrap().starts_with("clock +1 h → "), "{timeline}");
    assert_eq!(timeline[0]["after"], one.control("GET", "/requests", "")["requests"][0]["id"]);
    let page = one.send("GET", "/_emulator/ui/", "", "").unwrap().1;
    assert!(page.contains("— clock +1 h → "), "{page}");

    // Whose a dead token was, also where it did not end.
    one.control("POST", "/credentials/reader/revoke", "");
    assert_eq!(two.status(COUNT, "Authorization: Bearer demo-atlassian-reader\r\n"), 401);
    let refused = two.control("GET", "/requests?status=401", "");
    let why = refused["requests"][0]["refusal"].as_str().unwrap();
    assert!(why.contains("it was that of `reader`, which was revoked at "), "{why}");

    let question = r#"{"match":{"operation":"getProducts"},"within":"1m"}"#;
    let found = std::thread::scope(|scope| {
        let asking = scope.spawn(|| one.control("POST", "/requests/verify", question)["found"].clone());
        assert_eq!(two.status("/api/v1/products", VIEWER), 200);
        asking.join().unwrap()
    });
    assert_eq!(found, 1);
}
