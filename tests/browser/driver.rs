//! A person at a browser: Chromium, through its `WebDriver` (W3C). Small enough to have no crate for it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How `WebDriver` writes an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser with a profile of its own. Closed when dropped.
pub struct Browser {
    driver: Child,
    address: String,
    session: String,
    files: tempfile::TempDir,
}

impl Browser {
    /// A browser in which pages run no JavaScript.
    pub fn without_javascript() -> Self {
        let browser = Self::open();
        browser.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        browser
    }

    /// One that keeps what pages write into its console as errors: see [`Self::errors`].
    pub fn that_keeps_errors() -> Self {
        const KEEP: &str = "window.errorsOfPage = []; console.error = (...said) => errorsOfPage.push(said.join(' ')); \
                            addEventListener('error', (event) => errorsOfPage.push(event.message));";
        let browser = Self::open();
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": KEEP }));
        browser
    }

    pub fn errors(&self) -> Value {
        self.run("return window.errorsOfPage")
    }

    pub fn open() -> Self {
        let program = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!(
                    "{name} is not set: run the tests with `make test`, or some with `scripts/with-chromium cargo test`"
                )
            })
        };
        let files = tempfile::tempdir().unwrap();
        // Both programs leave files behind, in the folder for temporary files and in the user's own for settings.
        let mut driver = Command::new(program("CHROMEDRIVER"))
            .arg("--port=0")
            .envs(["TMPDIR", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"].map(|name| (name, files.path())))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let started = "started successfully on port ";
        let port = lines
            .map(|line| line.unwrap())
            .find_map(|line| Some(line.split_once(started)?.1.trim_end_matches('.').to_owned()));
        let address = format!("127.0.0.1:{}", port.expect("the driver starts"));
        let profile_flag = format!("--user-data-dir={}/profile", files.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1280,900",
            &profile_flag,
        ];
        let options = json!({ "binary": program("CHROMIUM"), "args": arguments });
        let wanted = json!({ "acceptInsecureCerts": true, "goog:chromeOptions": options });
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let mut browser = Self { driver, address, session: String::new(), files };
        let session = browser.command("POST", "", &wanted);
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser
    }

    /// One command of the session; gives its value, or what is wrong.
    fn try_command(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let path =
            if self.session.is_empty() { "/session".to_owned() } else { format!("/session/{}{path}", self.session) };
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let (is_good, answer) = self.send(method, &path, &body).map_err(|e| e.to_string())?;
        let answer: Value = serde_json::from_str(&answer).map_err(|e| format!("{e}: {answer}"))?;
        let value = answer["value"].clone();
        if is_good { Ok(value) } else { Err(value["message"].to_string()) }
    }

    /// Sends a request to the driver, which leaves connections open.
    fn send(&self, method: &str, path: &str, body: &str) -> std::io::Result<(bool, String)> {
        let (address, length) = (&self.address, body.len());
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}")?;
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        while reader.read_line(&mut head)? > 2 {
            let line = head.lines().next_back().unwrap_or_default().to_ascii_lowercase();
            length = line.strip_prefix("content-length:").map_or(Ok(length), |it| it.trim().parse()).unwrap();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok((head.starts_with("HTTP/1.1 200"), String::from_utf8(body).unwrap()))
    }

    #[track_caller]
    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_command(method, path, body).unwrap_or_else(|why| panic!("{method} {path} {body}: {why}"))
    }

    pub fn go(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    pub fn reload(&self) {
        self.command("POST", "/refresh", &json!({}));
    }

    pub fn back(&self) {
        self.command("POST", "/back", &json!({}));
    }

    pub fn cookies(&self) -> Value {
        self.command("GET", "/cookie", &json!({}))
    }

    fn find(&self, xpath: &str) -> Result<String, String> {
        let found = self.try_command("POST", "/element", &json!({ "using": "xpath", "value": xpath }))?;
        Ok(found[ELEMENT].as_str().unwrap().to_owned())
    }

    /// What a person calls so: a button or link by what it says, a field by its label. On top of what lies beneath.
    #[track_caller]
    fn named(&self, name: &str) -> String {
        let name = format!("'{name}'");
        let label = format!("//label[starts-with(normalize-space(), {name})]");
        let said = format!("(@aria-label={name} or (not(@aria-label) and normalize-space()={name}))");
        let there = "(self::a or self::button or self::summary)";
        for xpath in [
            format!("//dialog[@open]//*[{there} and {said}]"),
            format!("//*[{there} and {said}]"),
            format!("{label}//input | {label}//select | {label}//textarea | //*[@id = {label}/@for]"),
        ] {
            if let Ok(found) = self.find(&xpath) {
                return found;
            }
        }
        panic!("nothing is called {name} in: {}", self.text());
    }

    pub fn has(&self, name: &str) -> bool {
        let said = format!("(@aria-label='{name}' or (not(@aria-label) and normalize-space()='{name}'))");
        self.find(&format!("//*[(self::a or self::button) and {said}]")).is_ok()
    }

    /// Clicks, and waits for the page that it leads to.
    #[track_caller]
    pub fn click(&self, name: &str) {
        let element = self.named(name);
        let leads = "const it = arguments[0]; document.documentElement.dataset.left = ''; \
                     return it.tagName === 'A' || it.type === 'submit'";
        let arguments = json!([{ ELEMENT: element }]);
        let leads = self.command("POST", "/execute/sync", &json!({ "script": leads, "args": arguments }));
        self.command("POST", &format!("/element/{element}/click"), &json!({}));
        if leads == true {
            self.wait("!('left' in document.documentElement.dataset) && document.readyState === 'complete'");
        }
    }

    /// Writes into a field, or chooses in a list.
    #[track_caller]
    pub fn write(&self, name: &str, text: &str) {
        let element = self.named(name);
        // A list has nothing to clear.
        let _ = self.try_command("POST", &format!("/element/{element}/clear"), &json!({}));
        self.command("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses keys, wherever the focus is.
    pub fn press(&self, keys: &str) {
        let focused = self.command("GET", "/element/active", &json!({}));
        let focused = focused[ELEMENT].as_str().unwrap();
        self.command("POST", &format!("/element/{focused}/value"), &json!({ "text": keys }));
    }

    /// What the page says: of the dialog, if there is one.
    pub fn text(&self) -> String {
        let element = self.find("//dialog[@open]").or_else(|_| self.find("//body")).unwrap();
        self.command("GET", &format!("/element/{element}/text"), &json!({})).as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn sees(&self, text: &str) {
        let seen = self.text();
        assert!(seen.contains(text), "no `{text}` in: {seen}");
    }

    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script that calls its last argument when it is done.
    #[track_caller]
    pub fn run_until_done(&self, script: &str, arguments: &Value) -> Value {
        self.command("POST", "/execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// Asks until an expression of the page's is true. Between two pages there is none to ask.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let script = json!({ "script": format!("return Boolean({expression})"), "args": [] });
        let started = Instant::now();
        while self.try_command("POST", "/execute/sync", &script) != Ok(Value::Bool(true)) {
            assert!(started.elapsed() < Duration::from_mins(1), "not in time: {expression}: {}", self.text());
        }
    }

    /// Waits until the page says something.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("document.body.innerText.includes({})", json!(text)));
    }

    /// What was copied.
    pub fn clipboard(&self) -> String {
        let grant = json!({ "descriptor": { "name": "clipboard-read" }, "state": "granted" });
        self.command("POST", "/permissions", &grant);
        let script = "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))";
        let text = self.command("POST", "/execute/async", &json!({ "script": script, "args": [] }));
        text.as_str().unwrap().to_owned()
    }

    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// `light` or `dark`.
    pub fn colors(&self, scheme: &str) {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    fn devtools(&self, method: &str, parameters: &Value) {
        self.command("POST", "/goog/cdp/execute", &json!({ "cmd": method, "params": parameters }));
    }

    /// A picture of what is seen, as PNG in Base64.
    pub fn picture(&self) -> String {
        self.command("GET", "/screenshot", &json!({})).as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.try_command("DELETE", "", &json!({}));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // The browser's processes end a little later than the driver, and write until then.
        let started = Instant::now();
        while std::fs::remove_dir_all(self.files.path()).is_err() && started.elapsed() < Duration::from_secs(20) {
            std::thread::yield_now();
        }
    }
}
