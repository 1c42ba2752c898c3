//! The client of etcd, for the store of a verifier.
//!
//! A call of tfad is sent to one member of etcd, once. Whether it may be sent again is known to the
//! store in tfad alone, which has the whole change in view. So this client repeats nothing: it looks for
//! a member with an open connection first, and tells afterwards what can have become of the call.

mod endpoint;
mod error;
#[allow(
    clippy::all,
    missing_docs,
    unreachable_pub,
    reason = "made by `make proto`"
)]
#[rustfmt::skip]
pub mod generated;
mod messages;
mod url;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use prost::Message as _;
use tfa_fleet_wire::limits::MAX_KV_BYTES;
use tfa_fleet_wire::{EndpointStatus, KvCall, KvFailure, KvReply, KvWrite};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::ClientConfig;

use crate::config::EtcdConfig;
use crate::stop::Stop;
use endpoint::{Endpoint, Open};
use error::{is_out_of_space, of_status, too_large, unknown, unsent};
use messages::{Keys, Message, with_leader};
pub use url::{EndpointUrl, InvalidUrl};

/// The longest time of a call.
const MAX_TIME: Duration = Duration::from_secs(5);

/// The members of one etcd, under one prefix.
#[derive(Debug)]
pub struct Etcd {
    endpoints: Vec<Arc<Endpoint>>,
    /// The endpoint that the next call tries first.
    preferred: AtomicUsize,
    /// Something has happened to a connection.
    changed: Arc<watch::Sender<()>>,
    keys: Keys,
    /// What the last change has shown about the space of etcd.
    space: AtomicU8,
}

/// The values of `space`.
const UNKNOWN: u8 = 0;
const LEFT: u8 = 1;
const NONE_LEFT: u8 = 2;

impl Etcd {
    /// The client of this etcd. It is not connected yet. `tls` is needed where an endpoint has TLS.
    #[must_use]
    pub fn new(config: &EtcdConfig, tls: Option<&Arc<ClientConfig>>) -> Self {
        let changed = Arc::new(watch::channel(()).0);
        let keys = Keys::new(&config.prefix);
        let endpoint = |url: &EndpointUrl| {
            let (tls, changed) = (tls.cloned(), Arc::clone(&changed));
            Arc::new(Endpoint::new(url.clone(), tls, changed, keys.probe()))
        };
        Self {
            endpoints: config.endpoints.iter().map(endpoint).collect(),
            preferred: AtomicUsize::new(0),
            keys,
            changed,
            space: AtomicU8::new(UNKNOWN),
        }
    }

    /// Uses this certificate, in new connections to all members.
    pub fn replace(&self, tls: Option<&Arc<ClientConfig>>) {
        for endpoint in &self.endpoints {
            endpoint.replace(tls.cloned());
        }
    }

    /// The tasks that keep the connections open until the program ends.
    pub(crate) fn keepers(
        &self,
        stop: &Stop,
    ) -> impl Iterator<Item = impl Future<Output = ()> + use<>> {
        let keepers: Vec<_> = self
            .endpoints
            .iter()
            .map(|endpoint| Arc::clone(endpoint).keep(stop.clone()))
            .collect();
        keepers.into_iter()
    }

    /// What is known about the members, for tfad.
    #[must_use]
    pub fn status(&self) -> Vec<EndpointStatus> {
        let endpoints = self.endpoints.iter();
        endpoints.map(|endpoint| endpoint.status()).collect()
    }

    /// Whether the last change was refused for want of space. etcd then refuses each change until an administrator
    /// has ended its alarm. `None` before the first change.
    #[must_use]
    pub fn is_full(&self) -> Option<bool> {
        match self.space.load(Ordering::Relaxed) {
            UNKNOWN => None,
            space => Some(space == NONE_LEFT),
        }
    }

    /// Makes a call, in at most that time.
    pub async fn call(&self, call: &KvCall, time: Duration) -> KvReply {
        let deadline = Instant::now() + time.min(MAX_TIME);
        match self.make(call, deadline).await {
            Ok(reply) => reply,
            Err(failure) => KvReply::Failed(failure),
        }
    }

