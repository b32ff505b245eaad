//! The pages for people, seen without a browser. What they do in one: `tests/browser`.

mod controls;
mod documents;
mod forms;
mod guard;
mod large;
mod links;
mod look;
mod requests;
mod search;
mod steps;
mod vendors;
mod words;

use axum::http::StatusCode;

use crate::support::{Answer, TestApp};

/// Every page, and every list on it.
const PAGES: [&str; 10] = [
    "/",
    "/start",
    "/controls",
    "/coverage",
    "/jetbrains-account",
    "/jetbrains-account?team=2001&as=bob@example.test",
    "/license-vault",
    "/atlassian",
    "/atlassian?tab=api-keys",
    "/atlassian?tab=service-accounts",
];

/// A browser without JavaScript: keeps cookies, sends what forms hold.
struct Reader<'a> {
    app: &'a TestApp,
    cookies: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: Vec::new() }
    }

    async fn send(&mut self, method: &str, path: &str, body: String) -> Answer {
        let browser = self
            .app
            .client()
            .with_header("host", "localhost:8080")
            .with_header("content-type", "application/x-www-form-urlencoded")
            .with_header("cookie", &self.cookies.join("; "));
        let answer = browser.call(method, path, body).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
            let pair = cookie.split(';').next().unwrap();
            let name = pair.split('=').next().unwrap();
            self.cookies.retain(|kept| kept.split('=').next() != Some(name));
            if !cookie.contains("Max-Age=0") {
                self.cookies.push(pair.to_owned());
            }
        }
        answer
    }

    /// A page, by its path below `/_emulator/ui`.
    async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", &format!("/_emulator/ui{path}"), String::new()).await
    }

    /// A page that is there.
    async fn open(&mut self, path: &str) -> Answer {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        answer
    }

    /// Sends a form, by its path below `/_emulator/ui`.
    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", &format!("/_emulator/ui{path}"), body).await
    }

    /// Sends the form of a button, and goes to what the page says of it, if it says something.
    async fn post(&mut self, fields: &[(&str, &str)]) -> Answer {
        let answer = self.submit("/calls", fields).await;
        self.go_on(answer).await
    }

    async fn go_on(&mut self, answer: Answer) -> Answer {
        match answer.header("location").filter(|to| to.contains("shown=")) {
            Some(to) => {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
                let to = to.strip_prefix("/_emulator/ui").unwrap().to_owned();
                self.get(&to).await
            }
            None => answer,
        }
    }

    /// Clicks a button of a page, answers a question with yes, and goes to what was made.
    async fn click(&mut self, page: &Answer, name: &str) -> Answer {
        let (form, back) = (field(page, "form"), field(page, "back"));
        let call = button(page, name).unwrap_or_else(|| panic!("no button `{name}`: {}", page.text()));
        let mut answer = self.post(&[("form", &form), ("back", &back), ("call", &call)]).await;
        if answer.text().contains("Cancel</a>") {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let dialog = answer.text().split("<dialog").skip(1).find(|part| part.contains("name=\"call\"")).unwrap();
            let call = attribute(dialog.split("name=\"call\"").nth(1).unwrap(), "value");
            answer = self.post(&[("form", &form), ("back", &back), ("call", &call)]).await;
        }
        answer
    }

    /// Follows the answer of a button that was just clicked.
    async fn follow(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let to = answer.header("location").unwrap().strip_prefix("/_emulator/ui").unwrap().to_owned();
        self.open(&to).await
    }
}

/// The first attribute of that name, as a browser reads it.
fn attribute(html: &str, name: &str) -> String {
    let start = html.split(&format!(" {name}=\"")).nth(1).unwrap_or_else(|| panic!("no {name}: {html}"));
    plain(start.split('"').next().unwrap())
}

/// Text without HTML's escapes.
fn plain(html: &str) -> String {
    html.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

/// A hidden field of every form.
fn field(page: &Answer, name: &str) -> String {
    let field = page.text().split(&format!("name=\"{name}\"")).nth(1);
    attribute(field.unwrap_or_else(|| panic!("no field {name}: {}", page.text())), "value")
}

/// The call behind a button, by its name: its label, or what it says instead to who does not see it.
fn button(page: &Answer, name: &str) -> Option<String> {
    let buttons = page.text().split("<button").skip(1);
    let mut found = buttons.filter(|button| {
        let (tag, rest) = button.split_once('>').unwrap();
        let label = rest.split('<').next().unwrap();
        let said = tag.contains("aria-label=").then(|| attribute(tag, "aria-label"));
        said.unwrap_or_else(|| plain(label)) == name
    });
    found.next().map(|button| attribute(button, "value"))
}
