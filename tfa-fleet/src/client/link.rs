//! The connection to one verifier, always open, so that a login waits for no handshake.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_fleet_core::HostName;
use tfa_fleet_wire::{LinkError, LinkErrorKind, VerifierStatus};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tokio_rustls::rustls::ClientConfig;

use super::connect::{self, Connected};
use super::error::ConnectError;
use crate::config::Verifier;
use crate::generated::verifier_client::VerifierClient;
use crate::keep::keep;
use crate::log::{Level, log, printable};
use crate::stop::Stop;
use crate::transport::{Channel, Target};

/// How long a verifier that has not answered a login is asked after the others. By then, the connection of
/// one that is dead has ended.
const SUSPICION: Duration = Duration::from_secs(20);

/// The connection to one verifier.
#[derive(Debug)]
pub(crate) struct Link {
    verifier: Verifier,
    target: Target,
    /// The name of this host.
    host: HostName,
    tls: Mutex<Arc<ClientConfig>>,
    state: Mutex<State>,
    /// A login waits for a connection.
    wanted: Notify,
    /// The verifier is none of this host any more.
    given_up: Notify,
    /// Something has happened to a connection.
    changed: Arc<watch::Sender<()>>,
}

/// An open connection, as one call uses it.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) client: VerifierClient<Channel>,
    /// The number of the connection.
    pub(super) number: u64,
}

/// What is known about the verifier.
#[derive(Debug, Default)]
struct State {
    /// The number of the connection that is in use, or was the last one.
    number: u64,
    connection: Option<(VerifierClient<Channel>, Channel)>,
    /// Whether the verifier of the connection serves logins.
    serves_logins: bool,
    /// How many attempts to connect have failed.
    failures: u64,
    /// Until when the verifier is asked after the others.
    suspected_until: Option<Instant>,
    clock_ahead_ms: Option<i64>,
    round_trip_us: Option<u32>,
    error: Option<LinkError>,
    /// Why the verifier refuses this host.
    refusal: Option<String>,
}

impl Link {
    /// A link that is not connected yet.
    #[must_use]
    pub(super) fn new(
        verifier: Verifier,
        host: HostName,
        tls: Arc<ClientConfig>,
        changed: Arc<watch::Sender<()>>,
    ) -> Self {
        let target = Target::new(verifier.name.as_str(), verifier.port, verifier.address);
        Self {
            verifier,
            target,
            host,
            tls: Mutex::new(tls),
            state: Mutex::default(),
            wanted: Notify::new(),
            given_up: Notify::new(),
            changed,
        }
    }

    /// The TCP port of the verifier.
    pub(super) const fn port(&self) -> u16 {
        self.verifier.port
    }

    /// The name of the verifier.
    pub(super) fn name(&self) -> &str {
        self.verifier.name.as_str()
    }

    /// The connection, if one is open to a verifier that serves logins.
    pub(super) fn open(&self) -> Option<Open> {
        let state = self.state();
        let (client, channel) = state.connection.as_ref()?;
        let is_open = channel.is_open() && state.serves_logins;
        is_open.then(|| Open {
            client: client.clone(),
            number: state.number,
        })
    }

