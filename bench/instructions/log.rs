//! The system log of a namespace. Writing to it never blocks. It is printed if the test fails.

use std::os::unix::net::UnixDatagram;
use std::thread::{self, JoinHandle};

const SOCKET: &str = "/dev/log";
const END: &[u8] = b"end of the test";

/// The thread that reads the log.
pub(super) struct Log(Option<JoinHandle<Vec<String>>>);

impl Log {
    pub(super) fn open() -> Self {
        let socket = UnixDatagram::bind(SOCKET).unwrap();
        // A thread reads at once, because the socket holds only ten lines.
        Self(Some(thread::spawn(move || {
            let mut lines = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                if &buffer[..length] == END {
                    break;
                }
                lines.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
            lines
        })))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let ended = UnixDatagram::unbound().and_then(|socket| socket.send_to(END, SOCKET));
        if let (Ok(_), Some(reader)) = (ended, self.0.take()) {
            let lines = reader.join().unwrap_or_default();
            if thread::panicking() {
                eprintln!("the log:\n{}", lines.join("\n"));
            }
        }
    }
}
