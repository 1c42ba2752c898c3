//! The system log of a namespace: the socket of journald for the daemon, and that of syslog(3) for the
//! module. Writing to it never blocks. It is printed if the test fails.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const SOCKETS: [&str; 2] = ["/run/systemd/journal/socket", "/dev/log"];
const END: &[u8] = b"end of the test";

/// The time limit of a line.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The threads that read the log, and the lines that they have read.
pub(super) struct Log {
    readers: Vec<JoinHandle<Vec<String>>>,
    lines: Receiver<String>,
}

impl Log {
    pub(super) fn open() -> Self {
        let (sender, lines) = mpsc::channel();
        let readers = SOCKETS.map(|path| read(Path::new(path), sender.clone()));
        Self {
            readers: readers.into(),
            lines,
        }
    }

    /// Waits for a line with this word. Skips other lines.
    pub(super) fn await_line(&self, word: &str) {
        let next = || self.lines.recv_timeout(TIMEOUT);
        while !next().expect("the line is not in the log").contains(word) {}
    }
}

/// Reads a socket at once, because it holds only ten lines.
fn read(path: &Path, lines: Sender<String>) -> JoinHandle<Vec<String>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).unwrap();
    }
    let socket = UnixDatagram::bind(path).unwrap();
    thread::spawn(move || {
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(length) = socket.recv(&mut buffer) {
            if &buffer[..length] == END {
                break;
            }
            let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let _ = lines.send(line.clone());
            all.push(line);
        }
        all
    })
}

impl Drop for Log {
    fn drop(&mut self) {
        let client = UnixDatagram::unbound();
        let end = |path| {
            client
                .as_ref()
                .is_ok_and(|it| it.send_to(END, path).is_ok())
        };
        if !SOCKETS.into_iter().all(end) {
            return;
        }
        for reader in self.readers.drain(..) {
            let lines = reader.join().unwrap_or_default();
            if thread::panicking() {
                eprintln!("the log:\n{}", lines.join("\n"));
            }
        }
    }
}
