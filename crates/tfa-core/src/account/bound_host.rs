//! What the record at the verifiers knows of one member: the sets of codes that are registered for it.

use minicbor::{CborLen, Decode, Encode};
use tfa_fleet_core::HostName;

use crate::bound::first_event;
use crate::{BackupSet, BoundSetId, OfflineEvent, Time};

/// How many sets before the newest one are kept.
const MAX_EARLIER: usize = 4;
/// Of how many void sets the ids are kept. The host may still report what happened with them.
const MAX_FORMER: usize = 8;

/// The sets of one member. A new set does not end the one before: the member may not have received it. That ends when the
/// member tells that it uses the new one. Without an id all are void; the number of the last event stays, so that no event
/// counts twice.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct BoundHost {
    /// The name of the member.
    #[n(0)]
    pub host: String,
    /// The set that was registered last.
    #[n(1)]
    set: Option<BoundSetId>,
    #[n(2)]
    left: u8,
    #[n(3)]
    made: Time,
    #[n(4)]
    last_event: u64,
    /// Sets that were registered before, of which the member may use one. The oldest comes first.
    #[n(5)]
    earlier: Option<Vec<RegisteredSet>>,
    /// The member has told that it uses the set that was registered last.
    #[cbor(n(6), default)]
    is_confirmed: bool,
    /// The ids of sets that are void, the oldest first.
    #[n(7)]
    former: Option<Vec<BoundSetId>>,
}

/// A set that is registered for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct RegisteredSet {
    #[n(0)]
    id: BoundSetId,
    /// How many codes are left, as far as the member has told.
    #[n(1)]
    pub left: u8,
    /// When it was registered.
    #[n(2)]
    pub made: Time,
    /// Whether the member has told that it uses this set. Where it has not, it may have received none of its codes.
    #[n(3)]
    pub is_confirmed: bool,
}

impl BoundHost {
    /// A member of which nothing is known.
    pub(super) fn new(host: &HostName, now: Time) -> Self {
        Self {
            host: host.as_str().to_owned(),
            set: None,
            left: 0,
            made: now,
            last_event: 0,
            earlier: None,
            is_confirmed: false,
            former: None,
        }
    }

    /// Whether a set was registered for this member, void or not.
    pub(super) fn knows(&self, set: BoundSetId) -> bool {
        let mut earlier = self.earlier.iter().flatten();
        self.set == Some(set)
            || earlier.any(|one| one.id == set)
            || self.former.iter().flatten().any(|one| *one == set)
    }

    /// Whether some set is not void.
    pub(super) const fn has_set(&self) -> bool {
        self.set.is_some()
    }

    /// The number of the last event that the member has reported.
    pub(super) const fn last_event(&self) -> u64 {
        self.last_event
    }

    /// The set that the member uses, as far as it has told; else the one that was registered last. `None` if all are void.
    #[must_use]
    pub fn in_use(&self) -> Option<RegisteredSet> {
        let newest = self.newest()?;
        if newest.is_confirmed {
            return Some(newest);
        }
        let mut earlier = self.earlier.iter().flatten().rev();
        let confirmed = earlier.find(|set| set.is_confirmed).copied();
        confirmed.or(Some(newest))
    }

    /// Registers a set. Of too many, one goes that the member has not confirmed.
    pub(super) fn register(&mut self, set: BoundSetId, now: Time) {
        if let Some(newest) = self.newest() {
            let earlier = self.earlier.get_or_insert_default();
            earlier.push(newest);
            if earlier.len() > MAX_EARLIER {
                let goes = earlier.iter().position(|one| !one.is_confirmed);
                let gone = earlier.remove(goes.unwrap_or(0));
                self.remember(&[gone]);
            }
        }
        self.set = Some(set);
        self.left = u8::try_from(BackupSet::SIZE).unwrap_or(u8::MAX);
        self.made = now;
        self.is_confirmed = false;
        // A member that has told a number of the far future is heard again.
        self.last_event = self.last_event.min(first_event(now));
    }

    /// Whether a set is registered that the member uses. The sets before it are void then.
    pub(super) fn confirm(&mut self, used: BoundSetId) -> bool {
        if self.set == Some(used) {
            self.is_confirmed = true;
            let gone = self.earlier.take().unwrap_or_default();
            self.remember(&gone);
            return true;
        }
        let Some(earlier) = &mut self.earlier else {
            return false;
        };
        let Some(place) = earlier.iter().position(|set| set.id == used) else {
            return false;
        };
        let gone: Vec<_> = earlier.drain(..place).collect();
        let used = earlier.iter_mut().take(1);
        used.for_each(|set| set.is_confirmed = true);
        self.remember(&gone);
        true
    }

    /// Counts what these events have used.
    pub(super) fn count(&mut self, events: &[&OfflineEvent]) {
        let newest = events.iter().map(|event| event.number).max();
        self.last_event = newest.unwrap_or(self.last_event);
        for event in events {
            if self.set == Some(event.set) {
                self.left = self.left.min(event.left);
            }
            let mut earlier = self.earlier.iter_mut().flatten();
            if let Some(set) = earlier.find(|set| set.id == event.set) {
                set.left = set.left.min(event.left);
            }
        }
    }

    /// Makes all sets void.
    pub(super) fn make_void(&mut self) {
        let mut gone = self.earlier.take().unwrap_or_default();
        gone.extend(self.newest());
        self.set = None;
        self.remember(&gone);
    }

    fn remember(&mut self, gone: &[RegisteredSet]) {
        if gone.is_empty() {
            return;
        }
        let former = self.former.get_or_insert_default();
        former.extend(gone.iter().map(|set| set.id));
        let too_many = former.len().saturating_sub(MAX_FORMER);
        former.drain(..too_many);
    }

    fn newest(&self) -> Option<RegisteredSet> {
        let id = self.set?;
        Some(RegisteredSet {
            id,
            left: self.left,
            made: self.made,
            is_confirmed: self.is_confirmed,
        })
    }

    /// Whether a decoded value is in the range of those that are made here.
    pub(super) fn is_sound(&self) -> bool {
        let is_short = |former: &Vec<_>| former.len() <= MAX_FORMER;
        self.host.len() <= 253
            && self.former.as_ref().is_none_or(is_short)
            && self
                .earlier
                .as_ref()
                .is_none_or(|all| all.len() <= MAX_EARLIER)
    }
}
