//! A process of the program, with a folder of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tfa_fleet_wire::{Client, Reply, Request, Status};
use tfa_testkit::NotifySocket;

use crate::TIMEOUT;
use crate::authority::Issued;

/// A folder that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-fleet-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the configuration: the files of `Issued::write`, and these lines.
    pub(crate) fn configure(&self, lines: &str) {
        let text = format!(
            "ca = '{0}/ca.pem'\ncertificate = '{0}/host.pem'\nkey = '{0}/key.pem'\n{lines}\n",
            self.0.display()
        );
        fs::write(self.0.join("tfa-fleet.toml"), text).unwrap();
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tfa-fleet"));
        command
            .arg("--config")
            .arg(self.0.join("tfa-fleet.toml"))
            .arg("--state")
            .arg(&self.0)
            .arg("--socket")
            .arg(self.0.join("call"))
            .arg("--tfad")
            .arg(self.0.join("fleet"));
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running program.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    client: Client,
    /// Where a verifier listens.
    address: Option<SocketAddr>,
    pub(crate) folder: Folder,
}

impl Program {
    /// Starts the program with this certificate, and waits until it is ready.
    pub(crate) fn start(host: &Issued, authority: &[u8], lines: &str) -> Self {
        Self::start_with(host, &[authority], lines)
    }

    /// Starts a program that knows several authorities.
    pub(crate) fn start_with(host: &Issued, authorities: &[&[u8]], lines: &str) -> Self {
        let folder = Folder::new();
        host.write_with(folder.path(), authorities);
        folder.configure(lines);
        Self::start_in(folder)
    }

    /// Starts a program with the certificate that its folder has from the authority of a fleet.
    pub(crate) fn managed(folder: Folder, lines: &str) -> Self {
        fs::write(folder.path().join("tfa-fleet.toml"), lines).unwrap();
        Self::start_in(folder)
    }

    fn start_in(folder: Folder) -> Self {
        let notify = NotifySocket::bind(folder.path());
        let mut child = folder
            .command()
            .env("NOTIFY_SOCKET", notify.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        notify.wait_until_ready();
        let uid = rustix::process::geteuid().as_raw();
        let client = Client::new(folder.path().join("call"), uid);
        Self {
            child,
            lines,
            client,
            address: None,
            folder,
        }
    }

    /// A verifier at a free port.
    pub(crate) fn verifier(host: &Issued, authority: &[u8], lines: &str) -> (Self, SocketAddr) {
        let lines = format!("listen = ['127.0.0.1:0']\n{lines}");
        Self::start(host, authority, &lines).listening()
    }

    fn listening(mut self) -> (Self, SocketAddr) {
        let line = self.wait_for_line("listening at ");
        let address = line.rsplit(' ').next().unwrap().parse().unwrap();
        self.address = Some(address);
        (self, address)
    }

    /// Where this verifier listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    /// A member of one verifier, which its certificate must call `v1.test`.
    pub(crate) fn member(host: &Issued, authority: &[u8], verifier: SocketAddr) -> Self {
        Self::start(host, authority, &verifier_line(verifier))
    }

    /// Waits for the next line of the log with this text, and skips the others.
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no line has {text:?}: {seen:#?}"),
            }
        }
    }

    pub(crate) fn status(&self) -> Status {
        match self.client.call(&Request::Status, TIMEOUT).unwrap() {
            Reply::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn verifier_line(verifier: SocketAddr) -> String {
    format!(
        "verifiers = ['v1.test:{}']\naddresses = {{ 'v1.test' = '{}' }}",
        verifier.port(),
        verifier.ip()
    )
}
