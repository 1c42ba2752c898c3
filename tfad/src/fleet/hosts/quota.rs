//! How many certificates a host may have signed in a minute. Each one takes a process, a change of the store and a line
//! of the log. A request without a proof of the key takes a process, and is counted apart: a client without the key uses
//! up none of the host's certificates.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::HostName;

use super::Error;

/// A host needs one in 20 days, and a few more where replies are lost.
const IN_A_MINUTE: u32 = 4;
const MINUTE: Duration = Duration::from_secs(60);

/// What each host has had in the present minute.
#[derive(Debug, Default)]
pub(super) struct Quota(Mutex<Option<Present>>);

#[derive(Debug)]
struct Present {
    start: Instant,
    of: BTreeMap<HostName, Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    signed: u32,
    unproved: u32,
}

impl Quota {
    /// Checks that a host that the fleet has may have one more, and that a process may look at its proof.
    ///
    /// # Errors
    /// [`Error::TooOften`].
    pub(super) fn check(&self, host: &HostName) -> Result<(), Error> {
        self.with(host, Instant::now(), |counts| {
            match counts.signed < IN_A_MINUTE && counts.unproved < IN_A_MINUTE {
                true => Ok(()),
                false => Err(Error::TooOften),
            }
        })
    }

    /// Counts one more for a host that the fleet has, which has proved its key.
    ///
    /// # Errors
    /// [`Error::TooOften`].
    pub(super) fn charge(&self, host: &HostName) -> Result<(), Error> {
        self.charge_at(host, Instant::now())
    }

    fn charge_at(&self, host: &HostName, now: Instant) -> Result<(), Error> {
        self.with(host, now, |counts| {
            if counts.signed >= IN_A_MINUTE {
                return Err(Error::TooOften);
            }
            counts.signed = counts.signed.saturating_add(1);
            Ok(())
        })
    }

    /// Counts a request in the name of a host whose key was not proved.
    pub(super) fn note_unproved(&self, host: &HostName) {
        self.with(host, Instant::now(), |counts| {
            counts.unproved = counts.unproved.saturating_add(1);
        });
    }

    fn with<T>(&self, host: &HostName, now: Instant, count: impl FnOnce(&mut Counts) -> T) -> T {
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |present: &mut Present| now.duration_since(present.start) >= MINUTE;
        if present.as_mut().is_none_or(is_over) {
            *present = None;
        }
        let present = present.get_or_insert_with(|| Present {
            start: now,
            of: BTreeMap::new(),
        });
        count(present.of.entry(host.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_a_quota_of_its_own_in_each_minute() {
        let quota = Quota::default();
        let [one, other] = ["web1", "web2"].map(|name| HostName::new(name).unwrap());
        let now = Instant::now();
        for _ in 0..IN_A_MINUTE {
            quota.charge_at(&one, now).unwrap();
        }
        assert!(quota.charge_at(&one, now + MINUTE / 2).is_err());
        quota.charge_at(&other, now + MINUTE / 2).unwrap();
        quota.charge_at(&one, now + MINUTE).unwrap();
    }
}
