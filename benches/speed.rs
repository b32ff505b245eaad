//! How fast Locum is, in real processes over real sockets, beside a bare axum handler that answers the same bytes.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that fails is no measurement: it stops, and the children with it"
)]

use std::{
    env,
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    task::JoinSet,
};

const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const STARTS: usize = 20;
const RESETS: usize = 50;
/// Licences that are assigned and revoked; rounds of that.
const PAIRS: u32 = 1_000;
const PAIR_ROUNDS: usize = 3;
const LATENCIES: usize = 300;

/// What makes this program the bare server.
const BARE: &str = "bare-server";
const PAGE: &str = "/api/v1/customer/licenses?perPage=20";
const DEMO: Tenant = Tenant { token: "demo-jba-organization-admin", customer_code: "6700001" };
const SMALL: Tenant = Tenant { token: "speed-small", customer_code: "6700011" };
const LARGE: Tenant = Tenant { token: "speed-large", customer_code: "6700012" };
const CLOCK: &str = "frozen@2026-01-15T09:00:00Z";

fn main() {
    if env::args().nth(1).as_deref() == Some(BARE) {
        runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(bare_server());
    } else if env::args().any(|argument| argument == "--bench") {
        // One thread: what the client takes, the servers lack.
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(measure());
    } else {
        eprintln!("speed: measures only under `cargo bench`");
    }
}

async fn measure() {
    let mut whole = Table::new(&["what", "result"]);
    let start = start_time().await;
    whole.row(&[format!("process start to `/readyz` 200, demo seed, median of {STARTS}"), millis(start)]);
    let (throughput, [idle, loaded]) = throughput().await;
    whole.row(&["memory (VmRSS) when ready".to_owned(), mebibytes(idle)]);
    whole.row(&["memory (VmRSS) after load".to_owned(), mebibytes(loaded)]);
    whole.row(&[format!("`POST /_emulator/reset`, demo seed, median of {RESETS}"), millis(reset_time().await)]);
    let pairs = format!("{} pairs/s", thousands(pairs_per_second().await));
    whole.row(&[
        format!("assign and revoke, {} licences, {CONNECTIONS} connections", thousands(f64::from(PAIRS))),
        pairs,
    ]);
    let (latency, [alone, beside]) = latency().await;
    whole.row(&["process start to `/readyz` 200, 1,000 licences".to_owned(), millis(alone)]);
    whole.row(&["process start to `/readyz` 200, 101,000 licences".to_owned(), millis(beside)]);

    let cores = thread::available_parallelism().unwrap();
    println!("Client and server share {cores} cores ({}).\n", processor());
    println!("{}\n{}\n{}", whole.0, throughput.0, latency.0);
}

async fn start_time() -> Duration {
    eprintln!("speed: starts");
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(Server::locum(&[], None).await.started_in);
    }
    median(times)
}

/// Requests per second of one page, and the memory of a server before and after them.
async fn throughput() -> (Table, [Option<f64>; 2]) {
    let quiet = Server::locum(&["--log", "warn"], None).await;
    let logging = Server::locum(&[], None).await;
    let idle = logging.memory();
    let request: Arc<[u8]> = DEMO.request("GET", PAGE, "").into();
    let page = quiet.connect().await.send(&request).await.to_vec();
    let bare = Server::bare(&page).await;
    assert_eq!(bare.connect().await.send(&request).await, page, "both servers answer the same");

    let servers = [
        ("bare axum handler, same 20 objects", &bare),
        ("Locum, `--log warn`", &quiet),
        ("Locum, default log to `/dev/null`", &logging),
    ];
    for (_, server) in servers {
        load(server, &request, WARM_UP).await;
    }
    let mut loads = servers.map(|_| Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("speed: requests, round {round} of {ROUNDS}");
        for ((_, server), loads) in servers.iter().zip(&mut loads) {
            loads.push(load(server, &request, ROUND).await);
        }
    }

    let path = format!("`GET {PAGE}`, {CONNECTIONS} connections");
    let mut table = Table::new(&[&path, "requests/s", "of bare", "server CPU per request"]);
    let rates = loads.each_ref().map(|loads| median(loads.iter().map(|load| load.per_second).collect()));
    for (((name, _), loads), rate) in servers.iter().zip(&loads).zip(rates) {
        let cpu: Option<Vec<f64>> = loads.iter().map(|load| load.cpu_micros).collect();
        let cpu = cpu.map_or_else(|| "?".to_owned(), |cpu| format!("{:.0} µs", median(cpu)));
        table.row(&[(*name).to_owned(), thousands(rate), format!("{:.2}", rate / rates[0]), cpu]);
    }
    (table, [idle, logging.memory()])
}

