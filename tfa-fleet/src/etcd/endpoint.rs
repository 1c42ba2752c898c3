//! The connection to one member of etcd, which is opened again when it ends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tfa_fleet_wire::limits::MAX_KV_BYTES;
use tfa_fleet_wire::{EndpointStatus, LinkError, LinkErrorKind};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::Status;

use super::generated::RangeRequest;
use super::generated::kv_client::KvClient;
use super::messages::with_leader;
use super::url::EndpointUrl;
use crate::keep::keep;
use crate::log::{Level, log, printable};
use crate::stop::Stop;
use crate::transport::{self, Channel, Driver, Target, TransportError, cause};

/// How long the member may take to answer for the first time.
const PROBE_TIME: Duration = Duration::from_secs(3);
/// More than this number of bytes is not sent ahead of its reader. A page of records fits in.
const WINDOW: u32 = 1024 * 1024;

/// One member of etcd.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: EndpointUrl,
    target: Target,
    tls: Mutex<Option<Arc<ClientConfig>>>,
    state: Mutex<State>,
    /// A call waits for a connection.
    wanted: Notify,
    /// The connection is given up.
    given_up: Notify,
    changed: Arc<watch::Sender<()>>,
    /// The key that the member must read before a connection counts as open.
    probe: Vec<u8>,
}

/// Why there is no connection. The text is for the log.
#[derive(Debug)]
enum ConnectError {
    Transport(TransportError),
    /// The connection ended before the member has answered: it refuses the certificate, for example.
    Ended(Option<hyper::Error>),
    /// The member answers with an error: it has no leader, for example.
    Refused(Status),
    /// The member does not answer in time.
    NoAnswer,
}

/// What is known about the member.
#[derive(Debug, Default)]
struct State {
    /// The number of the connection that is in use, or was the last one.
    number: u64,
    client: Option<(KvClient<Channel>, Channel)>,
    /// How many attempts to connect have failed.
    failures: u64,
    error: Option<LinkError>,
}

/// An open connection, as one call uses it.
pub(super) struct Open {
    pub(super) client: KvClient<Channel>,
    /// The number of the connection.
    pub(super) number: u64,
}

impl Endpoint {
    pub(super) fn new(
        url: EndpointUrl,
        tls: Option<Arc<ClientConfig>>,
        changed: Arc<watch::Sender<()>>,
        probe: Vec<u8>,
    ) -> Self {
        let target = Target::new(&*url.host, url.port, url.address);
        Self {
            url,
            target,
            tls: Mutex::new(tls),
            state: Mutex::default(),
            wanted: Notify::new(),
            given_up: Notify::new(),
            changed,
            probe,
        }
    }

    /// Uses this certificate, in a new connection. The old one would outlive its certificate.
    pub(super) fn replace(&self, tls: Option<Arc<ClientConfig>>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
        let number = self.state().number;
        self.give_up(number);
    }

    pub(super) fn status(&self) -> EndpointStatus {
        let state = self.state();
        EndpointStatus {
            url: self.url.to_string(),
            is_connected: state.client.is_some(),
            error: state.error.clone(),
        }
    }

    /// The connection, if one is open.
    pub(super) fn open(&self) -> Option<Open> {
        let state = self.state();
        let (client, channel) = state.client.as_ref()?;
        channel.is_open().then(|| Open {
            client: client.clone(),
            number: state.number,
        })
    }

    pub(super) fn failures(&self) -> u64 {
        self.state().failures
    }

    /// Does not wait with the next attempt.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Opens another connection in the place of this one. Calls that are under way on it go on.
    pub(super) fn give_up(&self, number: u64) {
        let mut state = self.state();
        if state.number == number && state.client.take().is_some() {
            self.given_up.notify_one();
        }
    }

    /// Keeps a connection open until the program ends.
    pub(super) async fn keep(self: Arc<Self>, stop: Stop) {
        keep(stop, &self.wanted, || self.connection()).await;
    }

    /// Connects, and waits until the connection ends or is given up. Returns how long that was.
    async fn connection(self: &Arc<Self>) -> Duration {
        match self.connect().await {
            Ok((client, channel, driver)) => self.connected(client, channel, driver).await,
            Err(why) => {
                self.failed(&why);
                Duration::ZERO
            }
        }
    }