    async fn make(&self, call: &KvCall, deadline: Instant) -> Result<KvReply, KvFailure> {
        let message = self.keys.message(call);
        let length = match &message {
            Message::Range(request) => request.encoded_len(),
            Message::Txn(request) => request.encoded_len(),
        };
        if length > MAX_KV_BYTES {
            return Err(too_large());
        }
        let (number, mut open) = self.open(deadline).await?;
        let is_read = matches!(call, KvCall::Get { .. } | KvCall::Range { .. });
        // From here on etcd may have the call.
        let sent = async {
            match message {
                Message::Range(request) => {
                    let reply = open.client.range(with_leader(request, deadline)).await;
                    reply.map(|reply| self.keys.entries(reply.into_inner()))
                }
                Message::Txn(request) => {
                    let reply = open.client.txn(with_leader(request, deadline)).await;
                    reply.map(|reply| self.keys.reply(call, reply.into_inner()))
                }
            }
        };
        let failure = match timeout_at(deadline, sent).await {
            Ok(Ok(reply)) => {
                if puts(call) && matches!(reply, Some(KvReply::Applied(_))) {
                    self.space.store(LEFT, Ordering::Relaxed);
                }
                return reply.ok_or_else(|| unknown("its reply is not valid"));
            }
            Ok(Err(status)) => {
                if is_out_of_space(&status) {
                    self.space.store(NONE_LEFT, Ordering::Relaxed);
                }
                of_status(&status, is_read)
            }
            Err(_) => {
                // The member may have lost its power. The next call does not wait for it.
                self.give_up(number, &open);
                unknown("its reply does not come")
            }
        };
        if failure.kind == tfa_fleet_wire::KvFailureKind::Unknown {
            self.prefer_another(number);
        }
        Err(failure)
    }

    /// An open connection. Waits for one until the deadline, or until no member can be reached.
    async fn open(&self, deadline: Instant) -> Result<(usize, Open), KvFailure> {
        let mut changed = self.changed.subscribe();
        let failures = |endpoint: &Arc<Endpoint>| endpoint.failures();
        let before: Vec<u64> = self.endpoints.iter().map(failures).collect();
        loop {
            let preferred = self.preferred.load(Ordering::Relaxed);
            let numbers = (0..self.endpoints.len()).cycle().skip(preferred);
            for number in numbers.take(self.endpoints.len()) {
                let endpoint = self.endpoints.get(number);
                if let Some(open) = endpoint.and_then(|endpoint| endpoint.open()) {
                    return Ok((number, open));
                }
            }
            let mut pairs = self.endpoints.iter().zip(&before);
            if pairs.all(|(endpoint, before)| endpoint.failures() > *before) {
                return Err(unsent(&self.why()));
            }
            for endpoint in &self.endpoints {
                endpoint.want();
            }
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return Err(unsent(&self.why()));
            }
        }
    }

    /// Why no member can be reached: what is known of the first one.
    fn why(&self) -> String {
        let errors = self.endpoints.iter().filter_map(|it| it.status().error);
        let first = errors.map(|error| error.text).next();
        first.unwrap_or_else(|| "no connection is open yet".to_owned())
    }

    fn give_up(&self, number: usize, open: &Open) {
        if let Some(endpoint) = self.endpoints.get(number) {
            endpoint.give_up(open.number);
        }
    }

    /// Lets the next call begin with another member, unless one has done so already.
    fn prefer_another(&self, number: usize) {
        let next = number.saturating_add(1) % self.endpoints.len().max(1);
        let _ = self
            .preferred
            .compare_exchange(number, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Whether a call may need space: etcd that has none left still reads and removes.
fn puts(call: &KvCall) -> bool {
    let KvCall::Txn { then, .. } = call else {
        return false;
    };
    then.iter().any(|write| matches!(write, KvWrite::Put(..)))
}