async fn reset_time() -> Duration {
    eprintln!("speed: resets");
    let server = Server::locum(&[], None).await;
    let mut client = server.connect().await;
    let request = DEMO.request("POST", "/_emulator/reset", "");
    let mut times = Vec::new();
    for _ in 0..RESETS {
        times.push(client.time(&request).await);
    }
    median(times)
}

/// The API takes no licence back within 30 days, so all are assigned, the clock is moved, and all are revoked.
async fn pairs_per_second() -> f64 {
    let seed = format!("version: 1\norganizations:\n{}", SMALL.seed([PAIRS, 0, 0]));
    let server = Server::locum(&["--clock", CLOCK], Some(&seed)).await;
    let mut client = server.connect().await;
    let mut ids = Vec::new();
    for page in 1..=PAIRS.div_ceil(200) {
        let path = format!("/api/v1/customer/licenses?perPage=200&page={page}");
        let licenses: Vec<License> =
            serde_json::from_slice(client.send(&SMALL.request("GET", &path, "")).await).unwrap();
        ids.extend(licenses.into_iter().map(|license| license.license_id));
    }
    assert_eq!(ids.len(), usize::try_from(PAIRS).unwrap());

    let assign = |id: &String| {
        let contact = r#"{"firstName":"Bob","lastName":"Ray","email":"bob@speed.test"}"#;
        let body = format!(r#"{{"licenseId":"{id}","contact":{contact}}}"#);
        SMALL.request("POST", "/api/v1/customer/licenses/assign", &body)
    };
    let revoke = |id: &String| SMALL.request("POST", &format!("/api/v1/customer/licenses/revoke?licenseId={id}"), "");
    let advance = SMALL.request("POST", "/_emulator/clock/advance", r#"{"by":"31d"}"#);
    let mut rates = Vec::new();
    for round in 1..=PAIR_ROUNDS {
        eprintln!("speed: assign and revoke, round {round} of {PAIR_ROUNDS}");
        let assigning = send_all(&server, ids.iter().map(assign)).await;
        client.send(&advance).await;
        let revoking = send_all(&server, ids.iter().map(revoke)).await;
        rates.push(f64::from(PAIRS) / (assigning + revoking).as_secs_f64());
    }
    median(rates)
}

/// Lists of a small organization, alone and beside a large one, and how long both servers took to start.
async fn latency() -> (Table, [Duration; 2]) {
    const LISTS: [(&str, &str); 4] = [
        ("first page", ""),
        ("page 10", "&page=10"),
        ("by `productCode`", "&productCode=II"),
        ("by `assigneeEmail`", "&assigneeEmail=ann@speed.test"),
    ];
    eprintln!("speed: lists beside another organization's licences");
    let small = format!("version: 1\norganizations:\n{}", SMALL.seed([900, 50, 50]));
    let both = format!("{small}{}", LARGE.seed([90_000, 5_000, 5_000]));
    let servers =
        [Server::locum(&["--log", "warn"], Some(&small)).await, Server::locum(&["--log", "warn"], Some(&both)).await];
    let mut clients = [servers[0].connect().await, servers[1].connect().await];

    let mut table = Table::new(&[
        "20 of 1,000 licences, one request after another",
        "alone",
        "beside another organization's 100,000",
    ]);
    for (name, query) in LISTS {
        let request = SMALL.request("GET", &format!("{PAGE}{query}"), "");
        let mut times = [Vec::new(), Vec::new()];
        for client in &mut clients {
            let licenses: Vec<License> = serde_json::from_slice(client.send(&request).await).unwrap();
            assert_eq!(licenses.len(), 20, "{name}");
        }
        // In turns, so that whatever else the machine does hits both.
        for _ in 0..LATENCIES {
            for (client, times) in clients.iter_mut().zip(&mut times) {
                times.push(client.time(&request).await);
            }
        }
        let [alone, beside] = times.map(median);
        table.row(&[name.to_owned(), millis(alone), millis(beside)]);
    }
    (table, servers.map(|server| server.started_in))
}

/// An organization, and how to call as its admin.
struct Tenant {
    token: &'static str,
    customer_code: &'static str,
}

impl Tenant {
    fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let Self { token, customer_code } = self;
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {token}\r\nX-Customer-Code: {customer_code}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// With licences of two products that are free, and of a third that somebody holds.
    fn seed(&self, [all, ii, held]: [u32; 3]) -> String {
        let Self { token, customer_code } = self;
        format!(
            r#"
  - name: {token}
    customer_code: "{customer_code}"
    people: [{{ email: ann@speed.test, name: Ann Lee, jetbrains_account: true }}]
    jetbrains_account:
      teams: [{{ id: 2001, name: Platform }}]
      roles: [{{ person: ann@speed.test, role: organization_admin }}]
      tokens: [{{ person: ann@speed.test, token: {token} }}]
      licenses:
        - {{ count: {all}, product: ALL, team: 2001 }}
        - {{ count: {ii}, product: II, team: 2001 }}
        - {{ count: {held}, product: WS, team: 2001, assignee: ann@speed.test, assigned_at: -40d }}
"#
        )
    }
}

/// A child process that answers HTTP. It dies with this value.
struct Server {
    child: Child,
    address: SocketAddr,
    started_in: Duration,
    /// Kept open: who prints to a closed pipe dies.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Without a seed, the demo.
    async fn locum(arguments: &[&str], seed: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_locum"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).env_clear().stdin(Stdio::null());
        if let Some(seed) = seed {
            command.env("LOCUM_SEED_INLINE", seed);
        }
        Self::start(command, b"").await
    }

    /// This program as a server that serialises `page` at every request.
    async fn bare(page: &[u8]) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.arg(BARE).stdin(Stdio::piped());
        Self::start(command, page).await
    }

    async fn start(mut command: Command, input: &[u8]) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let input_pipe = child.stdin.take();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        // From here on, a panic ends the child.
        let mut server = Self { child, address, started_in: Duration::ZERO, stdout };
        if let Some(mut pipe) = input_pipe {
            pipe.write_all(input).unwrap();
        }
        let ready = server.stdout.by_ref().lines().map(Result::unwrap).find_map(|line| {
            let (_, address) = line.split_once(" ready http://")?;
            address.parse().ok()
        });
        server.address = ready.unwrap();
        let probe = DEMO.request("GET", "/readyz", "");
        server.connect().await.send(&probe).await;
        server.started_in = started.elapsed();
        server
    }

    async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, buffer: vec![0; 64 * 1024], filled: 0 }
    }

    /// Resident memory in bytes, where the system tells.
    fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024.0)
    }

    /// Processor time used so far in seconds, where the system tells.
    fn cpu(&self) -> Option<f64> {
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // Behind the name, which may hold anything: field 3. User and system time are fields 14 and 15.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        Some((next()? + next()?) / TICKS_PER_SECOND)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One keep-alive connection: HTTP/1.1 as far as these two servers speak it.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Client {
    /// Sends a request and returns the body of its answer, which must be a success.
    async fn send(&mut self, request: &[u8]) -> &[u8] {
        self.write(request).await;
        self.filled = 0;
        let body = loop {
            self.read().await;
            let end = self.buffer[..self.filled].windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
        };
        let head = str::from_utf8(&self.buffer[..body]).unwrap();
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse().unwrap());
        let is_success = head.starts_with("HTTP/1.1 20");
        while self.filled < body + length {
            self.read().await;
        }
        let all = &self.buffer[..self.filled];
        assert!(is_success, "{}\n\n{}", String::from_utf8_lossy(request), String::from_utf8_lossy(all));
        &all[body..]
    }

    async fn time(&mut self, request: &[u8]) -> Duration {
        let started = Instant::now();
        self.send(request).await;
        started.elapsed()
    }

    async fn write(&self, mut rest: &[u8]) {
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.stream.writable().await.unwrap(),
                Err(error) => panic!("the server does not listen: {error}"),
            }
        }
    }

    async fn read(&mut self) {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        loop {
            self.stream.readable().await.unwrap();
            match self.stream.try_read(&mut self.buffer[self.filled..]) {
                Ok(0) => panic!("the server hung up"),
                Ok(count) => return self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("the server does not answer: {error}"),
            }
        }
    }
}

