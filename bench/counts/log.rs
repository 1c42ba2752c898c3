//! The system log of a namespace. Writing to it never blocks. It is printed if the test fails.

use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const SOCKET: &str = "/dev/log";
const END: &[u8] = b"end of the test";

/// The time limit of a line.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The thread that reads the log, and the lines that it has read.
pub(super) struct Log {
    reader: Option<JoinHandle<Vec<String>>>,
    lines: Receiver<String>,
}

impl Log {
    pub(super) fn open() -> Self {
        let socket = UnixDatagram::bind(SOCKET).unwrap();
        let (sender, lines) = mpsc::channel();
        // A thread reads at once, because the socket holds only ten lines.
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                if &buffer[..length] == END {
                    break;
                }
                let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let _ = sender.send(line.clone());
                all.push(line);
            }
            all
        });
        Self {
            reader: Some(reader),
            lines,
        }
    }

    /// Waits for a line with this word. Skips other lines.
    pub(super) fn await_line(&self, word: &str) {
        let next = || self.lines.recv_timeout(TIMEOUT);
        while !next().expect("the line is not in the log").contains(word) {}
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let ended = UnixDatagram::unbound().and_then(|socket| socket.send_to(END, SOCKET));
        if let (Ok(_), Some(reader)) = (ended, self.reader.take()) {
            let lines = reader.join().unwrap_or_default();
            if thread::panicking() {
                eprintln!("the log:\n{}", lines.join("\n"));
            }
        }
    }
}
