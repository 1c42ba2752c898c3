//! A daemon on a private bus.

#![allow(dead_code, reason = "no test program uses all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tfa_testkit::{NotifySocket, PrivateBus};

/// A bus, a daemon on it, and their folder.
pub(crate) struct Host {
    pub(crate) folder: PathBuf,
    pub(crate) bus: PrivateBus,
    daemon: Child,
}

impl Host {
    /// Starts a daemon. `fill` can put something into its state directory before, which does not exist.
    pub(crate) fn start(name: &str, fill: impl FnOnce(&Path)) -> Self {
        Self::start_with(name, "[policy]\nmode = \"optional\"\n", fill)
    }

    /// Starts a daemon with this configuration.
    pub(crate) fn start_with(name: &str, config: &str, fill: impl FnOnce(&Path)) -> Self {
        let text = config;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let bus = PrivateBus::start(&folder, &folder.join("bus"));
        let state = folder.join("state");
        fill(&state);
        let config = folder.join("tfad.toml");
        fs::write(&config, text).unwrap();
        let notify = NotifySocket::bind(&folder);
        let daemon = Command::new(env!("CARGO_BIN_EXE_tfad"))
            .arg("--config")
            .arg(config)
            .arg("--state")
            .arg(state)
            .arg("--bus")
            .arg(format!("unix:path={}", bus.socket().display()))
            .arg("--socket")
            .arg(folder.join("login"))
            // As in the unit: freed memory is returned to the kernel.
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .env("MALLOC_ARENA_MAX", "2")
            .env("NOTIFY_SOCKET", notify.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        notify.wait_until_ready();
        Self {
            folder,
            daemon,
            bus,
        }
    }

    /// The process of the daemon.
    pub(crate) fn process(&self) -> u32 {
        self.daemon.id()
    }

    /// A number in the status of the daemon's process (`proc_pid_status(5)`).
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let words = line.expect("the daemon runs").trim_start_matches(':');
        words.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The peak resident memory in kilobytes.
    pub(crate) fn peak(&self) -> u64 {
        self.figure("VmHWM")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
