//! Bounds on what peers have under way at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what each peer has under way, and what all of them have together.
#[derive(Debug)]
pub(crate) struct Limiter<Peer> {
    each: usize,
    all: usize,
    counts: Mutex<Counts<Peer>>,
}

#[derive(Debug)]
struct Counts<Peer> {
    all: usize,
    of: HashMap<Peer, usize>,
}

/// Something that counts as under way until this is dropped.
#[must_use = "it counts until this is dropped"]
#[derive(Debug)]
pub(crate) struct Permit<Peer: Eq + Hash> {
    limiter: Arc<Limiter<Peer>>,
    peer: Peer,
}

impl<Peer: Clone + Eq + Hash> Limiter<Peer> {
    /// A limiter with the bound for each peer, and the bound for all of them together.
    #[must_use]
    pub(crate) fn new(each: usize, all: usize) -> Arc<Self> {
        let counts = Mutex::new(Counts {
            all: 0,
            of: HashMap::new(),
        });
        Arc::new(Self { each, all, counts })
    }

    /// Counts one more. Returns nothing past a bound.
    pub(crate) fn admit(self: &Arc<Self>, peer: &Peer) -> Option<Permit<Peer>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = counts.of.get(peer).copied().unwrap_or_default();
        if of_peer >= self.each || counts.all >= self.all {
            return None;
        }
        counts.all = counts.all.saturating_add(1);
        counts.of.insert(peer.clone(), of_peer.saturating_add(1));
        Some(Permit {
            limiter: Arc::clone(self),
            peer: peer.clone(),
        })
    }
}

impl<Peer: Eq + Hash> Drop for Permit<Peer> {
    fn drop(&mut self) {
        let counts = &self.limiter.counts;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        if let Some(of_peer) = counts.of.get_mut(&self.peer) {
            *of_peer = of_peer.saturating_sub(1);
            if *of_peer == 0 {
                counts.of.remove(&self.peer);
            }
        }
    }
}

/// What counts as one address: of IPv6 the network of 64 bits, for one host has all of it.
#[must_use]
pub(crate) fn address_block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_and_all_together_are_bounded() {
        let limiter = Limiter::new(2, 3);
        let mut permits: Vec<_> = (0..2).map(|_| limiter.admit(&'a').unwrap()).collect();
        assert!(limiter.admit(&'a').is_none());
        permits.push(limiter.admit(&'b').unwrap());
        assert!(limiter.admit(&'b').is_none() && limiter.admit(&'c').is_none());
        drop(permits.remove(0));
        permits.push(limiter.admit(&'c').unwrap());
        drop(permits);
        let counts = limiter.counts.lock().unwrap();
        assert_eq!((counts.of.len(), counts.all), (0, 0));
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one() {
        let block = |text: &str| address_block(text.parse().unwrap());
        assert_eq!(block("2001:db8::1"), block("2001:db8::ffff:0:0:9"));
        assert_ne!(block("2001:db8::1"), block("2001:db8:0:1::1"));
        assert_eq!(block("::ffff:192.0.2.7"), block("192.0.2.7"));
        assert_ne!(block("192.0.2.7"), block("192.0.2.8"));
    }
}