    /// Connects, and waits until the member answers: a port that is open is not yet an etcd.
    async fn connect(&self) -> Result<(KvClient<Channel>, Channel, Driver), ConnectError> {
        let transport = self.transport().await;
        let (channel, mut driver) = transport.map_err(ConnectError::Transport)?;
        let client = KvClient::with_origin(channel.clone(), self.url.uri.clone());
        let mut client = client.max_decoding_message_size(MAX_KV_BYTES);
        let deadline = Instant::now() + PROBE_TIME;
        let probe = RangeRequest {
            key: self.probe.clone(),
            range_end: Vec::new(),
            limit: 1,
        };
        let probe = client.range(with_leader(probe, deadline));
        tokio::select! {
            // The connection first: when it ends, the probe fails as well, and knows less of the reason.
            biased;
            error = &mut driver => return Err(ConnectError::Ended(error)),
            reply = timeout_at(deadline, probe) => {
                let reply = reply.map_err(|_| ConnectError::NoAnswer)?;
                reply.map_err(ConnectError::Refused)?;
            }
        }
        Ok((client, channel, driver))
    }

    async fn transport(&self) -> Result<(Channel, Driver), TransportError> {
        let tls = self
            .tls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let stream = self.target.connect().await?;
        // etcd takes pings for an attack where no call is under way: a dead connection is noticed by
        // the first call that has no reply.
        let http2 = transport::http2(WINDOW);
        if !self.url.has_tls {
            return transport::begin(&http2, stream).await;
        }
        let tls = tls.ok_or(TransportError::NoCertificate)?;
        let name =
            ServerName::try_from(self.url.host.clone()).map_err(|_| TransportError::NoAddress)?;
        let stream = transport::tls(stream, name, tls).await?;
        transport::begin(&http2, stream).await
    }

    async fn connected(
        self: &Arc<Self>,
        client: KvClient<Channel>,
        channel: Channel,
        driver: Driver,
    ) -> Duration {
        let start = Instant::now();
        let number = {
            let mut state = self.state();
            state.number = state.number.saturating_add(1);
            state.client = Some((client, channel));
            state.error = None;
            state.number
        };
        log(
            Level::Info,
            &format_args!("connected to etcd at {}", self.url),
        );
        self.changed.send_replace(());
        let endpoint = Arc::clone(self);
        // In a task of its own: calls that are under way may use it longer.
        let end = tokio::spawn(async move { endpoint.ended(number, driver.await) });
        tokio::select! {
            _ = end => {}
            () = self.given_up.notified() => {}
        }
        start.elapsed()
    }

    /// Notes the end of a connection, unless another one has followed it.
    fn ended(&self, number: u64, error: Option<hyper::Error>) {
        let mut state = self.state();
        if state.number != number {
            return;
        }
        let url = &self.url;
        let text = match error {
            Some(error) => format!("the connection to etcd at {url} broke: {error}"),
            None => format!("the connection to etcd at {url} has ended"),
        };
        state.client = None;
        state.error = Some(LinkError {
            kind: LinkErrorKind::Ended,
            text: printable(&text),
        });
        drop(state);
        log(Level::Warning, &text);
    }

    /// Logs an error when it is another one than before.
    fn failed(&self, why: &ConnectError) {
        let error = LinkError {
            kind: why.kind(),
            text: printable(&format_args!("{}: {why}", self.url)),
        };
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let is_new = state.error.as_ref() != Some(&error);
        state.error = Some(error.clone());
        drop(state);
        if is_new {
            log(
                Level::Warning,
                &format_args!("cannot connect to etcd at {}", error.text),
            );
        }
        self.changed.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectError {
    /// What tfad can tell apart.
    fn kind(&self) -> LinkErrorKind {
        match self {
            Self::Transport(error) => error.kind(),
            // In TLS 1.3, a client learns after the handshake that its certificate is refused.
            Self::Ended(_) => LinkErrorKind::Refused,
            Self::Refused(_) | Self::NoAnswer => LinkErrorKind::Protocol,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(formatter),
            Self::Ended(Some(error)) => write!(formatter, "the connection broke: {}", cause(error)),
            Self::Ended(None) => formatter.write_str("the connection was closed"),
            Self::Refused(status) => {
                write!(formatter, "{:?}: {}", status.code(), status.message())
            }
            Self::NoAnswer => formatter.write_str("it does not answer"),
        }
    }
}
