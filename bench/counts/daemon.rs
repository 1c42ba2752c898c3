//! Starts and stops the daemon as a service manager does.

use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::built::PROGRAMS;

/// The notification socket of the service manager.
const NOTIFY_SOCKET: &str = "/run/notify";

/// The time limit of a start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running daemon.
pub(super) struct Daemon(Child);

impl Daemon {
    /// Starts the daemon on a store, and waits until it is ready. `run` makes the command of its
    /// program.
    pub(super) fn start(store: &Path, run: impl FnOnce(&Path) -> Command) -> Self {
        let manager = UnixDatagram::bind(NOTIFY_SOCKET).unwrap();
        manager.set_read_timeout(Some(START_TIMEOUT)).unwrap();
        let programs = Path::new(PROGRAMS);
        let mut command = run(&programs.join("tfad"));
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

    /// Waits until each thread of the daemon waits in the kernel.
    pub(super) fn await_idle(&self) {
        let tasks = format!("/proc/{}/task", innermost(self.0.id()));
        let waits = |task: io::Result<DirEntry>| {
            let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
            // The state follows the name, which is in brackets. An ended thread has no file.
            stat.rsplit_once(") ")
                .is_none_or(|(_, fields)| fields.starts_with('S'))
        };
        while !fs::read_dir(&tasks).unwrap().all(waits) {
            thread::yield_now();
        }
    }

    /// Stops the daemon, and waits for the tool that counts. Panics if its exit status is not 0.
    pub(super) fn stop(mut self) {
        kill(innermost(self.0.id()), Signal::SIGTERM).unwrap();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "the daemon ended with {status}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The daemon among the processes that run it: strace does not forward a signal.
fn innermost(pid: u32) -> Pid {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    match children.split_whitespace().next() {
        Some(child) => innermost(child.parse().unwrap()),
        None => Pid::from_raw(pid.try_into().unwrap()),
    }
}
