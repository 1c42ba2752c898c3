//! The verifiers of the fleet, for the hosts that ask for them.
//!
//! To find them, the documents of all hosts are read. So what was found is kept for a minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::{Fingerprint, HostName};
use tfa_fleet_wire::HostReply;

use super::{Error, Hosts};

/// How long a list is told until it is read again.
const LIFETIME: Duration = Duration::from_secs(60);

/// The list that was read last.
#[derive(Debug, Default)]
pub(super) struct VerifierList {
    last: Mutex<Option<Read>>,
    /// Held by the call that reads the list.
    reading: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Read {
    /// `None` where this verifier has changed the hosts since.
    at: Option<Instant>,
    list: Vec<String>,
}

impl VerifierList {
    /// Returns the list. One that is too old is read again by one call, and told by the others meanwhile: a slow store
    /// keeps one thread. It is told after an error too.
    fn get(
        &self,
        now: Instant,
        read: impl FnOnce() -> Result<Vec<String>, Error>,
    ) -> Result<Vec<String>, Error> {
        let age = |at| now.saturating_duration_since(at);
        let is_fresh = |last: &Read| last.at.is_some_and(|at| age(at) < LIFETIME);
        let last = self.last();
        if let Some(last) = last.as_ref().filter(|last| is_fresh(last)) {
            return Ok(last.list.clone());
        }
        let Ok(_reading) = self.reading.try_lock() else {
            return last.map(|last| last.list).ok_or(Error::Contended);
        };
        match (read(), last) {
            (Ok(list), _) => {
                let read = Read {
                    at: Some(now),
                    list: list.clone(),
                };
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
                Ok(list)
            }
            (Err(_), Some(last)) => Ok(last.list),
            (Err(error), None) => Err(error),
        }
    }

    /// Has the list read again by the next call: this verifier has changed the hosts. A read that is under way ends
    /// before.
    pub(super) fn has_changed(&self) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &mut *last {
            last.at = None;
        }
    }

    fn last(&self) -> Option<Read> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

impl Hosts {
    /// Tells a host with that certificate the verifiers of the fleet.
    pub(super) fn list_verifiers(
        &self,
        host: &HostName,
        key: Fingerprint,
    ) -> Result<HostReply, Error> {
        self.admit(host, key, &[])?;
        let verifiers = self.verifier_list.get(Instant::now(), || {
            let verifiers = self.verifiers()?.into_iter();
            Ok(verifiers.map(|one| one.to_string()).collect())
        })?;
        Ok(HostReply::Verifiers { verifiers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_read_once_a_minute_and_told_while_the_store_fails() {
        let list = VerifierList::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let of = |name: &str| Ok(vec![name.to_owned()]);
        assert!(list.get(start, || Err(Error::NoAuthority)).is_err());
        assert_eq!(list.get(start, || of("v1")).unwrap(), ["v1"]);
        assert_eq!(list.get(at(59), || of("v2")).unwrap(), ["v1"]);
        let failed = list.get(at(60), || Err(Error::NoAuthority));
        assert_eq!(failed.unwrap(), ["v1"]);
        // While one call reads it.
        let meanwhile = list.get(at(60), || {
            assert_eq!(list.get(at(60), || of("v3")).unwrap(), ["v1"]);
            Err(Error::NoAuthority)
        });
        assert_eq!(meanwhile.unwrap(), ["v1"]);
        assert_eq!(list.get(at(60), || of("v2")).unwrap(), ["v2"]);
    }

    #[test]
    fn list_is_read_again_after_a_change_of_the_hosts() {
        let list = VerifierList::default();
        let now = Instant::now();
        let of = |name: &str| Ok(vec![name.to_owned()]);
        list.has_changed();
        assert_eq!(list.get(now, || of("v1")).unwrap(), ["v1"]);
        list.has_changed();
        let failed = list.get(now, || Err(Error::NoAuthority));
        assert_eq!(failed.unwrap(), ["v1"]);
        assert_eq!(list.get(now, || of("v2")).unwrap(), ["v2"]);
        assert_eq!(list.get(now, || of("v3")).unwrap(), ["v2"]);
    }
}
