//! The enclosure's system log. Whoever writes to it never waits; when a test fails, it is shown.

use std::os::unix::net::UnixDatagram;
use std::thread::{self, JoinHandle};

const PLACE: &str = "/dev/log";
const END: &[u8] = b"the test is over";

/// The log.
pub(super) struct Log(Option<JoinHandle<Vec<String>>>);

impl Log {
    /// Opens it.
    pub(super) fn open() -> Self {
        let socket = UnixDatagram::bind(PLACE).unwrap();
        // A thread, because the socket holds ten lines and then lets the writer wait.
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
        let ended = UnixDatagram::unbound().and_then(|socket| socket.send_to(END, PLACE));
        if let (Ok(_), Some(reader)) = (ended, self.0.take()) {
            let lines = reader.join().unwrap_or_default();
            if thread::panicking() {
                eprintln!("the log:\n{}", lines.join("\n"));
            }
        }
    }
}
