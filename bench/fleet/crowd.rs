//! Many members on one verifier: each a connection of its own, with a certificate of its own, that has said `Hello`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tfa_fleet::generated::HelloRequest;
use tfa_fleet::generated::verifier_client::VerifierClient;
use tfa_fleet::transport::Channel;
use tfa_tests::OrFail;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::authority::Authority;
use super::logins::{Probes, Subject};
use super::machines::FleetMachines;
use super::service::Service;
use crate::statistics::Times;

/// The handshakes under way. A verifier takes 16 of one address.
const HANDSHAKES: usize = 8;

/// What many members cost.
pub(crate) struct Measured {
    pub(crate) members: u32,
    /// The time until all were connected.
    pub(crate) took: Duration,
    /// The resident memory of `tfa-fleet` of the verifier in KiB: before, and with all of them.
    pub(crate) resident: [u64; 2],
    /// The memory that the unit allows, in KiB.
    pub(crate) allowed: u64,
    /// The open files that its unit allows.
    pub(crate) files: u64,
    /// Logins before, and with all of them.
    pub(crate) logins: [Times; 2],
    /// The processors that it used while they were connected and silent.
    pub(crate) silent: f64,
}

/// The connections that a verifier takes: the default of `tfa-fleet`.
const CONNECTIONS: u32 = 16_384;

impl Measured {
    /// The resident memory with all connections that a verifier takes, in KiB: for each as much as for these. The
    /// kernel's memory for connections, which the limit of the unit counts as well, is not in it.
    pub(crate) fn with_all_connections(&self) -> f64 {
        let [before, with] = self.resident;
        let each = with.saturating_sub(before) as f64 / f64::from(self.members.max(1));
        before as f64 + each * f64::from(CONNECTIONS)
    }
}

/// How long the members are silent, for the processor time of that: keep-alives come after 20 seconds.
const SILENCE: Duration = Duration::from_secs(25);

pub(crate) fn run(
    members: u32,
    rounds: u32,
    fleet: &FleetMachines,
    authority: &Authority,
    probes: &mut Probes,
) -> Measured {
    allow_files(u64::from(members) + 1024);
    let verifier = &fleet.verifiers[0];
    let service = Service::of(verifier, "tfa-fleet");
    let property = |name: &str| -> u64 {
        let name = format!("--property={name}");
        let words = ["systemctl", "show", &name, "--value", "tfa-fleet"];
        let value = verifier.succeed(words).trim().parse();
        value.or_fail("read a property of tfa-fleet")
    };
    let mut logins = || {
        let mut times = probes.take(&[Subject::Etcd], rounds);
        times.remove(&Subject::Etcd).unwrap_or_default()
    };
    let before = logins();
    let resident = service.resident();
    let configs: Vec<_> = (0..members)
        .map(|number| {
            let name = format!("m{number}.crowd.test");
            authority.client(&authority.issue_simulated(&name))
        })
        .collect();
    let address = FleetMachines::verifier_address(0, 7443);
    let (connected, end) = (std::sync::mpsc::channel(), oneshot::channel());
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| fleet.beside_a_member(|| crowd(configs, address, connected.0, end.1)));
        let connected = connected.1.recv();
        connected.or_fail("connect the members; a message above has the reason");
        let took = start.elapsed();
        let (start, used) = (Instant::now(), service.processor_time());
        std::thread::sleep(SILENCE);
        let used = service.processor_time() - used;
        let measured = Measured {
            members,
            took,
            silent: used.as_secs_f64() / start.elapsed().as_secs_f64(),
            resident: [resident, service.resident()],
            allowed: property("MemoryMax") / 1024,
            files: property("LimitNOFILE"),
            logins: [before, logins()],
        };
        drop(end.0);
        measured
    })
}

/// Connects all, tells that, and keeps them until the end.
fn crowd(
    configs: Vec<Arc<ClientConfig>>,
    address: SocketAddr,
    connected: std::sync::mpsc::Sender<()>,
    end: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail("start the members");
    runtime.block_on(async {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let mut joining = JoinSet::new();
        for config in configs {
            let handshakes = Arc::clone(&handshakes);
            joining.spawn(async move {
                let _permit = handshakes.acquire().await;
                connect(config, address).await
            });
        }
        let clients: Vec<_> = joining.join_all().await;
        let _ = connected.send(());
        // Until the sender is dropped.
        let _ = end.await;
        drop(clients);
    });
}

async fn connect(tls: Arc<ClientConfig>, address: SocketAddr) -> VerifierClient<Channel> {
    let stream = TcpStream::connect(address)
        .await
        .or_fail("connect a member");
    stream.set_nodelay(true).or_fail("set up a connection");
    let name = ServerName::try_from("v1.test").or_fail("name the verifier");
    let stream = TlsConnector::from(tls).connect(name, stream).await;
    let stream = stream.or_fail("begin TLS with the verifier");
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .handshake(TokioIo::new(stream))
        .await
        .or_fail("begin HTTP/2 with the verifier");
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let origin = "https://v1.test:7443".parse().or_fail("name the verifier");
    let mut client = VerifierClient::with_origin(Channel::new(sender), origin);
    let hello = HelloRequest {
        version: tfa_fleet::PROTOCOL_VERSION,
        features: Vec::new(),
    };
    client.hello(hello).await.or_fail("say hello");
    client
}

/// Lets this program open so many files.
fn allow_files(files: u64) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).or_fail("read a limit");
    if soft < files {
        let hard = hard.max(files);
        setrlimit(Resource::RLIMIT_NOFILE, files, hard).or_fail("open more files");
    }
}
