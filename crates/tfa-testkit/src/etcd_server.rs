//! A real etcd for one test. It listens at sockets in a folder of its own, at no port.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::{TIMEOUT, skip_without_program};

/// A running etcd. Dropping it ends its processes.
pub struct EtcdServer {
    folder: PathBuf,
    options: Vec<String>,
    members: Vec<Child>,
}

impl EtcdServer {
    /// Starts an etcd without any keys; `None` where it is not installed, which is reported then.
    pub fn start() -> Option<Self> {
        Self::start_with(&[], 1)
    }

    /// Starts an etcd with these options for each of its members.
    pub fn start_with(options: &[&str], members: usize) -> Option<Self> {
        if skip_without_program("etcd", "etcd-server") {
            return None;
        }
        let mut server = Self {
            folder: Self::folder(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            members: Vec::new(),
        };
        server.start_members(members);
        Some(server)
    }

    fn folder() -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-etcd-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn start_members(&mut self, count: usize) {
        // A member is ready when most of them are.
        let mut all_ready = Vec::new();
        for number in 1..=count {
            let (process, is_ready) = spawn(&self.folder, &self.options, number, count);
            self.members.push(process);
            all_ready.push(is_ready);
        }
        for is_ready in all_ready {
            is_ready.recv_timeout(TIMEOUT).expect("etcd is ready");
        }
    }

    /// The socket of a member, by its number from 1.
    pub fn socket(&self, number: usize) -> PathBuf {
        self.folder.join(format!("client:{number}"))
    }

    /// Kills all members (SIGKILL).
    pub fn kill(&mut self) {
        for number in 1..=self.members.len() {
            self.kill_member(number);
        }
    }

    /// Kills one member, by its number from 1.
    pub fn kill_member(&mut self, number: usize) {
        let process = &mut self.members[number - 1];
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts all members again, with the keys that they had.
    pub fn restart(&mut self) {
        let count = self.members.len();
        // An etcd that was killed leaves its sockets.
        for number in 1..=count {
            for socket in ["client", "peer"] {
                let _ = fs::remove_file(self.folder.join(format!("{socket}:{number}")));
            }
        }
        self.members.clear();
        self.start_members(count);
    }
}

impl Drop for EtcdServer {
    fn drop(&mut self) {
        for process in &mut self.members {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts a member in a folder. The receiver learns when it serves.
fn spawn(
    folder: &Path,
    options: &[String],
    number: usize,
    members: usize,
) -> (Child, Receiver<()>) {
    let peers: Vec<String> = (1..=members)
        .map(|number| format!("member{number}=unix://peer:{number}"))
        .collect();
    let has_tls = options
        .iter()
        .any(|option| option.starts_with("--cert-file"));
    let scheme = if has_tls { "unixs" } else { "unix" };
    let mut process = Command::new("etcd")
        .current_dir(folder)
        // Without fsync, so that a busy disk delays no test: a kill loses nothing that was written.
        .arg("--unsafe-no-fsync")
        .arg(format!("--name=member{number}"))
        .arg(format!("--data-dir=data{number}"))
        // etcd makes the sockets client:1 and peer:1, and so on, in its folder.
        .arg(format!("--listen-client-urls={scheme}://client:{number}"))
        .arg(format!("--listen-peer-urls=unix://peer:{number}"))
        // Nobody connects to what it advertises to clients.
        .arg("--advertise-client-urls=http://127.0.0.1:1")
        .arg(format!(
            "--initial-advertise-peer-urls=unix://peer:{number}"
        ))
        .arg(format!("--initial-cluster={}", peers.join(",")))
        .args(options)
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
    (process, is_ready)
}
