//! A proxy before PostgreSQL whose connections can be cut, silenced, refused and mended.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use super::{postgres_options, postgres_url};

/// What ends each connection.
type Ends = Arc<Mutex<Vec<Box<dyn Fn() + Send>>>>;

pub struct Proxy {
    port: u16,
    open: Option<(JoinHandle<()>, Arc<AtomicBool>)>,
    ends: Ends,
    /// Connections are numbered. Those below this number carry nothing any more, and stay open.
    silent_below: Arc<AtomicU64>,
    /// What is said to who connects, in place of PostgreSQL.
    refusal: Arc<Mutex<Option<(&'static str, &'static str)>>>,
}

impl Proxy {
    /// Not open yet.
    pub fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, open: None, ends: Arc::default(), silent_below: Arc::default(), refusal: Arc::default() }
    }

    pub fn url(&self, database: &str) -> String {
        let (url, options) = (postgres_url(), postgres_options());
        let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user.to_owned());
        let user = user.unwrap_or_else(|| options.get_username().to_owned());
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    pub fn mend(&mut self) {
        self.silent_below.store(0, Ordering::SeqCst);
        *self.refusal.lock().unwrap() = None;
        // Somebody else's connection may go out from the port for a moment.
        let listener = loop {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", self.port)) {
                break listener;
            }
        };
        let (cut, ends) = (Arc::new(AtomicBool::new(false)), Arc::clone(&self.ends));
        let is_cut = Arc::clone(&cut);
        let (silent_below, refusal) = (Arc::clone(&self.silent_below), Arc::clone(&self.refusal));
        let accepting = std::thread::spawn(move || {
            for client in listener.incoming() {
                if is_cut.load(Ordering::SeqCst) {
                    return;
                }
                let client = client.unwrap();
                if let Some((code, message)) = *refusal.lock().unwrap() {
                    refuse(client, code, message);
                    continue;
                }
                let number = ends.lock().unwrap().len() as u64;
                let silent_below = Arc::clone(&silent_below);
                let is_silent = move || number < silent_below.load(Ordering::SeqCst);
                let options = postgres_options();
                if let Some(directory) = options.get_socket() {
                    let socket = directory.join(format!(".s.PGSQL.{}", options.get_port()));
                    let server = UnixStream::connect(socket).unwrap();
                    let (up, down) = (server.try_clone().unwrap(), server.try_clone().unwrap());
                    connect(&ends, client, (up, down), is_silent, move || server.shutdown(Shutdown::Both));
                } else {
                    let server = TcpStream::connect((options.get_host(), options.get_port())).unwrap();
                    let (up, down) = (server.try_clone().unwrap(), server.try_clone().unwrap());
                    connect(&ends, client, (up, down), is_silent, move || server.shutdown(Shutdown::Both));
                }
            }
        });
        self.open = Some((accepting, cut));
    }

    /// Ends every connection, and refuses new ones.
    pub fn cut(&mut self) {
        let (accepting, cut) = self.open.take().unwrap();
        cut.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        accepting.join().unwrap();
        for end in self.ends.lock().unwrap().drain(..) {
            end();
        }
    }

    /// Lets the connections that there are carry nothing any more, as after a failover or on a way that forgot them.
    pub fn silence(&self) {
        self.silent_below.store(self.ends.lock().unwrap().len() as u64, Ordering::SeqCst);
    }

    /// The same, also with those that are made from here on.
    pub fn silence_everything(&self) {
        self.silent_below.store(u64::MAX, Ordering::SeqCst);
    }

    /// Ends every connection, and answers who connects with an error of PostgreSQL's.
    pub fn refuse(&mut self, code: &'static str, message: &'static str) {
        self.cut();
        self.mend();
        *self.refusal.lock().unwrap() = Some((code, message));
    }
}

/// Says as PostgreSQL why somebody may not come in.
pub fn refuse(mut client: TcpStream, code: &str, message: &str) {
    let mut startup = [0; 4];
    client.read_exact(&mut startup).unwrap();
    let mut startup = vec![0; usize::try_from(u32::from_be_bytes(startup)).unwrap() - 4];
    client.read_exact(&mut startup).unwrap();
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    let _ = client.write_all(&[&b"E"[..], &length, fields.as_bytes()].concat());
}

/// Copies both ways until one side ends.
fn connect<S: Read + Write + Send + 'static>(
    ends: &Ends,
    client: TcpStream,
    (mut up, mut down): (S, S),
    is_silent: impl Fn() -> bool + Clone + Send + 'static,
    end_server: impl Fn() -> io::Result<()> + Send + Sync + 'static,
) {
    let (mut from, mut to) = (client.try_clone().unwrap(), client.try_clone().unwrap());
    let end = Arc::new(move || {
        let _ = (client.shutdown(Shutdown::Both), end_server());
    });
    let (one, other) = (Arc::clone(&end), Arc::clone(&end));
    ends.lock().unwrap().push(Box::new(move || end()));
    let also_silent = is_silent.clone();
    std::thread::spawn(move || {
        let _ = copy(&mut from, &mut up, is_silent);
        one();
    });
    std::thread::spawn(move || {
        let _ = copy(&mut down, &mut to, also_silent);
        other();
    });
}

/// Copies until the end. What comes while it is silent is swallowed.
fn copy(from: &mut impl Read, to: &mut impl Write, is_silent: impl Fn() -> bool) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        if !is_silent() {
            to.write_all(&buffer[..length])?;
        }
    }
}
