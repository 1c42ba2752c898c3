//! The member's side: a connection to each verifier, always open, so that a login waits for no
//! handshake.

mod channel;
mod connect;

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::TryRng as _;
use rand::rngs::SysRng;
use tfa_fleet_core::{BackOff, HostName};
use tfa_fleet_wire::VerifierStatus;
use tokio::time::sleep;
use tokio_rustls::rustls::ClientConfig;

pub use self::channel::Channel;
use self::connect::Connected;
use crate::config::Verifier;
use crate::log::{Level, log};
use crate::server::unless_stopped;
use crate::stop::Stop;

/// A connection that lasted this long was a good one: the next attempt comes soon after it.
const GOOD_CONNECTION: Duration = Duration::from_secs(30);

/// The connection to one verifier.
#[derive(Debug)]
pub struct Link {
    verifier: Verifier,
    /// The name of this host.
    host: HostName,
    tls: Mutex<Arc<ClientConfig>>,
    state: Mutex<State>,
}

/// What is known about the verifier.
#[derive(Debug, Default)]
struct State {
    channel: Option<Channel>,
    clock_ahead_ms: Option<i64>,
    round_trip_us: Option<u32>,
    error: Option<String>,
}

impl Link {
    /// A link that is not connected yet.
    #[must_use]
    pub fn new(verifier: Verifier, host: HostName, tls: Arc<ClientConfig>) -> Self {
        Self {
            verifier,
            host,
            tls: Mutex::new(tls),
            state: Mutex::default(),
        }
    }

    /// Uses this certificate from the next connection on.
    pub fn replace(&self, tls: Arc<ClientConfig>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    /// What is known about the verifier, for tfad.
    #[must_use]
    pub fn status(&self) -> VerifierStatus {
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
    pub async fn keep(self: Arc<Self>, mut stop: Stop) {
        let mut back_off = BackOff::new();
        while let Some(lasted) = unless_stopped(&mut stop, self.connection()).await {
            if lasted >= GOOD_CONNECTION {
                back_off = BackOff::new();
            }
            let delay = sleep(back_off.delay(random()));
            if unless_stopped(&mut stop, delay).await.is_none() {
                return;
            }
        }
    }

    /// Connects, and waits until the connection ends. Returns how long it lasted.
    async fn connection(&self) -> Duration {
        let tls = Arc::clone(&self.tls.lock().unwrap_or_else(PoisonError::into_inner));
        match connect::connect(&self.verifier, &self.host, tls).await {
            Ok(connected) => self.connected(connected).await,
            Err(why) => {
                self.failed(&why);
                Duration::ZERO
            }
        }
    }

    async fn connected(&self, connected: Connected) -> Duration {
        let start = Instant::now();
        {
            let mut state = self.state();
            state.channel = Some(connected.channel);
            state.clock_ahead_ms = Some(connected.clock_ahead_ms);
            state.round_trip_us = Some(connected.round_trip_us);
            state.error = None;
        }
        let name = &self.verifier.name;
        // After the state has it: who reads the line may ask for the status.
        log(Level::Info, &format_args!("connected to {name}"));
        let end = connected.end.await;
        self.state().channel = None;
        match end {
            Some(error) => log(
                Level::Warning,
                &format_args!("the connection to {name} broke: {error}"),
            ),
            None => log(Level::Info, &format_args!("{name} closed the connection")),
        }
        start.elapsed()
    }

    /// Logs an error when it is another one than before.
    fn failed(&self, why: &impl Display) {
        let why = why.to_string();
        let mut state = self.state();
        if state.error.as_ref() != Some(&why) {
            let name = &self.verifier.name;
            log(
                Level::Warning,
                &format_args!("cannot connect to {name}: {why}"),
            );
            state.error = Some(why);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A random number; without one, the longest delay.
fn random() -> u32 {
    SysRng.try_next_u32().unwrap_or(u32::MAX)
}
