//! Puts of etcd, by its gRPC and the connections of verifiers, as `tfa-fleet` makes them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tfa_fleet::etcd::generated::kv_client::KvClient;
use tfa_fleet::etcd::generated::request_op::Request;
use tfa_fleet::etcd::generated::{PutRequest, RequestOp, TxnRequest};
use tfa_fleet::transport::Channel;
use tfa_tests::OrFail;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::authority::Authority;
use super::machines::FleetMachines;
use super::namespace;
use crate::statistics::{Rate, Times};

/// The threads of this client: those of `tfa-fleet`.
const THREADS: usize = 2;

/// The connections of three verifiers to etcd.
pub(crate) struct Puts {
    runtime: Runtime,
    clients: Vec<KvClient<Channel>>,
    /// As long as the sealed record of an account.
    value: Vec<u8>,
    next: u64,
}

impl Puts {
    /// Connects. Each value has this length.
    pub(crate) fn open(fleet: &FleetMachines, authority: &Authority, length: usize) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .or_fail("start the client of etcd");
        let tls = authority.client(&fleet.etcd_client);
        let address = FleetMachines::etcd_address();
        let clients = fleet.verifiers.iter().map(|verifier| {
            let stream = namespace::connect(verifier, address);
            runtime.block_on(connect(stream, Arc::clone(&tls)))
        });
        let clients = clients.collect();
        Self {
            runtime,
            clients,
            value: vec![0x5a; length],
            next: 0,
        }
    }

    /// One put.
    pub(crate) fn time(&mut self) -> Duration {
        self.next += 1;
        let request = put(&format!("one/{}", self.next % 256), &self.value);
        let mut client = self.clients[0].clone();
        let start = Instant::now();
        let reply = self.runtime.block_on(client.txn(request));
        reply.or_fail("put a value");
        start.elapsed()
    }

    /// This number of clients put values without a pause.
    pub(crate) fn rate(&self, clients: u32, time: Duration) -> Rate {
        let start = Instant::now();
        let times = self.runtime.block_on(async {
            let mut running = JoinSet::new();
            for (number, client) in (0..clients).zip(self.clients.iter().cycle()) {
                running.spawn(put_until(
                    client.clone(),
                    number,
                    self.value.clone(),
                    start + time,
                ));
            }
            let mut times = Times::default();
            for own in running.join_all().await {
                times.extend(&own);
            }
            times
        });
        Rate {
            elapsed: start.elapsed(),
            times,
        }
    }
}

async fn put_until(
    mut client: KvClient<Channel>,
    number: u32,
    value: Vec<u8>,
    end: Instant,
) -> Times {
    let mut times = Times::default();
    while Instant::now() < end {
        let key = format!("many/{number}/{}", times.count() % 64);
        let begin = Instant::now();
        let reply = client.txn(put(&key, &value)).await;
        reply.or_fail("put a value");
        times.push(begin.elapsed());
    }
    times
}

fn put(key: &str, value: &[u8]) -> TxnRequest {
    let put = PutRequest {
        key: format!("/bench/{key}").into_bytes(),
        value: value.to_vec(),
    };
    TxnRequest {
        success: vec![RequestOp {
            request: Some(Request::RequestPut(put)),
        }],
        ..TxnRequest::default()
    }
}

async fn connect(stream: std::net::TcpStream, tls: Arc<ClientConfig>) -> KvClient<Channel> {
    stream.set_nonblocking(true).or_fail("set up a connection");
    let stream = tokio::net::TcpStream::from_std(stream).or_fail("set up a connection");
    let name = ServerName::try_from("etcd.test").or_fail("name etcd");
    let stream = TlsConnector::from(tls).connect(name, stream).await;
    let stream = stream.or_fail("begin TLS with etcd");
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .or_fail("begin HTTP/2 with etcd");
    tokio::spawn(connection);
    let origin = "https://etcd.test:2379".parse().or_fail("name etcd");
    KvClient::with_origin(Channel::new(sender), origin)
}
