//! Known origins: the keys and addresses from which a right code came lately.
//!
//! Only a right code adds one, so a guesser cannot push out those of the owner.

use std::net::IpAddr;
use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::counter::{CLEAR, FailureCounter};
use crate::time::MAX_AHEAD;
use crate::{AddressPrefix, KeyFingerprint, Time};

/// How long an origin stays known after a right code from there.
pub const ORIGIN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// The number of known keys, and that of known addresses. A user whose address changes every day
/// keeps the keys.
const MAX_OF_A_KIND: usize = 10;

/// What identifies where a remote login comes from. Only sshd, and a program of root's that names
/// the remote host, can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemoteOrigin {
    key: Option<Origin>,
    address: Option<Origin>,
}

impl RemoteOrigin {
    /// An origin of which nothing is known.
    pub const UNKNOWN: Self = Self {
        key: None,
        address: None,
    };

    /// The origin of a login with this SSH key and from this address. The name of a host is no
    /// origin, because its owner chooses it.
    #[must_use]
    pub fn new(key: Option<KeyFingerprint>, address: Option<IpAddr>) -> Self {
        Self {
            key: key.map(Origin::Key),
            address: address.map(Origin::of),
        }
    }

    /// The key before the address: it tells more.
    fn origins(self) -> impl Iterator<Item = Origin> {
        self.key.into_iter().chain(self.address)
    }
}

/// A key, or the address of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
enum Origin {
    #[n(0)]
    Key(#[n(0)] KeyFingerprint),
    #[n(1)]
    Ipv4(#[cbor(n(0), with = "minicbor::bytes")] [u8; 4]),
    /// A /64 network: a host chooses the rest of its address.
    #[n(2)]
    Ipv6(#[cbor(n(0), with = "minicbor::bytes")] [u8; 8]),
}

impl Origin {
    fn of(address: IpAddr) -> Self {
        match AddressPrefix::of(address) {
            AddressPrefix::V4(bytes) => Self::Ipv4(bytes),
            AddressPrefix::V6(bytes) => Self::Ipv6(bytes),
        }
    }

    fn is_key(self) -> bool {
        matches!(self, Self::Key(_))
    }
}

/// An origin from which a right code came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct KnownOrigin {
    #[n(0)]
    origin: Origin,
    /// The last right code from there, or the last login of a remembered device.
    #[n(1)]
    last_used: Time,
    #[n(2)]
    wrong: Option<FailureCounter>,
}

impl KnownOrigin {
    /// Whether the last right code is recent. A time far ahead was stored while the clock was ahead.
    fn is_recent(&self, now: Time) -> bool {
        self.last_used.until(now) <= ORIGIN_LIFETIME && now.until(self.last_used) <= MAX_AHEAD
    }

    pub(super) fn wrong(&self) -> FailureCounter {
        self.wrong.unwrap_or(CLEAR)
    }

    pub(super) fn set_wrong(&mut self, wrong: FailureCounter) {
        self.wrong = Some(wrong).filter(|wrong| *wrong != CLEAR);
    }
}

/// The known origins of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct KnownOrigins(#[n(0)] Vec<KnownOrigin>);

impl KnownOrigins {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those from which a right code came lately.
    pub(super) fn recent(&self, now: Time) -> impl Iterator<Item = &KnownOrigin> {
        self.0.iter().filter(move |known| known.is_recent(now))
    }

    /// The places of a login's origins in the list, that of the key first.
    pub(super) fn places(
        &self,
        origin: RemoteOrigin,
        now: Time,
    ) -> impl Iterator<Item = (usize, &KnownOrigin)> {
        origin.origins().filter_map(move |origin| {
            let mut all = self.0.iter().enumerate();
            all.find(|(_, known)| known.origin == origin && known.is_recent(now))
        })
    }

    pub(super) fn get(&self, place: usize) -> Option<&KnownOrigin> {
        self.0.get(place)
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut KnownOrigin> {
        self.0.get_mut(place)
    }

    /// Records a right code from there. Origins that are no longer known are removed; of too many,
    /// the one that was not used for the longest time.
    pub(super) fn learn(&mut self, origin: RemoteOrigin, now: Time) {
        self.0.retain(|known| known.is_recent(now));
        for origin in origin.origins() {
            if let Some(known) = self.0.iter_mut().find(|known| known.origin == origin) {
                known.last_used = now;
                continue;
            }
            self.make_room(origin.is_key());
            self.0.push(KnownOrigin {
                origin,
                last_used: now,
                wrong: None,
            });
        }
    }

    /// Records a login from there without a code. It makes no origin known.
    pub(crate) fn keep(&mut self, origin: RemoteOrigin, now: Time) {
        for known in &mut self.0 {
            if known.is_recent(now) && origin.origins().any(|origin| origin == known.origin) {
                known.last_used = now;
            }
        }
    }

    fn make_room(&mut self, for_key: bool) {
        let of_kind = |known: &KnownOrigin| known.origin.is_key() == for_key;
        while self.0.iter().filter(|known| of_kind(known)).count() >= MAX_OF_A_KIND {
            let all = self.0.iter().enumerate();
            let oldest = all
                .filter(|(_, known)| of_kind(known))
                .min_by_key(|(_, known)| known.last_used);
            let Some((place, _)) = oldest else { return };
            self.0.remove(place);
        }
    }

    /// Removes all counters, and keeps the origins.
    pub(crate) fn clear_wrong(&mut self) {
        for known in &mut self.0 {
            known.wrong = None;
        }
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        let keys = self.0.iter().filter(|known| known.origin.is_key()).count();
        keys <= MAX_OF_A_KIND && self.0.len() - keys <= MAX_OF_A_KIND
    }
}