/// What a server did under load.
struct Load {
    per_second: f64,
    /// Of the server, per request.
    cpu_micros: Option<f64>,
}

/// The same request over all connections, until the time is up.
async fn load(server: &Server, request: &Arc<[u8]>, time: Duration) -> Load {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(server.connect().await);
    }
    let cpu = server.cpu();
    let started = Instant::now();
    let mut running = JoinSet::new();
    for mut client in clients {
        let request = Arc::clone(request);
        running.spawn(async move {
            let mut count = 0_u32;
            while started.elapsed() < time {
                client.send(&request).await;
                count += 1;
            }
            count
        });
    }
    let count = f64::from(running.join_all().await.into_iter().sum::<u32>());
    let took = started.elapsed();
    let cpu = cpu.zip(server.cpu()).map(|(before, after)| after - before);
    Load { per_second: count / took.as_secs_f64(), cpu_micros: cpu.map(|seconds| seconds * 1e6 / count) }
}

/// Each request once, spread over all connections. Returns how long that took.
async fn send_all(server: &Server, requests: impl Iterator<Item = Vec<u8>>) -> Duration {
    let requests: Vec<Vec<u8>> = requests.collect();
    let mut work = Vec::new();
    for share in requests.chunks(requests.len().div_ceil(CONNECTIONS)) {
        work.push((server.connect().await, share.to_vec()));
    }
    let started = Instant::now();
    let mut running = JoinSet::new();
    for (mut client, share) in work {
        running.spawn(async move {
            for request in share {
                client.send(&request).await;
            }
        });
    }
    running.join_all().await;
    started.elapsed()
}

