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

/// The list that was read last, and when.
#[derive(Debug, Default)]
pub(super) struct VerifierList(Mutex<Option<(Instant, Vec<String>)>>);

impl VerifierList {
    /// Returns the list. One that is too old is read again, by one thread: the others wait for it.
    fn get(
        &self,
        now: Instant,
        read: impl FnOnce() -> Result<Vec<String>, Error>,
    ) -> Result<Vec<String>, Error> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((at, list)) if now.saturating_duration_since(*at) < LIFETIME => Ok(list.clone()),
            _ => {
                let list = read()?;
                *last = Some((now, list.clone()));
                Ok(list)
            }
        }
    }
}

impl Hosts {
    /// Tells a host with that certificate the verifiers of the fleet.
    pub(super) fn list_verifiers(
        &self,
        host: &HostName,
        key: Fingerprint,
    ) -> Result<HostReply, Error> {
        self.admit(host, key)?;
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
    fn list_is_read_once_a_minute_and_an_error_is_not_kept() {
        let list = VerifierList::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let of = |name: &str| Ok(vec![name.to_owned()]);
        assert!(list.get(start, || Err(Error::NoAuthority)).is_err());
        assert_eq!(list.get(start, || of("v1")).unwrap(), ["v1"]);
        assert_eq!(list.get(at(59), || of("v2")).unwrap(), ["v1"]);
        assert!(list.get(at(60), || Err(Error::NoAuthority)).is_err());
        assert_eq!(list.get(at(60), || of("v2")).unwrap(), ["v2"]);
    }
}
