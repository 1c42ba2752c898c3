//! The hosts of the fleet, on a verifier: which may speak, and their certificates.
//!
//! A certificate says which host speaks, and its document whether that host may. The document knows the key,
//! so an earlier certificate of the same name is refused too. With certificates of the organisation there is
//! no authority, and the documents are the hosts that were removed.

mod ca;
mod certify;
mod documents;
mod error;
mod manage;
mod quota;
mod removals;
mod verifier_list;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tfa_core::{Fingerprint, FleetHost, HostName, HostRefusal, JoinRefusal, Time, admit_host};
use tfa_store::{DaemonStore, RecordRead};

use crate::host::clock;
use crate::log::{DaemonEvent, HostEvent, Journal, Rarely};
use crate::messages;
use quota::Quota;
use verifier_list::VerifierList;

pub use ca::{CaProgram, CertificateAuthority};
pub use error::Error;
pub use manage::{FoundedFleet, HostEntry, HostState};
pub use removals::{REMOVALS_FILE, Removals};

/// How often a change is judged anew after another one was made meanwhile.
const MAX_ROUNDS: u32 = 16;
/// How often the log says that a host is refused, for each reason.
const REFUSAL_INTERVAL: Duration = Duration::from_secs(60);

/// The hosts of the fleet.
pub struct Hosts {
    store: Arc<dyn DaemonStore>,
    journal: Arc<Journal>,
    authority: Arc<dyn CertificateAuthority>,
    refusals: Rarely<(HostName, HostRefusal)>,
    /// Apart, so that no number of other refusals hides one.
    alerts: Rarely<(HostName, HostRefusal)>,
    refused_joins: Rarely<(HostName, JoinRefusal)>,
    quota: Quota,
    verifier_list: VerifierList,
    removals: Arc<Removals>,
    not_kept: Rarely<()>,
}

impl fmt::Debug for Hosts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hosts")
    }
}

/// Judges a change, and judges it anew as long as another one was made meanwhile: `None`.
fn until_made<T>(mut change: impl FnMut() -> Result<Option<T>, Error>) -> Result<T, Error> {
    for _ in 0..MAX_ROUNDS {
        if let Some(made) = change()? {
            return Ok(made);
        }
    }
    Err(Error::Contended)
}

impl Hosts {
    /// The hosts in this store.
    #[must_use]
    pub fn new(store: Arc<dyn DaemonStore>, journal: Arc<Journal>) -> Self {
        Self {
            store,
            journal,
            authority: Arc::new(CaProgram::default()),
            refusals: Rarely::new(REFUSAL_INTERVAL),
            alerts: Rarely::new(REFUSAL_INTERVAL),
            refused_joins: Rarely::new(REFUSAL_INTERVAL),
            quota: Quota::default(),
            verifier_list: VerifierList::default(),
            removals: Arc::default(),
            not_kept: Rarely::new(REFUSAL_INTERVAL),
        }
    }

    /// The same, with what this host has seen of removals.
    #[must_use]
    pub fn remembering(self, removals: Arc<Removals>) -> Self {
        Self { removals, ..self }
    }

    /// The same, with another program that signs certificates.
    #[must_use]
    pub fn certified_by(self, authority: Arc<dyn CertificateAuthority>) -> Self {
        Self { authority, ..self }
    }

    /// Checks that a host may speak, whose certificate is for this key. It reads the store each time: a host
    /// that was removed is refused from then on. Returns the records under the names of a user, if there are any and the
    /// store reads them with the same call.
    ///
    /// # Errors
    /// [`Error`]. Each refuses the call.
    pub fn admit(
        &self,
        host: &HostName,
        key: Fingerprint,
        names: &[&str],
    ) -> Result<Option<RecordRead>, Error> {
        let read = documents::of_member(&*self.store, host, names)?;
        self.admit_read(host, read.host.as_ref(), read.has_authority, key)?;
        let is_first = |known: &FleetHost| known.with_first_use(key, clock::now()).is_some();
        if read.host.as_ref().is_some_and(is_first) {
            self.note_first_use(host, key);
        }
        Ok(read.record)
    }

    /// Notes that a host uses its last key. What fails is done with the next call.
    fn note_first_use(&self, host: &HostName, key: Fingerprint) {
        let note = || {
            let stored = documents::load::<FleetHost>(&*self.store, host.as_str())?;
            let known = stored.value.as_ref();
            match known.and_then(|known| known.with_first_use(key, clock::now())) {
                Some(used) => documents::change(&*self.store, &[stored.put(used.encode())]),
                None => Ok(true),
            }
        };
        let _: Result<bool, Error> = note();
    }

    /// The same for a document that was read, if there is one.
    fn admit_read(
        &self,
        host: &HostName,
        read: Option<&FleetHost>,
        has_authority: bool,
        key: Fingerprint,
    ) -> Result<(), Error> {
        let removal = read.and_then(FleetHost::removed_at);
        self.remember(removal.map(|at| (host, at)), has_authority);
        let has_authority = has_authority || self.removals.has_authority()?;
        let admitted = match self.is_returned(host, read)? {
            true => Err(HostRefusal::Returned),
            false => admit_host(read, has_authority, key, clock::now()),
        };
        Ok(admitted.inspect_err(|why| self.log_refusal(host, *why))?)
    }

    /// Whether a host was removed, and its document is one from before, or is absent.
    fn is_returned(&self, host: &HostName, read: Option<&FleetHost>) -> Result<bool, Error> {
        let removal = self.removals.last(host)?;
        let is_ended = |removal| read.is_none_or(|read| read.is_ended_by(removal));
        Ok(removal.is_some_and(is_ended))
    }

    /// When a host was removed last, as far as its document or this verifier knows.
    fn last_removal(
        &self,
        host: &HostName,
        read: Option<&FleetHost>,
    ) -> Result<Option<Time>, Error> {
        let seen = self.removals.last(host)?;
        Ok(seen.max(read.and_then(FleetHost::removed_at)))
    }

    /// Keeps removals that the store tells of. Until they are on disk, they hold as long as the daemon runs.
    fn remember<'a>(
        &self,
        removed: impl IntoIterator<Item = (&'a HostName, Time)>,
        has_authority: bool,
    ) {
        if let Err(why) = self.removals.note(removed, has_authority)
            && self.not_kept.is_due(&())
        {
            let text = messages::removals_not_kept(&Error::from(why));
            self.journal.log_daemon(DaemonEvent::RemovalsNotKept(&text));
        }
    }

    fn log_refusal(&self, host: &HostName, why: HostRefusal) {
        let event = HostEvent::Refused(why);
        let logged = match event.is_alert() {
            true => &self.alerts,
            false => &self.refusals,
        };
        if logged.is_due(&(host.clone(), why)) {
            self.journal.log_host(host.as_str(), event);
        }
    }

    /// A client without a certificate can cause this: each kind of refusal has a line in an interval.
    fn log_refused_join(&self, host: &HostName, from: &str, why: JoinRefusal) {
        if self.refused_joins.is_due(&(host.clone(), why)) {
            let event = HostEvent::JoinRefused { from, why };
            self.journal.log_host(host.as_str(), event);
        }
    }
}