    /// Whether the verifier has not answered lately.
    pub(super) fn is_suspected(&self) -> bool {
        let until = self.state().suspected_until;
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Notes that a verifier has not answered on this connection.
    pub(super) fn suspect(&self, number: u64) {
        let mut state = self.state();
        if state.number == number {
            state.suspected_until = Some(Instant::now() + SUSPICION);
        }
    }

    /// Notes that a verifier has answered.
    pub(super) fn trust(&self) {
        self.state().suspected_until = None;
    }

    /// Notes why the verifier has refused this host, or that it has not.
    pub(super) fn note_refusal(&self, number: u64, why: Option<&str>) {
        let mut state = self.state();
        if state.number == number {
            state.refusal = why.map(|why| printable(&why));
        }
    }

    pub(super) fn failures(&self) -> u64 {
        self.state().failures
    }

    /// Whether the verifier is connected, and serves no logins.
    pub(super) fn is_of_no_use(&self) -> bool {
        let state = self.state();
        state.connection.is_some() && !state.serves_logins
    }

    /// Does not wait with the next attempt to connect.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Uses this certificate from the next connection on.
    pub(crate) fn replace(&self, tls: Arc<ClientConfig>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    /// What is known about the verifier, for tfad. `is_told`: another verifier has told of it.
    #[must_use]
    pub(crate) fn status(&self, is_told: bool) -> VerifierStatus {
        let state = self.state();
        VerifierStatus {
            name: self.verifier.name.to_string(),
            is_connected: state.connection.is_some(),
            clock_ahead_ms: state.clock_ahead_ms,
            round_trip_us: state.round_trip_us,
            error: state.error.clone(),
            refusal: state.refusal.clone(),
            is_only_told: is_told && state.number == 0,
        }
    }

    /// Keeps a connection open until the program ends, or until the verifier is given up.
    pub(crate) async fn keep(self: Arc<Self>, stop: Stop) {
        tokio::select! {
            () = keep(stop, &self.wanted, || self.connection()) => {}
            () = self.given_up.notified() => {
                let mut state = self.state();
                // A connection that is open ends with the calls that are under way.
                *state = State {
                    number: state.number.saturating_add(1),
                    ..State::default()
                };
            }
        }
    }

    /// Connects no more. For a link that no further call uses.
    pub(super) fn give_up(&self) {
        self.given_up.notify_one();
    }

    /// Connects, and waits until the connection ends or the next one should be opened. Returns how
    /// long that was.
    async fn connection(self: &Arc<Self>) -> Duration {
        let tls = Arc::clone(&self.tls.lock().unwrap_or_else(PoisonError::into_inner));
        match connect::connect(&self.verifier, &self.target, &self.host, tls).await {
            Ok(connected) => self.connected(connected).await,
            Err(why) => {
                self.failed(&why);
                Duration::ZERO
            }
        }
    }

    async fn connected(self: &Arc<Self>, connected: Connected) -> Duration {
        let start = Instant::now();
        let number = {
            let mut state = self.state();
            // The connection before it closes when its last request has ended.
            *state = State {
                number: state.number.saturating_add(1),
                connection: Some((connected.client, connected.channel)),
                serves_logins: connected.serves_logins,
                failures: state.failures,
                suspected_until: None,
                clock_ahead_ms: Some(connected.clock_ahead_ms),
                round_trip_us: Some(connected.round_trip_us),
                error: None,
                // The same verifier refuses the same host.
                refusal: state.refusal.take(),
            };
            state.number
        };
        let name = &self.verifier.name;
        // After the state has it: who reads the line may ask for the status.
        log(Level::Info, &format_args!("connected to {name}"));
        self.changed.send_replace(());
        let link = Arc::clone(self);
        // In a task of its own: it is used until the next one is open.
        let end = tokio::spawn(async move { link.ended(number, connected.end.await) });
        tokio::select! {
            _ = end => {}
            () = sleep(connected.renew_after) => {}
        }
        start.elapsed()
    }

    /// Notes the end of a connection, unless another one has followed it.
    fn ended(&self, number: u64, error: Option<hyper::Error>) {
        let mut state = self.state();
        if state.number != number {
            return;
        }
        let name = &self.verifier.name;
        let (level, why) = match error {
            Some(error) => (
                Level::Warning,
                format!("the connection to {name} broke: {error}"),
            ),
            None => (Level::Info, format!("{name} closed the connection")),
        };
        *state = State {
            number,
            failures: state.failures,
            error: Some(LinkError {
                kind: LinkErrorKind::Ended,
                text: printable(&why),
            }),
            ..State::default()
        };
        log(level, &why);
    }

    /// Logs an error when it is another one than before.
    fn failed(&self, why: &ConnectError) {
        let error = LinkError {
            kind: why.kind(),
            text: printable(why),
        };
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.error.as_ref() != Some(&error) {
            let name = &self.verifier.name;
            log(
                Level::Warning,
                &format_args!("cannot connect to {name}: {}", error.text),
            );
            state.error = Some(error);
        }
        drop(state);
        self.changed.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
