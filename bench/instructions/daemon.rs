//! The daemon, started and stopped as its service manager does it.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::built::PROGRAMS;
use super::callgrind;

/// The service manager's socket.
const MANAGER: &str = "/run/notify";

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon.
pub(super) struct Daemon(Child);

impl Daemon {
    /// Starts it on a store, and returns when it says that it is ready. With a file for the
    /// profile, its instructions are counted.
    pub(super) fn start(store: &Path, profile: Option<&Path>) -> Self {
        let manager = UnixDatagram::bind(MANAGER).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
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
            .env("NOTIFY_SOCKET", MANAGER);
        let daemon = Self(command.spawn().unwrap());
        let mut said = [0; 4096];
        loop {
            let length = manager.recv(&mut said).expect("the daemon is not ready");
            if said[..length].starts_with(b"READY=1") {
                return daemon;
            }
        }
    }

    /// Stops it, and returns when it has ended well.
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
