//! How often the log says that a host is refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::HostName;

const INTERVAL: Duration = Duration::from_secs(60);
/// How many hosts are kept in mind.
const MAX_HOSTS: usize = 1024;

/// When each host was refused last, in the log.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<HostName, Instant>>);

impl Refusals {
    /// Whether the log says now that this host is refused: once a minute.
    pub(super) fn is_due(&self, host: &HostName) -> bool {
        self.is_due_at(host, Instant::now())
    }

    fn is_due_at(&self, host: &HostName, now: Instant) -> bool {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logged.retain(|_, last| now.duration_since(*last) < INTERVAL);
        if logged.contains_key(host) || logged.len() >= MAX_HOSTS {
            return false;
        }
        logged.insert(host.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_a_line_a_minute() {
        let refusals = Refusals::default();
        let [one, other] = ["web1", "web2"].map(|name| HostName::new(name).unwrap());
        let now = Instant::now();
        assert!(refusals.is_due_at(&one, now) && refusals.is_due_at(&other, now));
        assert!(!refusals.is_due_at(&one, now + INTERVAL / 2));
        assert!(refusals.is_due_at(&one, now + INTERVAL));
    }
}
