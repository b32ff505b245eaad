//! What the benchmarks share: servers in processes of their own, connections to them, tables.

use std::{
    env,
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

/// A child process that answers HTTP. It dies with this value.
pub struct Server {
    child: Child,
    address: SocketAddr,
    pub started_in: Duration,
    /// Kept open: who prints to a closed pipe dies.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Without a seed, the demo.
    pub async fn locum(arguments: &[&str], seed: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_locum"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).env_clear().stdin(Stdio::null());
        if let Some(seed) = seed {
            command.env("LOCUM_SEED_INLINE", seed);
        }
        Self::start(command, b"").await
    }

    /// This program with an argument that makes it a server, and something to read.
    pub async fn this_program(argument: &str, input: &[u8]) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.arg(argument).stdin(Stdio::piped());
        Self::start(command, input).await
    }

    /// Starts what says ` ready http://` and its address when it listens, and then answers `/readyz`.
    pub async fn start(command: Command, input: &[u8]) -> Self {
        Self::start_saying(command, input, " ready http://").await
    }

    /// The same for what says something else: the address, or a port alone, stands at the end of the line.
    pub async fn start_saying(mut command: Command, input: &[u8], saying: &str) -> Self {
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
            let (_, address) = line.split_once(saying)?;
            let port = || Some(SocketAddr::from(([127, 0, 0, 1], address.trim().parse().ok()?)));
            address.parse().ok().or_else(port)
        });
        server.address = ready.unwrap();
        server.connect().await.send(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
        server.started_in = started.elapsed();
        server
    }

    pub async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, buffer: vec![0; 64 * 1024], filled: 0 }
    }

    /// The binary's size in bytes.
    pub fn size() -> Option<f64> {
        let size = std::fs::metadata(env!("CARGO_BIN_EXE_locum")).ok()?.len();
        u32::try_from(size).ok().map(f64::from)
    }

    /// Resident memory in bytes, where the system tells.
    pub fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024.0)
    }

    /// Processor time used so far in seconds, where the system tells.
    pub fn cpu(&self) -> Option<f64> {
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
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Client {
    /// Sends a request and returns the body of its answer, which must be a success.
    pub async fn send(&mut self, request: &[u8]) -> &[u8] {
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

    pub async fn time(&mut self, request: &[u8]) -> Duration {
        let started = Instant::now();
        self.send(request).await;
        started.elapsed()
    }

    pub async fn write(&self, mut rest: &[u8]) {
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.stream.writable().await.unwrap(),
                Err(error) => panic!("the server does not listen: {error}"),
            }
        }
    }

    pub async fn read(&mut self) {
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

/// A Markdown table: names to the left, numbers to the right.
pub struct Table(pub String);

impl Table {
    pub fn new(columns: &[&str]) -> Self {
        Self(format!("| {} |\n|---|{}\n", columns.join(" | "), "---:|".repeat(columns.len() - 1)))
    }

    pub fn row<const N: usize>(&mut self, cells: &[String; N]) {
        writeln!(self.0, "| {} |", cells.join(" | ")).unwrap();
    }
}

pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[values.len() / 2]
}

pub fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{} ms", thousands(millis)) }
}

pub fn mebibytes(bytes: Option<f64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{:.1} MiB", bytes / 1024.0 / 1024.0))
}

/// Without a fraction, with a comma before every three digits.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
