//! The enclosure's system bus, on which everybody may do everything.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tfa_proto::SYSTEM_BUS;

const CONFIGURATION: &str = "/run/dbus/bus.conf";

/// A bus; it ends when this is dropped.
pub(super) struct Bus(Child);

impl Bus {
    /// Starts one, and returns when it listens.
    pub(super) fn start() -> Self {
        fs::create_dir("/run/dbus").unwrap();
        let configuration = format!(
            "<busconfig><listen>{SYSTEM_BUS}</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow user='*'/><allow own='*'/>\
             <allow send_destination='*'/><allow receive_sender='*'/></policy></busconfig>"
        );
        fs::write(CONFIGURATION, configuration).unwrap();
        let mut process = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--config-file={CONFIGURATION}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // it says what it may not have here, and needs not
            .spawn()
            .expect("tests/prerequisites installs dbus-daemon");
        let mut address = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(address.starts_with("unix:"), "the bus did not start");
        Self(process)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