/// The yardstick: axum and `serde_json`, nothing else. The objects come in on standard input.
async fn bare_server() {
    let licenses: Vec<License> = serde_json::from_reader(io::stdin()).unwrap();
    let licenses: &'static [License] = licenses.leak();
    let list = async || ([(CONTENT_TYPE, "application/json")], serde_json::to_vec(licenses).unwrap());
    let router = Router::new().route("/api/v1/customer/licenses", get(list)).route("/readyz", get(async || "ready\n"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("bare ready http://{}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

/// A licence as it is on the wire.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are the wire's")]
struct License {
    license_id: String,
    product: Product,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<Assignee>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<Subscription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perpetual: Option<Perpetual>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<LastSeen>,
    team: Team,
    is_transferable_between_teams: bool,
    is_trial: bool,
    is_suspended: bool,
    is_available_to_assign: bool,
}

#[derive(Serialize, Deserialize)]
struct Product {
    code: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Assignee {
    User { name: String, email: String, r#type: String },
    Server { r#type: String, uid: String, server_type: String },
    LicenseKey { r#type: String, registration_name: String, key: String },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "they are the wire's")]
struct Subscription {
    valid_until_date: String,
    is_outdated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_pack_ref: Option<String>,
    is_automatically_renewed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Perpetual {
    upgrade_due_date: String,
    is_outdated: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "they are the wire's")]
struct LastSeen {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_assignment_date: Option<String>,
    is_offline_code_generated: bool,
}

#[derive(Serialize, Deserialize)]
struct Team {
    id: i32,
    name: String,
}

/// A Markdown table: names to the left, numbers to the right.
struct Table(String);

impl Table {
    fn new(columns: &[&str]) -> Self {
        Self(format!("| {} |\n|---|{}\n", columns.join(" | "), "---:|".repeat(columns.len() - 1)))
    }

    fn row<const N: usize>(&mut self, cells: &[String; N]) {
        writeln!(self.0, "| {} |", cells.join(" | ")).unwrap();
    }
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[values.len() / 2]
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{} ms", thousands(millis)) }
}

fn mebibytes(bytes: Option<f64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{:.1} MiB", bytes / 1024.0 / 1024.0))
}

/// Without a fraction, with a comma before every three digits.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
