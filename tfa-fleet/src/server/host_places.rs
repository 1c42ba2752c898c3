//! A bounded number of connections for each host, and for all of them together.
//!
//! A host has as many keys as it likes, and root on a member keeps the certificates from before it was cleaned. They hold
//! connections without a call, so that tfad never refuses them. So a name has places for connections that tfad has
//! admitted, and others for those that it was not asked about. A new connection takes the place of one that is not
//! admitted, and one that tfad admits takes that of the one that it has admitted least recently.

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
    /// Connections of one key, and of one name that are not admitted.
    of_key: usize,
    /// Connections of one name that are admitted.
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
    /// Notified when tfad admits it for the first time.
    pub(super) admitted: Notify,
    last_admitted: Mutex<Option<Instant>>,
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
        let unknown = of_name.iter().filter(|it| !it.standing.is_admitted());
        let (first_unknown, unknown) = (unknown.clone().next(), unknown.count());
        // From the oldest to the newest.
        let replaced = first_unknown.map(|it| it.number);
        let replaced = replaced.filter(|_| unknown >= self.of_key || *all >= self.all);
        if of_key >= self.of_key || (*all >= self.all && replaced.is_none()) {
            return None;
        }
        let of_name = of.entry(peer.host.clone()).or_default();
        if let Some(replaced) = replaced {
            of_name.retain(|it| it.number != replaced);
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

    /// Ends the connections of a name that tfad has admitted least recently, where it has too many that are admitted.
    pub(super) fn make_room_for_admitted(&self, host: &HostName) {
        let mut taken = self.taken();
        let Taken { all, of, .. } = &mut *taken;
        let Some(of_name) = of.get_mut(host) else {
            return;
        };
        let admitted = |it: &TakenPlace| Some((it.standing.last_admitted()?, it.number));
        while of_name.iter().filter_map(admitted).count() > self.of_host {
            let Some((_, least)) = of_name.iter().filter_map(admitted).min() else {
                return;
            };
            of_name.retain(|it| it.number != least);
            *all = all.saturating_sub(1);
        }
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
    /// Notes that tfad has admitted the key.
    pub(super) fn note_admitted(&self) {
        if self.admission().replace(Instant::now()).is_none() {
            self.admitted.notify_one();
        }
    }

    fn is_admitted(&self) -> bool {
        self.last_admitted().is_some()
    }

    fn last_admitted(&self) -> Option<Instant> {
        *self.admission()
    }

    fn admission(&self) -> MutexGuard<'_, Option<Instant>> {
        let admission = self.last_admitted.lock();
        admission.unwrap_or_else(PoisonError::into_inner)
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

    fn name(host: &str) -> HostName {
        HostName::new(host).unwrap()
    }

    fn take(places: &Arc<HostPlaces>, host: &str, key: u8) -> Option<(HostPlace, Arc<Standing>)> {
        let peer = Peer {
            host: name(host),
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
        assert!(take(&places, "web3", 1).is_none());
        assert_eq!(places.hosts(), 2);
        assert!(web1.iter_mut().all(|(place, _)| !is_lost(place)));
        drop(web2);
        let web3 = take(&places, "web3", 1).unwrap();
        drop((web1, web3));
        assert_eq!((places.hosts(), places.taken().all), (0, 0));
    }

    #[test]
    fn keys_that_are_not_admitted_never_end_an_admitted_connection() {
        let places = HostPlaces::new(2, 2, 5);
        let (mut own, standing) = take(&places, "web1", 1).unwrap();
        standing.note_admitted();
        places.make_room_for_admitted(&name("web1"));
        let mut lost = Vec::new();
        for key in 2..9 {
            let (place, _) = take(&places, "web1", key).unwrap();
            lost.push(place);
        }
        assert!(!is_lost(&mut own));
        // They take the places of each other.
        let left = lost
            .iter_mut()
            .filter_map(|place| (!is_lost(place)).then_some(()));
        assert_eq!((left.count(), places.taken().all), (2, 3));
        // Where all places are taken, one of the same name is there for it.
        let mut web2 = [1, 2].map(|key| take(&places, "web2", key).unwrap());
        assert!(take(&places, "web3", 1).is_none() && take(&places, "web1", 9).is_some());
        assert!(web2.iter_mut().all(|(place, _)| !is_lost(place)) && !is_lost(&mut own));
    }

    #[test]
    fn admitted_connection_takes_the_place_of_the_one_admitted_least_recently() {
        let places = HostPlaces::new(2, 2, 9);
        let admitted = |key| {
            let (place, standing) = take(&places, "web1", key).unwrap();
            standing.note_admitted();
            places.make_room_for_admitted(&name("web1"));
            (place, standing)
        };
        let (mut first, standing) = admitted(1);
        let (mut second, _) = admitted(2);
        standing.note_admitted();
        // The host has joined again, with another key.
        let (mut third, _) = admitted(3);
        assert!(is_lost(&mut second) && !is_lost(&mut first) && !is_lost(&mut third));
        // A lost place that is dropped frees none of the others.
        drop(second);
        assert_eq!((places.hosts(), places.taken().all), (1, 2));
    }
}
