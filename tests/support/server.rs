//! A running binary, and requests to it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

/// The binary.
pub fn locum(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_locum"));
    command.args(arguments).env_remove("LOCUM_SEED");
    command
}

/// Sends one request; gives the answer as it comes, from the status line on.
pub fn exchange(address: &str, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Sends one request; gives status and body.
pub fn send(address: &str, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<(u16, String)> {
    let answer = exchange(address, method, path, headers, body)?;
    let status = answer.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

/// Sends a process a signal, which is written as for `kill`. That program itself is missing on small machines.
pub fn send_signal(process: u32, signal: &str) {
    let signal = match signal {
        "-HUP" => Signal::HUP,
        "-INT" => Signal::INT,
        "-KILL" => Signal::KILL,
        "-QUIT" => Signal::QUIT,
        "-TERM" => Signal::TERM,
        "-USR1" => Signal::USR1,
        "-USR2" => Signal::USR2,
        _ => panic!("{signal} is not a signal that a test has sent before: add it here"),
    };
    kill_process(Pid::from_raw(process.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// A server on a free port. Killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: String,
    pub banner: String,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self::of(locum(&[&["--listen", "127.0.0.1:0"], arguments].concat()).stderr(Stdio::null()))
    }

    /// What a command becomes in the end.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut banner = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        while !banner.contains("locum ready") {
            assert!(lines.read_line(&mut banner).unwrap() > 0, "ended before it was ready: {banner}");
        }
        let address = banner.trim_end().rsplit("http://").next().unwrap().to_owned();
        Self { child, address, banner }
    }

    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<(u16, String)> {
        send(&self.address, method, path, headers, body)
    }

    pub fn as_admin(&self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        self.send(method, path, "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n", body)
    }

    pub fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
