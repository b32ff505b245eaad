//! `GET /_emulator`: what there is.

use crate::support::{Database, TestApp};

#[tokio::test]
async fn names_every_route_with_an_example() {
    let app = TestApp::start(Database::Sqlite).await;
    for path in ["/_emulator", "/_emulator/"] {
        let index = app.client().with_header("host", "localhost:8080").get(path).await.expect_ok();
        assert_eq!(index["pages"], "http://localhost:8080/_emulator/ui/");
        let routes = index["routes"].as_array().unwrap();
        let of = |method: &str, path: &str| {
            let found = routes.iter().find(|route| route["method"] == method && route["path"] == path);
            found.unwrap_or_else(|| panic!("no {method} {path}"))["example"].as_str().unwrap()
        };
        assert_eq!(of("GET", "/_emulator/clock"), "curl -s 'http://localhost:8080/_emulator/clock'");
        assert_eq!(of("POST", "/_emulator/reset"), "curl -s -X POST 'http://localhost:8080/_emulator/reset'");
        let put = of("PUT", "/_emulator/clock");
        assert!(put.starts_with("curl -s -X PUT 'http://localhost:8080/_emulator/clock' -d '{\"mode\":"), "{put}");
        let fault = of("POST", "/_emulator/faults");
        assert!(fault.starts_with("curl -s 'http://localhost:8080/_emulator/faults' -d '{\"match\":"), "{fault}");
        let seed = of("POST", "/_emulator/seed");
        assert_eq!(seed, "curl -s 'http://localhost:8080/_emulator/seed' --data-binary @FILE");
        let token = of("DELETE", "/_emulator/vaults/{name}/token");
        assert!(
            token.starts_with("curl -s -X DELETE 'http://localhost:8080/_emulator/vaults/example/token' -d"),
            "{token}"
        );
        assert!(routes.iter().all(|route| !route["does"].as_str().unwrap().is_empty()), "{index}");
        app.client().get(&format!("{path}?nope=1")).await.expect_problem(400);
        app.client().post(path, "").await.expect_problem(405);
        app.client().with_header("host", "evil.example").get(path).await.expect_problem(403);
    }
}
