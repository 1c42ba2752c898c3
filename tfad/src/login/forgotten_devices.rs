//! When devices of users were last forgotten.
//!
//! A question whether to remember a device may be open meanwhile. Its code is from before, so that a yes
//! remembers nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tfa_core::Time;

/// How long a time is kept: longer than a question waits for an answer.
const KEEP: Duration = Duration::from_secs(600);

/// The last time for each uid.
#[derive(Debug, Default)]
pub struct ForgottenDevices(Mutex<HashMap<u32, Time>>);

impl ForgottenDevices {
    /// Devices of a user are forgotten now. Call it before the account is changed.
    pub fn note(&self, uid: u32, now: Time) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.retain(|_, time| time.distance(now) <= KEEP);
        times.insert(uid, now);
    }

    /// Whether devices of a user were forgotten at that time or later.
    #[must_use]
    pub fn since(&self, uid: u32, time: Time) -> bool {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(&uid).is_some_and(|last| *last >= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_of_one_user_are_forgotten_since_the_times_before() {
        let at = |seconds: u64| Time::from_secs(1_700_000_000 + seconds);
        let forgotten = ForgottenDevices::default();
        assert!(!forgotten.since(1000, at(0)));
        forgotten.note(1000, at(60));
        assert!(forgotten.since(1000, at(0)) && forgotten.since(1000, at(60)));
        assert!(!forgotten.since(1000, at(61)) && !forgotten.since(1001, at(0)));
        forgotten.note(1001, at(660));
        assert!(forgotten.since(1000, at(60)) && forgotten.since(1001, at(60)));
        forgotten.note(1001, at(661));
        assert!(!forgotten.since(1000, at(60)), "it is dropped");
    }
}
