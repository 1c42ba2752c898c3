//! A private message bus for one test: `dbus-daemon` with a configuration that allows everything.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running bus. Dropping it ends its process.
pub struct PrivateBus {
    socket: PathBuf,
    process: Child,
}

impl PrivateBus {
    /// Starts a bus that listens at `socket`. Its configuration file is written to `folder`.
    pub fn start(folder: &Path, socket: &Path) -> Self {
        let configuration = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow user='*'/><allow own='*'/>\
             <allow send_destination='*'/><allow receive_sender='*'/></policy>\
             <limit name='max_replies_per_connection'>50000</limit></busconfig>",
            socket.display()
        );
        std::fs::write(&configuration, text).unwrap();
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // it warns about limits that it cannot raise
            .spawn()
            .expect("dbus-daemon is installed");
        // It prints its address when it listens.
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(address.starts_with("unix:"), "the bus did not start");
        Self {
            socket: socket.to_owned(),
            process,
        }
    }

    /// Returns the path of the socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
