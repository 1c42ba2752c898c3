//! The verifier's side: accepts the connections of hosts, within limits.

mod connection;
mod guest;
mod host_places;
mod refusal;
mod refused_keys;
mod service;
mod tfad;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tfa_fleet_core::spread;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use crate::config::Limits;
use crate::limiter::address_block;
use crate::log::{Level, RareLog};
use crate::places::{Place, Places};
use crate::random::random;
use crate::stop::Stop;
use crate::tls::Peer;
use host_places::{HostPlaces, Standing};
use refusal::{Refusal, RefusalLog};
pub(crate) use tfad::Tfad;

/// How long to wait after an error of accept(2), such as too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Clients without a certificate, with one address and together.
const GUESTS_PER_ADDRESS: usize = 4;
const GUESTS: usize = 32;

/// The keys of one host that may have all of their connections at once: the present one, and one of a certificate from
/// before.
const KEYS_OF_HOST: usize = 2;

/// Hosts whose key tfad does not admit, with one address and together.
const REFUSED_PER_ADDRESS: usize = 4;
const REFUSED: usize = 64;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    tls: RwLock<Arc<ServerConfig>>,
    limits: Limits,
    /// Clients of which the first message is awaited.
    silent: Arc<Places>,
    /// Clients that have sent it, whose handshake has not ended.
    handshakes: Arc<Places>,
    hosts: Arc<HostPlaces>,
    /// Clients without a certificate.
    guests: Arc<Places>,
    /// Hosts whose key tfad does not admit. They take no place from the others.
    not_admitted: Arc<Places>,
    tfad: Arc<Tfad>,
    refused: RefusalLog,
    not_accepted: RareLog,
}

impl Server {
    /// A server with this certificate, which passes calls on to this tfad.
    #[must_use]
    pub(crate) fn new(tls: Arc<ServerConfig>, limits: Limits, tfad: Arc<Tfad>) -> Self {
        let places = || Places::new(limits.handshakes_per_address, limits.handshakes);
        Self {
            tls: RwLock::new(tls),
            limits,
            silent: places(),
            handshakes: places(),
            hosts: HostPlaces::new(
                limits.connections_per_host,
                limits.connections_per_host.saturating_mul(KEYS_OF_HOST),
                limits.connections,
            ),
            guests: Places::new(GUESTS_PER_ADDRESS, GUESTS),
            not_admitted: Places::new(REFUSED_PER_ADDRESS, REFUSED),
            tfad,
            refused: RefusalLog::default(),
            not_accepted: RareLog::default(),
        }
    }

    /// Uses this certificate for the connections that come from now on.
    pub(crate) fn replace(&self, tls: Arc<ServerConfig>) {
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    /// How many hosts have a connection.
    #[must_use]
    pub(crate) fn hosts(&self) -> usize {
        self.hosts.hosts()
    }

    /// Accepts connections until the program ends. Each has a task of its own.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, mut stop: Stop) {
        while let Some(accepted) = stop.unless_asked(listener.accept()).await {
            match accepted {
                Ok((stream, from)) => self.admit(stream, from, &stop),
                Err(error) => {
                    self.not_accepted.log(
                        Level::Error,
                        &format_args!("cannot accept connections: {error}"),
                    );
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, from: SocketAddr, stop: &Stop) {
        let silent = self.silent.take(address_block(from.ip()));
        let (server, stop) = (Arc::clone(self), stop.clone());
        tokio::spawn(async move { server.handle(stream, from, silent, stop).await });
    }

    async fn handle(&self, stream: TcpStream, from: SocketAddr, silent: Place, mut stop: Stop) {
        let shaken = self.handshake(stream, from, silent);
        let (stream, peer, handshake) = match stop.unless_asked(shaken).await {
            Some(Ok(shaken)) => shaken,
            Some(Err(why)) => return self.refused.log(from, &why),
            None => return,
        };
        let tfad = Arc::clone(&self.tfad);
        let Some(peer) = peer else {
            let mut guest = self.guests.take(address_block(from.ip()));
            drop(handshake);
            let served = guest.unless_lost(guest::serve(stream, from, tfad, stop));
            if served.await.is_none() {
                self.refused.log(from, &Refusal::Guests);
            }
            return;
        };
        // Counted on before the handshake ends to count, so that no moment has neither.
        let standing = Arc::new(Standing::default());
        let mut place = match self.tfad.has_refused(&peer) {
            true => None,
            false => match self.hosts.take(&peer, Arc::clone(&standing)) {
                None => return self.refused.log(from, &Refusal::Connections(peer.host)),
                place => place,
            },
        };
        drop(handshake);
        // Hosts that have connected at once do not come back at once.
        let time = spread(self.limits.connection_time(), random());
        let host = peer.host.clone();
        let served = connection::serve(stream, peer, time, tfad, Arc::clone(&standing), stop);
        let mut served = pin!(served);
        while let Some(of_host) = &mut place {
            tokio::select! {
                () = &mut served => return,
                () = of_host.lost() => return self.refused.log(from, &Refusal::Connections(host)),
                () = standing.admitted.notified() => self.hosts.make_room_for_admitted(&host),
                () = standing.refused.notified() => break,
            }
        }
        // It is still answered, with the refusal: where the connection ended, the host would seem to be cut off.
        let mut not_admitted = self.not_admitted.take(address_block(from.ip()));
        drop(place);
        let _ = not_admitted.unless_lost(served).await;
    }

    /// Performs the handshake. The place of it counts on. A client that sends nothing takes no place from those that
    /// have begun: the first message of a host is there when its connection is.
    async fn handshake(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        mut silent: Place,
    ) -> Result<(TlsStream<TcpStream>, Option<Peer>, Place), Refusal> {
        let time = self.limits.handshake_time();
        let begun = connection::begin(stream, time);
        let begun = silent.unless_lost(begun).await;
        let begun = begun.ok_or(Refusal::Handshakes)??;
        let mut handshake = self.handshakes.take(address_block(from.ip()));
        drop(silent);
        let tls = Arc::clone(&self.tls.read().unwrap_or_else(PoisonError::into_inner));
        let accepted = connection::accept(begun, tls, time);
        let accepted = handshake.unless_lost(accepted).await;
        let (stream, peer) = accepted.ok_or(Refusal::Handshakes)??;
        Ok((stream, peer, handshake))
    }
}
