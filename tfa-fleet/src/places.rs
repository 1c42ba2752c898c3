//! A bounded number of places for clients that have not shown yet who they are.
//!
//! A new client always gets a place: past a bound, the one that has waited longest loses its own. A host of the fleet
//! needs its place for milliseconds. So clients that wait keep no place from it, however many they are.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The places, with a bound for each block of addresses and one for all together.
#[derive(Debug)]
pub(crate) struct Places {
    each: usize,
    all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    last: u64,
    /// From the oldest to the newest.
    places: VecDeque<TakenPlace>,
}

#[derive(Debug)]
struct TakenPlace {
    number: u64,
    block: IpAddr,
    /// The place is lost when this is dropped.
    _kept: oneshot::Sender<Infallible>,
}

/// A place that is taken until this is dropped, or until it is lost.
#[must_use = "the place is free again when this is dropped"]
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    number: u64,
    lost: oneshot::Receiver<Infallible>,
}

impl Places {
    /// Places with these bounds, which are not 0.
    #[must_use]
    pub(crate) fn new(each: usize, all: usize) -> Arc<Self> {
        let taken = Mutex::default();
        Arc::new(Self { each, all, taken })
    }

    /// Takes a place for a client of this block of addresses.
    pub(crate) fn take(self: &Arc<Self>, block: IpAddr) -> Place {
        let (kept, lost) = oneshot::channel();
        let mut taken = self.taken();
        taken.make_room(block, self.each, self.all);
        taken.last = taken.last.wrapping_add(1);
        let number = taken.last;
        taken.places.push_back(TakenPlace {
            number,
            block,
            _kept: kept,
        });
        Place {
            places: Arc::clone(self),
            number,
            lost,
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Ends the oldest of the block where that has as many as it may have, or else, where all places are taken, the
    /// oldest of a block that has most.
    fn make_room(&mut self, block: IpAddr, each: usize, all: usize) {
        let of_block = self.places.iter().filter(|it| it.block == block).count();
        let from = match () {
            () if of_block >= each => Some(block),
            () if self.places.len() >= all => self.largest_block(),
            () => None,
        };
        let oldest = from.and_then(|from| self.places.iter().position(|it| it.block == from));
        if let Some(oldest) = oldest {
            self.places.remove(oldest);
        }
    }

    /// The block with the most places; of several, the one of the oldest place.
    fn largest_block(&self) -> Option<IpAddr> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for place in &self.places {
            let count = counts.entry(place.block).or_default();
            *count = count.saturating_add(1);
        }
        let most = counts.values().max().copied();
        let is_largest = |it: &&TakenPlace| counts.get(&it.block).copied() == most;
        self.places.iter().find(is_largest).map(|it| it.block)
    }
}

impl Place {
    /// The result of a future, unless the place is lost before.
    pub(crate) async fn unless_lost<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = &mut self.lost => None,
            result = future => Some(result),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let place = taken.places.iter().position(|it| it.number == self.number);
        if let Some(place) = place {
            taken.places.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    async fn is_lost(place: &mut Place) -> bool {
        place.unless_lost(ready(())).await.is_none()
    }

    fn block(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[tokio::test]
    async fn oldest_of_a_block_makes_room_for_its_newest() {
        let places = Places::new(2, 9);
        let mut other = places.take(block(1));
        let [mut first, mut second, mut third] = [(); 3].map(|()| places.take(block(2)));
        assert!(is_lost(&mut first).await);
        assert!(!is_lost(&mut second).await && !is_lost(&mut third).await);
        assert!(!is_lost(&mut other).await);
        // A lost place that is dropped frees none of the others.
        drop(first);
        let _fourth = places.take(block(2));
        assert!(is_lost(&mut second).await && !is_lost(&mut third).await);
        // A place that is free again is taken without a loss.
        drop(third);
        let mut fifth = places.take(block(2));
        assert!(!is_lost(&mut fifth).await);
    }

    #[tokio::test]
    async fn block_with_most_places_makes_room_for_all_others() {
        let places = Places::new(3, 4);
        let mut alone = places.take(block(1));
        let mut flood = [(); 3].map(|()| places.take(block(2)));
        let mut new = places.take(block(3));
        assert!(is_lost(&mut flood[0]).await);
        let mut newer = places.take(block(4));
        assert!(is_lost(&mut flood[1]).await);
        for place in [&mut alone, &mut new, &mut newer, &mut flood[2]] {
            assert!(!is_lost(place).await);
        }
        // Where each block has one, the oldest of all.
        let _newest = places.take(block(5));
        assert!(is_lost(&mut alone).await && !is_lost(&mut new).await);
    }
}
