//! The member's side: a connection to each verifier, always open, so that a login waits for no
//! handshake.

mod connect;
mod error;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_fleet_core::{BackOff, HostName};
use tfa_fleet_wire::{LinkError, LinkErrorKind, VerifierStatus};
use tokio::time::sleep;
use tokio_rustls::rustls::ClientConfig;

use self::connect::Connected;
pub(crate) use self::error::ConnectError;
use crate::config::Verifier;
use crate::log::{Level, log, printable};
use crate::random::random;
use crate::stop::Stop;
use crate::transport::Channel;

/// A connection that lasted this long was a good one: the next attempt comes soon after it.
const GOOD_CONNECTION: Duration = Duration::from_secs(30);

/// The connection to one verifier.
#[derive(Debug)]
pub(crate) struct Link {
    verifier: Verifier,
    /// The name of this host.
    host: HostName,
    tls: Mutex<Arc<ClientConfig>>,
    state: Mutex<State>,
}

/// What is known about the verifier.
#[derive(Debug, Default)]
struct State {
    /// The number of the connection that is in use, or was the last one.
    number: u64,
    channel: Option<Channel>,
    clock_ahead_ms: Option<i64>,
    round_trip_us: Option<u32>,
    error: Option<LinkError>,
}

impl Link {
    /// A link that is not connected yet.
    #[must_use]
    pub(crate) fn new(verifier: Verifier, host: HostName, tls: Arc<ClientConfig>) -> Self {
        Self {
            verifier,
            host,
            tls: Mutex::new(tls),
            state: Mutex::default(),
        }
    }

    /// Uses this certificate from the next connection on.
    pub(crate) fn replace(&self, tls: Arc<ClientConfig>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    /// What is known about the verifier, for tfad.
    #[must_use]
    pub(crate) fn status(&self) -> VerifierStatus {
        let state = self.state();
        VerifierStatus {
            name: self.verifier.name.to_string(),
            is_connected: state.channel.is_some(),
            clock_ahead_ms: state.clock_ahead_ms,
            round_trip_us: state.round_trip_us,
            error: state.error.clone(),
        }
    }

    /// Keeps a connection open until the program ends.
    pub(crate) async fn keep(self: Arc<Self>, mut stop: Stop) {
        let mut back_off = BackOff::new();
        while let Some(lasted) = stop.unless_asked(self.connection()).await {
            if lasted >= GOOD_CONNECTION {
                back_off = BackOff::new();
            }
            let delay = sleep(back_off.delay(random()));
            if stop.unless_asked(delay).await.is_none() {
                return;
            }
        }
    }

    /// Connects, and waits until the connection ends or the next one should be opened. Returns how
    /// long that was.
    async fn connection(self: &Arc<Self>) -> Duration {
        let tls = Arc::clone(&self.tls.lock().unwrap_or_else(PoisonError::into_inner));
        match connect::connect(&self.verifier, &self.host, tls).await {
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
                channel: Some(connected.channel),
                clock_ahead_ms: Some(connected.clock_ahead_ms),
                round_trip_us: Some(connected.round_trip_us),
                error: None,
            };
            state.number
        };
        let name = &self.verifier.name;
        // After the state has it: who reads the line may ask for the status.
        log(Level::Info, &format_args!("connected to {name}"));
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
        if state.error.as_ref() != Some(&error) {
            let name = &self.verifier.name;
            log(
                Level::Warning,
                &format_args!("cannot connect to {name}: {}", error.text),
            );
            state.error = Some(error);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
