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
mod verifier_list;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tfa_core::{Fingerprint, HostName, HostRefusal, JoinRefusal, admit_host};
use tfa_store::{DaemonStore, RecordRead};

use crate::log::{HostEvent, Journal, Rarely};
use quota::Quota;
use verifier_list::VerifierList;

pub use ca::{CaProgram, CertificateAuthority};
pub use error::Error;
pub use manage::{FoundedFleet, HostEntry, HostState};

/// How often a change is judged anew after another one was made meanwhile.
const MAX_ROUNDS: u32 = 16;
/// How often the log says that a host is refused.
const REFUSAL_INTERVAL: Duration = Duration::from_secs(60);

/// The hosts of the fleet.
pub struct Hosts {
    store: Arc<dyn DaemonStore>,
    journal: Arc<Journal>,
    authority: Arc<dyn CertificateAuthority>,
    refusals: Rarely<HostName>,
    refused_joins: Rarely<(HostName, JoinRefusal)>,
    quota: Quota,
    verifier_list: VerifierList,
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
            refused_joins: Rarely::new(REFUSAL_INTERVAL),
            quota: Quota::default(),
            verifier_list: VerifierList::default(),
        }
    }

    /// The same, with another program that signs certificates.
    #[must_use]
    pub fn certified_by(self, authority: Arc<dyn CertificateAuthority>) -> Self {
        Self { authority, ..self }
    }

    /// Checks that a host may speak, whose certificate is for this key. It reads the store each time: a host
    /// that was removed is refused from then on. Returns the record of a user, if one is named and the store reads it
    /// with the same call.
    ///
    /// # Errors
    /// [`Error`]. Each refuses the call.
    pub fn admit(
        &self,
        host: &HostName,
        key: Fingerprint,
        user: Option<&str>,
    ) -> Result<Option<RecordRead>, Error> {
        let read = documents::of_member(&*self.store, host, user)?;
        let admitted = admit_host(read.host.as_ref(), read.has_authority, key);
        admitted.inspect_err(|why| self.log_refusal(host, *why))?;
        Ok(read.record)
    }

    fn log_refusal(&self, host: &HostName, why: HostRefusal) {
        if self.refusals.is_due(host) {
            let event = HostEvent::Refused(why);
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
