//! A bounded number of connections for each host, and for all of them together.
//!
//! A host has as many keys as it likes, and root on a member keeps the certificates from before it was cleaned. They hold
//! connections without a call, so that tfad never refuses them. So a new connection of a name that is full takes the
//! place of the one that tfad has admitted least recently: of one without an admitted call first.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tfa_fleet_core::{Fingerprint, HostName};
use tokio::sync::{Notify, oneshot};

use crate::tls::Peer;

/// The places, with a bound for the connections of each key, of each name, and of all hosts together.
#[derive(Debug)]
pub(super) struct HostPlaces {
    of_key: usize,
    of_host: usize,
    all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    last: u64,
    /// From the oldest to the newest of each name.
    of: HashMap<HostName, Vec<TakenPlace>>,
}

#[derive(Debug)]
struct TakenPlace {
    number: u64,
    key: Fingerprint,
    standing: Arc<Standing>,
    /// The place is lost when this is dropped.
    _kept: oneshot::Sender<Infallible>,
}

/// What tfad has said about the key of one connection.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Notified when tfad does not admit it.
    pub(super) refused: Notify,
    admitted: Mutex<Option<Instant>>,
}

/// A place that is taken until this is dropped, or until it is lost.
#[must_use = "the place is free again when this is dropped"]
#[derive(Debug)]
pub(super) struct HostPlace {
    places: Arc<HostPlaces>,
    host: HostName,
    number: u64,
    lost: oneshot::Receiver<Infallible>,
}

impl HostPlaces {
    /// Places with these bounds.
    #[must_use]
    pub(super) fn new(of_key: usize, of_host: usize, all: usize) -> Arc<Self> {
        Arc::new(Self {
            of_key,
            of_host,
            all,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for a connection of this host. Returns nothing where its key has as many as it may have, or where
    /// all places are taken by others.
    pub(super) fn take(
        self: &Arc<Self>,
        peer: &Peer,
        standing: Arc<Standing>,
    ) -> Option<HostPlace> {
        let (kept, lost) = oneshot::channel();
        let mut taken = self.taken();
        let Taken { all, last, of } = &mut *taken;
        let of_name = of.get(&peer.host).map_or(&[][..], Vec::as_slice);
        let of_key = of_name.iter().filter(|it| it.key == peer.key).count();
        let is_full = of_name.len() >= self.of_host;
        if of_key >= self.of_key || (*all >= self.all && !is_full) {
            return None;
        }
        let of_name = of.entry(peer.host.clone()).or_default();
        if is_full {
            let least = of_name.iter().enumerate();
            let (least, _) = least.min_by_key(|(_, it)| (it.standing.admitted(), it.number))?;
            of_name.remove(least);
            *all = all.saturating_sub(1);
        }
        *all = all.saturating_add(1);
        *last = last.wrapping_add(1);
        let number = *last;
        of_name.push(TakenPlace {
            number,
            key: peer.key,
            standing,
            _kept: kept,
        });
        Some(HostPlace {
            places: Arc::clone(self),
            host: peer.host.clone(),
            number,
            lost,
        })
    }

    /// How many hosts have a place.
    #[must_use]
    pub(super) fn hosts(&self) -> usize {
        self.taken().of.len()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    /// Notes that tfad has answered a call, and so has admitted the key.
    pub(super) fn note_admitted(&self) {
        *self.last_admitted() = Some(Instant::now());
    }

    fn admitted(&self) -> Option<Instant> {
        *self.last_admitted()
    }

    fn last_admitted(&self) -> MutexGuard<'_, Option<Instant>> {
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostPlace {
    /// Ends when another connection has taken the place.
    pub(super) async fn lost(&mut self) {
        let _ = (&mut self.lost).await;
    }
}

impl Drop for HostPlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let Taken { all, of, .. } = &mut *taken;
        let Some(of_name) = of.get_mut(&self.host) else {
            return;
        };
        if let Some(place) = of_name.iter().position(|it| it.number == self.number) {
            of_name.remove(place);
            *all = all.saturating_sub(1);
        }
        if of_name.is_empty() {
            of.remove(&self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<HostPlaces>, name: &str, key: u8) -> Option<(HostPlace, Arc<Standing>)> {
        let peer = Peer {
            host: HostName::new(name).unwrap(),
            key: Fingerprint::new([key; Fingerprint::LENGTH]),
        };
        let standing = Arc::new(Standing::default());
        let place = places.take(&peer, Arc::clone(&standing))?;
        Some((place, standing))
    }

    fn is_lost(place: &mut HostPlace) -> bool {
        matches!(
            place.lost.try_recv(),
            Err(oneshot::error::TryRecvError::Closed)
        )
    }

    #[test]
    fn keys_and_all_hosts_are_bounded_and_what_ends_is_free_again() {
        let places = HostPlaces::new(2, 4, 3);
        let mut web1 = [(); 2].map(|()| take(&places, "web1", 1).unwrap());
        assert!(take(&places, "web1", 1).is_none());
        let web2 = take(&places, "web2", 1).unwrap();
        assert!(take(&places, "web3", 1).is_none() && take(&places, "web1", 2).is_none());
        assert_eq!(places.hosts(), 2);
        assert!(web1.iter_mut().all(|(place, _)| !is_lost(place)));
        drop(web2);
        let web3 = take(&places, "web3", 1).unwrap();
        drop((web1, web3));
        assert_eq!((places.hosts(), places.taken().all), (0, 0));
    }

    #[test]
    fn place_of_a_full_name_is_that_of_the_key_admitted_least_recently() {
        let places = HostPlaces::new(2, 2, 2);
        let (mut own, standing) = take(&places, "web1", 1).unwrap();
        standing.note_admitted();
        // Each takes the place of the one before, although the other connection is older.
        let (mut silent, _) = take(&places, "web1", 2).unwrap();
        let (mut next, standing) = take(&places, "web1", 3).unwrap();
        assert!(is_lost(&mut silent) && !is_lost(&mut own));
        // A lost place that is dropped frees none of the others.
        drop(silent);
        standing.note_admitted();
        let (mut newest, _) = take(&places, "web1", 4).unwrap();
        assert!(is_lost(&mut own) && !is_lost(&mut next) && !is_lost(&mut newest));
        assert_eq!((places.hosts(), places.taken().all), (1, 2));
    }
}
