//! Starts and stops the daemon as a service manager does.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::built::PROGRAMS;
use super::callgrind;

/// The notification socket of the service manager.
const NOTIFY_SOCKET: &str = "/run/notify";

/// The time limit of a start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running daemon.
pub(super) struct Daemon(Child);

impl Daemon {
    /// Starts the daemon on a store, and waits until it is ready. If a profile is given, callgrind
    /// counts the instructions.
    pub(super) fn start(store: &Path, profile: Option<&Path>) -> Self {
        let manager = UnixDatagram::bind(NOTIFY_SOCKET).unwrap();
        manager.set_read_timeout(Some(START_TIMEOUT)).unwrap();
        let programs = Path::new(PROGRAMS);
        let program = programs.join("tfad");
        let mut command = match profile {
            Some(profile) => callgrind::counted(&program, profile),
            None => Command::new(&program),
        };
        command
            .arg("--config")
            .arg(programs.join("tfad.toml"))
            .arg("--state")
            .arg(store)
            .env("NOTIFY_SOCKET", NOTIFY_SOCKET);
        let daemon = Self(command.spawn().unwrap());
        let mut message = [0; 4096];
        loop {
            let length = manager.recv(&mut message).expect("the daemon is not ready");
            if message[..length].starts_with(b"READY=1") {
                return daemon;
            }
        }
    }

    /// Stops the daemon. Panics if its exit status is not 0.
    pub(super) fn stop(mut self) {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "the daemon ended with {status}");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
