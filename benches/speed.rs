//! How fast Locum is, in real processes over real sockets, beside a bare axum handler that answers the same bytes.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that fails is no measurement: it stops, and the children with it"
)]

mod peers;
mod support;

use std::{
    env, io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use serde::{Deserialize, Serialize};
use support::{Server, Table, mebibytes, median, millis, processor, thousands};
use tokio::{net::TcpListener, runtime, task::JoinSet};

const CONNECTIONS: usize = 16;
/// Short, and many: what else the machine does meets all servers alike.
const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: usize = 21;
const WARM_UP: Duration = Duration::from_millis(500);
const STARTS: usize = 20;
const RESETS: usize = 50;
const SPACES: usize = 50;
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
    whole.row(&["size of the binary, as `cargo build --release` makes it".to_owned(), mebibytes(Server::size())]);
    let start = start_time().await;
    whole.row(&[format!("process start to `/readyz` 200, demo seed, median of {STARTS}"), millis(start)]);
    let (throughput, [idle, loaded]) = throughput().await;
    whole.row(&["memory (VmRSS) when ready".to_owned(), mebibytes(idle)]);
    whole.row(&["memory (VmRSS) after load".to_owned(), mebibytes(loaded)]);
    whole.row(&[format!("`POST /_emulator/reset`, demo seed, median of {RESETS}"), millis(reset_time().await)]);
    whole.row(&[format!("`POST /_emulator/spaces`, demo seed, median of {SPACES}"), millis(space_time().await)]);
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
    let forgetful = Server::locum(&["--log", "warn", "--journal", "off"], None).await;
    let logging = Server::locum(&[], None).await;
    let idle = logging.memory();
    let request: Arc<[u8]> = DEMO.request("GET", PAGE, "").into();
    let page = quiet.connect().await.send(&request).await.to_vec();
    let bare = Server::this_program(BARE, &page).await;
    assert_eq!(bare.connect().await.send(&request).await, page, "both servers answer the same");

    let peers = [
        ("node, a stub of 20 lines (`benches/peers/stub.mjs`)", peers::node_stub(&DEMO, &page).await),
        ("WireMock, the same page as a canned answer", peers::wiremock(&DEMO, PAGE, &page).await),
    ];
    let mut servers = vec![
        ("bare axum handler, same 20 objects", &bare),
        ("Locum, `--log warn --journal off`", &forgetful),
        ("Locum, `--log warn`", &quiet),
        ("Locum, default log to `/dev/null`", &logging),
    ];
    servers.extend(peers.iter().filter_map(|(name, peer)| Some((*name, peer.as_ref()?))));
    for (_, server) in &servers {
        load(server, &request, WARM_UP).await;
    }
    let mut loads: Vec<Vec<Load>> = servers.iter().map(|_| Vec::new()).collect();
    for round in 1..=ROUNDS {
        eprintln!("speed: requests, round {round} of {ROUNDS}");
        for ((_, server), loads) in servers.iter().zip(&mut loads) {
            loads.push(load(server, &request, ROUND).await);
        }
    }

    let path = format!("`GET {PAGE}`, {CONNECTIONS} connections");
    let mut table = Table::new(&[&path, "requests/s", "of bare", "server CPU per request"]);
    let rates: Vec<f64> =
        loads.iter().map(|loads| median(loads.iter().map(|load| load.per_second).collect())).collect();
    for (((name, _), loads), rate) in servers.iter().zip(&loads).zip(&rates) {
        let cpu: Option<Vec<f64>> = loads.iter().map(|load| load.cpu_micros).collect();
        let cpu = cpu.map_or_else(|| "?".to_owned(), |cpu| format!("{:.0} µs", median(cpu)));
        table.row(&[(*name).to_owned(), thousands(*rate), format!("{:.2}", rate / rates[0]), cpu]);
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

async fn space_time() -> Duration {
    eprintln!("speed: spaces");
    let server = Server::locum(&[], None).await;
    let mut client = server.connect().await;
    let mut times = Vec::new();
    for number in 0..SPACES {
        let body = format!(r#"{{"name":"t{number}"}}"#);
        times.push(client.time(&DEMO.request("POST", "/_emulator/spaces", &body)).await);
    }
    median(times)
}

fn assign(id: &str) -> Vec<u8> {
    let contact = r#"{"firstName":"Bob","lastName":"Ray","email":"bob@speed.test"}"#;
    let body = format!(r#"{{"licenseId":"{id}","contact":{contact}}}"#);
    SMALL.request("POST", "/api/v1/customer/licenses/assign", &body)
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

    let revoke = |id: &String| SMALL.request("POST", &format!("/api/v1/customer/licenses/revoke?licenseId={id}"), "");
    let advance = SMALL.request("POST", "/_emulator/clock/advance", r#"{"by":"31d"}"#);
    let mut rates = Vec::new();
    for round in 1..=PAIR_ROUNDS {
        eprintln!("speed: assign and revoke, round {round} of {PAIR_ROUNDS}");
        let assigning = send_all(&server, ids.iter().map(|id| assign(id))).await;
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
    // Nothing is remembered, because a remembered answer takes the same time however large the data is.
    const ARGUMENTS: [&str; 4] = ["--log", "warn", "--answers", "off"];
    eprintln!("speed: lists beside another organization's licences");
    let small = format!("version: 1\norganizations:\n{}", SMALL.seed([900, 50, 50]));
    let both = format!("{small}{}", LARGE.seed([90_000, 5_000, 5_000]));
    let servers = [Server::locum(&ARGUMENTS, Some(&small)).await, Server::locum(&ARGUMENTS, Some(&both)).await];
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
    let (page, mut times) = (SMALL.request("GET", PAGE, ""), [Vec::new(), Vec::new()]);
    for (client, times) in clients.iter_mut().zip(&mut times) {
        let all = SMALL.request("GET", "/api/v1/customer/licenses?perPage=200", "");
        let licenses: Vec<License> = serde_json::from_slice(client.send(&all).await).unwrap();
        for license in licenses.iter().filter(|license| license.is_available_to_assign) {
            client.send(&assign(&license.license_id)).await;
            times.push(client.time(&page).await);
        }
        assert!(times.len() > 100, "there was something to write");
    }
    let [alone, beside] = times.map(median);
    table.row(&["first page, right after a write".to_owned(), millis(alone), millis(beside)]);
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
        let held_by_ann = ", assignee: ann@speed.test, assigned_at: -40d";
        let lines = [(all, "ALL", ""), (ii, "II", ""), (held, "WS", held_by_ann)].map(|(count, product, more)| {
            let line = format!("\n        - {{ count: {count}, product: {product}, team: 2001{more} }}");
            if count > 0 { line } else { String::new() }
        });
        let licenses = lines.concat();
        format!(
            r#"
  - name: {token}
    customer_code: "{customer_code}"
    people: [{{ email: ann@speed.test, name: Ann Lee, jetbrains_account: true }}]
    jetbrains_account:
      teams: [{{ id: 2001, name: Platform }}]
      roles: [{{ person: ann@speed.test, role: organization_admin }}]
      tokens: [{{ person: ann@speed.test, token: {token} }}]
      licenses:{licenses}
"#
        )
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
