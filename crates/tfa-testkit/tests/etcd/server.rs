//! A real etcd for one test. It listens at sockets in a folder of its own, at no port.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tfa_testkit::skip_without_program;

use crate::gateway::{Gateway, Limit};

/// How long etcd may take to start. Only a test that fails waits that long.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running etcd. Dropping it ends its process.
pub(crate) struct Etcd {
    folder: PathBuf,
    process: Child,
    limit: Arc<Limit>,
}

impl Etcd {
    /// Starts an etcd without any keys; `None` where it is not installed, which is reported then.
    pub(crate) fn start() -> Option<Self> {
        if skip_without_program("etcd", "etcd-server") {
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("etcd-{}-{count}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Some(Self {
            process: spawn(&folder),
            folder,
            limit: Arc::default(),
        })
    }

    /// Kills etcd (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts etcd again, with the keys that it had.
    pub(crate) fn restart(&mut self) {
        // An etcd that was killed leaves its sockets.
        for socket in ["client:1", "peer:1"] {
            fs::remove_file(self.folder.join(socket)).unwrap();
        }
        self.process = spawn(&self.folder);
    }

    /// A client of this etcd.
    pub(crate) fn client(&self) -> Gateway {
        Gateway::new(self.folder.join("client:1"), Arc::clone(&self.limit))
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts etcd in a folder, and waits until it serves.
fn spawn(folder: &Path) -> Child {
    let mut process = Command::new("etcd")
        .current_dir(folder)
        // Without fsync, so that a busy disk delays no test: a kill loses nothing that was written.
        .args(["--name=one", "--data-dir=data", "--unsafe-no-fsync"])
        // etcd makes the sockets client:1 and peer:1. Nobody connects to what it advertises.
        .args([
            "--listen-client-urls=unix://client:1",
            "--listen-peer-urls=unix://peer:1",
        ])
        .args(["--advertise-client-urls=http://127.0.0.1:1"])
        .args(["--initial-advertise-peer-urls=http://127.0.0.1:1"])
        .args(["--initial-cluster=one=http://127.0.0.1:1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(process.stderr.take().unwrap());
    let (ready, is_ready) = mpsc::channel();
    // Until etcd ends: without a reader of its log it would end itself.
    thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            if line.contains("ready to serve client requests") {
                let _ = ready.send(());
            }
        }
    });
    is_ready.recv_timeout(START_TIMEOUT).expect("etcd is ready");
    process
}
