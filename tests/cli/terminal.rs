//! A terminal for the binary to write to.

use std::{
    fs::{File, OpenOptions},
    io::Read as _,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// What is written to a terminal.
pub struct Screen(Receiver<String>);

impl Screen {
    /// Gives the command a terminal for its errors and its log.
    pub fn of(command: &mut Command) -> Self {
        let (screen, terminal) = Self::open(command);
        command.stderr(terminal);
        screen
    }

    /// Gives the command a terminal for what it prints.
    pub fn of_output(command: &mut Command) -> Self {
        let (screen, terminal) = Self::open(command);
        command.stdout(terminal);
        screen
    }

    fn open(command: &mut Command) -> (Self, Stdio) {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        command.env("TERM", "xterm-256color");
        // They change what gets colours, and the machine that runs the tests may have set them.
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(variable);
        }
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let (mut controller, mut read) = (File::from(controller), [0; 4096]);
            // It fails when nobody has the terminal any more.
            while let Ok(length @ 1..) = controller.read(&mut read) {
                if sender.send(String::from_utf8_lossy(&read[..length]).into_owned()).is_err() {
                    break;
                }
            }
        });
        (Self(receiver), Stdio::from(OwnedFd::from(terminal)))
    }

    /// Everything up to where `says` is.
    pub fn until(&self, says: &str) -> String {
        let mut text = String::new();
        while !text.contains(says) {
            let more = self.0.recv_timeout(Duration::from_mins(2));
            text += &more.unwrap_or_else(|_| panic!("there was no `{says}`: {text}"));
        }
        text
    }
}
