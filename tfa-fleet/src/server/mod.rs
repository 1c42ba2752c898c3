//! The verifier's side: accepts the connections of hosts, within limits.

mod connection;
mod service;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tfa_fleet_core::HostName;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::rustls::ServerConfig;

use crate::config::Limits;
use crate::limiter::{Limiter, Permit, address_block};
use crate::log::{Level, RareLog, log};
use crate::stop::Stop;

/// How long to wait after an error of accept(2), such as too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Debug)]
pub struct Server {
    tls: RwLock<Arc<ServerConfig>>,
    limits: Limits,
    handshakes: Arc<Limiter<IpAddr>>,
    hosts: Arc<Limiter<HostName>>,
    refused: RareLog,
}

impl Server {
    /// A server with this certificate.
    #[must_use]
    pub fn new(tls: Arc<ServerConfig>, limits: Limits) -> Self {
        Self {
            tls: RwLock::new(tls),
            limits,
            handshakes: Limiter::new(limits.handshakes_per_address, limits.handshakes),
            hosts: Limiter::new(limits.connections_per_host, limits.connections),
            refused: RareLog::default(),
        }
    }

    /// Uses this certificate for the connections that come from now on.
    pub fn replace(&self, tls: Arc<ServerConfig>) {
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    /// How many hosts have a connection.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.peers()
    }

    /// Accepts connections until the program ends. Each has a task of its own.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, mut stop: Stop) {
        while let Some(accepted) = unless_stopped(&mut stop, listener.accept()).await {
            match accepted {
                Ok((stream, from)) => self.admit(stream, from, &stop),
                Err(error) => {
                    log(
                        Level::Error,
                        &format_args!("cannot accept connections: {error}"),
                    );
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Closes the connection at once where too many handshakes are under way.
    fn admit(self: &Arc<Self>, stream: TcpStream, from: SocketAddr, stop: &Stop) {
        match self.handshakes.admit(&address_block(from.ip())) {
            Some(handshake) => {
                let (server, stop) = (Arc::clone(self), stop.clone());
                tokio::spawn(async move { server.handle(stream, from, handshake, stop).await });
            }
            None => self.refuse(from, &"too many TLS handshakes are under way"),
        }
    }

    async fn handle(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        handshake: Permit<IpAddr>,
        mut stop: Stop,
    ) {
        let tls = Arc::clone(&self.tls.read().unwrap_or_else(PoisonError::into_inner));
        let accepted = connection::accept(stream, tls, self.limits.handshake_time());
        let (stream, host) = match unless_stopped(&mut stop, accepted).await {
            Some(Ok(accepted)) => accepted,
            Some(Err(why)) => return self.refuse(from, &why),
            None => return,
        };
        // Counted on before the handshake ends to count, so that no moment has neither.
        let Some(_permit) = self.hosts.admit(&host) else {
            return self.refuse(from, &format_args!("too many connections of {host}"));
        };
        drop(handshake);
        connection::serve(stream, host, self.limits.connection_time(), stop).await;
    }

    fn refuse(&self, from: SocketAddr, why: &dyn std::fmt::Display) {
        let from = from.ip().to_canonical();
        self.refused
            .warn(&format_args!("refused a connection from {from}: {why}"));
    }
}

/// The result of a future, unless the program ends before.
pub async fn unless_stopped<T>(stop: &mut Stop, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.asked() => None,
        result = future => Some(result),
    }
}
