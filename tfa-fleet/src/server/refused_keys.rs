//! The keys that tfad does not admit: those of hosts that were removed, or have joined again since.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::tls::Peer;

/// How long a key is refused without a call of tfad. A host that is admitted again waits for as long.
const TIME: Duration = Duration::from_secs(10);
/// How many are kept in mind. tfad is asked about the others each time.
const MAX_KEYS: usize = 1024;

/// What tfad has said about each of them, for some seconds.
#[derive(Debug, Default)]
pub(super) struct RefusedKeys(Mutex<HashMap<Peer, (Instant, String)>>);

impl RefusedKeys {
    /// Notes that tfad does not admit a key, with its text.
    pub(super) fn note(&self, peer: &Peer, text: &str) {
        self.note_at(peer, text, Instant::now());
    }

    /// Why tfad did not admit this key a moment ago.
    pub(super) fn why(&self, peer: &Peer) -> Option<String> {
        self.why_at(peer, Instant::now())
    }

    fn note_at(&self, peer: &Peer, text: &str, now: Instant) {
        let mut keys = self.keys();
        keys.retain(|_, (noted, _)| now.duration_since(*noted) < TIME);
        if keys.len() < MAX_KEYS {
            keys.insert(peer.clone(), (now, text.to_owned()));
        }
    }

    fn why_at(&self, peer: &Peer, now: Instant) -> Option<String> {
        let keys = self.keys();
        let (noted, text) = keys.get(peer)?;
        (now.duration_since(*noted) < TIME).then(|| text.clone())
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<Peer, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tfa_fleet_core::{Fingerprint, HostName};

    use super::*;

    fn peer(name: &str, key: u8) -> Peer {
        Peer {
            host: HostName::new(name).unwrap(),
            key: Fingerprint::new([key; Fingerprint::LENGTH]),
        }
    }

    #[test]
    fn key_is_refused_for_some_seconds_and_no_other_key_of_the_name() {
        let (keys, now) = (RefusedKeys::default(), Instant::now());
        keys.note_at(&peer("web1", 1), "why", now);
        let why = |key, now| keys.why_at(&peer("web1", key), now);
        assert_eq!(why(1, now + TIME / 2).as_deref(), Some("why"));
        assert_eq!((why(2, now), why(1, now + TIME)), (None, None));
    }

    #[test]
    fn keys_are_bounded_and_old_ones_make_room() {
        let (keys, now) = (RefusedKeys::default(), Instant::now());
        for number in 0..=MAX_KEYS {
            keys.note_at(&peer(&format!("web{number}"), 1), "", now);
        }
        assert_eq!(keys.keys().len(), MAX_KEYS);
        keys.note_at(&peer("web", 1), "", now + TIME);
        assert_eq!(keys.keys().len(), 1);
    }
}
