//! The store in etcd by the whole way: `EtcdStore`, the client of tfad, the program, a real etcd.

mod contract;
mod faults;
mod limits;
mod relay;
mod tls;
mod uncertified;

use std::time::Duration;

use tfa_store::etcd::EtcdStore;
use tfa_testkit::EtcdServer;
use tfad::fleet::{FleetKv, Patience};

use self::relay::Relay;
use crate::TIMEOUT;
use crate::authority::Authority;
use crate::fixture::{Folder, Program};

/// Waits as long as it takes, even on a busy host.
const PATIENT: Patience = Patience {
    call: Duration::from_secs(5),
    pauses: &[Duration::from_millis(50); 600],
};

/// Makes each call once.
const ONCE: Patience = Patience {
    call: TIMEOUT,
    pauses: &[],
};

/// An etcd, the program, and what is between them.
pub(crate) struct Path {
    pub(crate) program: Program,
    pub(crate) relay: Relay,
    pub(crate) etcd: EtcdServer,
}

impl Path {
    /// `None` where etcd is not installed.
    pub(crate) fn new() -> Option<Self> {
        Self::to(EtcdServer::start()?)
    }

    pub(crate) fn to(etcd: EtcdServer) -> Option<Self> {
        let relay = Relay::start(etcd.socket(1));
        let program = start_program(&[&relay]);
        Some(Self {
            program,
            relay,
            etcd,
        })
    }

    /// A store of a verifier.
    pub(crate) fn store(&self, patience: Patience) -> EtcdStore<FleetKv> {
        store(&self.program, patience)
    }
}

/// Starts the program with these endpoints of etcd.
pub(crate) fn start_program(relays: &[&Relay]) -> Program {
    start_with(relays, "")
}

pub(crate) fn start_with(relays: &[&Relay], lines: &str) -> Program {
    let urls = relays.iter().map(|relay| relay.url());
    let urls: Vec<String> = urls.map(|url| format!("'{url}'")).collect();
    let authority = Authority::new();
    let lines = format!("[etcd]\nendpoints = [{}]\n{lines}", urls.join(", "));
    Program::start(&authority.issue("v1.test"), authority.certificate(), &lines)
}

pub(crate) fn store(program: &Program, patience: Patience) -> EtcdStore<FleetKv> {
    let uid = rustix::process::geteuid().as_raw();
    let kv = FleetKv::new(program.folder.path().join("call"), uid);
    EtcdStore::new(kv.with_patience(patience), "")
}

/// A program that the authority of its fleet has not certified yet.
pub(crate) fn start_uncertified(relay: &Relay) -> Program {
    let lines = format!(
        "listen = ['127.0.0.1:0']\n[etcd]\nendpoints = ['{}']",
        relay.url()
    );
    Program::managed(Folder::new(), &lines)
}
