//! Wrong codes at members of a fleet, apart from remote logins there.
//!
//! Consoles, sessions and programs of a user are what a member says of itself. Each member has counters of its
//! own, one for each of these places, so that none can lock a user elsewhere. A record keeps those of eight
//! members. A further member takes the counters of another one:
//! 1. of one whose wrong codes count no more: after a right code and the day's wrong ones, or 90 days after the last;
//! 2. else of one that was never locked, that of the oldest last wrong code. Its wrong codes, four at most, go to the
//!    *displaced* ones, of which 30 are remembered, and one a day is forgotten.
//!
//! Where there is neither, members without counters are locked. A member that was locked keeps its counters, so that
//! no number of members resets them.
//!
//! This bounds the guesses of any number of members without a right code of the owner: 10 at each place, so 30 at
//! a member; 8 times 30 and 30 displaced ones at once, 270; later 240 in 90 days and one a day, 110 in a month. With 3
//! valid codes in a million that is a chance of 0.08 % at once, and of 0.03 % a month.
//!
//! It bounds a lock as well: members have to fill eight counters, so seven of them lock no user elsewhere, unless the
//! owner leaves wrong codes without a right one at more members than are left.

mod displaced;
mod earlier;
mod member;
mod scope;

use minicbor::{CborLen, Decode, Encode};

pub use scope::{MemberPlace, MemberScope};

use super::counter::{CLEAR, FailureCounter};
use super::{LockScope, LockState};
use crate::Time;
use displaced::Displaced;
use earlier::{MAX_PLACES, PlaceCounter};
use member::{Member, ONE_PLACE};

/// The members that have counters of their own.
const MAX_MEMBERS: usize = 8;

/// The wrong codes at members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct MemberCounters {
    #[n(0)]
    earlier: Vec<PlaceCounter>,
    #[n(1)]
    displaced: Displaced,
    #[cbor(n(2), default)]
    members: Vec<Member>,
}

/// A lock that wrong codes at members have closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberLock<'a> {
    /// The first 64 bytes of the member's name; `None` where an earlier version has not kept it.
    pub member: Option<&'a str>,
    /// Which place there is locked; `None` where an earlier version has not kept it.
    pub scope: Option<LockScope>,
    /// Wrong codes in a row.
    pub failures: u32,
    /// When it ends. It has not ended.
    pub state: LockState,
}

/// Where a further member gets counters.
#[derive(Clone, Copy)]
enum Room {
    /// Beside the others.
    Free,
    /// In the place of this one.
    Replacing(usize),
}

impl MemberCounters {
    /// Where a later version has a field behind, the absent counters are null.
    pub(super) fn or_none<C>(
        decoder: &mut minicbor::Decoder<'_>,
        context: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let counters = Option::decode(decoder, context)?;
        Ok(counters.unwrap_or_default())
    }

    pub(super) fn is_sound(&self) -> bool {
        self.earlier.len() <= MAX_PLACES
            && self.members.len() <= MAX_MEMBERS
            && self.members.iter().all(Member::is_sound)
    }

    pub(super) fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// The counter of a place.
    pub(super) fn counter(&self, scope: MemberScope) -> &FailureCounter {
        let earlier = self.earlier.iter().find(|one| one.is_of(scope));
        let earlier = earlier.map(|one| &one.wrong);
        let own = || self.member(scope)?.counter(scope.place());
        earlier.or_else(own).unwrap_or(&CLEAR)
    }

    fn member(&self, scope: MemberScope) -> Option<&Member> {
        self.members.iter().find(|member| member.is_of(scope))
    }

    pub(super) fn lock_state(&self, scope: MemberScope, now: Time) -> LockState {
        let counter = self.counter(scope);
        match *counter == CLEAR && self.member(scope).is_none() {
            true => self.lock_of_further(now),
            false => counter.lock_state(ONE_PLACE, now),
        }
    }

    /// The lock of members without counters.
    pub(super) fn lock_of_further(&self, now: Time) -> LockState {
        if self.room(now).is_some() {
            return LockState::Unlocked;
        }
        let room_at = |member: &Member| {
            let displaced = member
                .was_never_locked(now)
                .then(|| self.displaced.room_at(member.wrong(now), now));
            displaced.flatten().or_else(|| member.end_of_days(now))
        };
        let first = self.members.iter().filter_map(room_at).min();
        first.map_or(LockState::Permanent, LockState::Until)
    }

    pub(super) fn fail(&mut self, scope: MemberScope, now: Time) {
        self.earlier.retain(|one| !one.is_over(now));
        if let Some(earlier) = self.earlier.iter_mut().find(|one| one.is_of(scope)) {
            earlier.fail(now);
        } else if let Some(own) = self.members.iter_mut().find(|one| one.is_of(scope)) {
            own.fail(scope.place(), now);
        } else if let Some(room) = self.room(now) {
            self.make_room(room, now);
            let mut member = Member::new(scope, now);
            member.fail(scope.place(), now);
            self.members.push(member);
        } else {
            // No code is judged under a lock.
            self.displaced.add(1, now);
        }
    }

    pub(super) fn succeed(&mut self, scope: MemberScope, now: Time) {
        if let Some(earlier) = self.earlier.iter_mut().find(|one| one.is_of(scope)) {
            earlier.wrong.succeed(ONE_PLACE, now);
        } else if let Some(own) = self.members.iter_mut().find(|one| one.is_of(scope)) {
            own.succeed(scope.place(), now);
        }
        self.earlier.retain(|one| one.wrong != CLEAR);
        self.members.retain(|one| !one.is_clear());
    }

    /// The same without the counts of the day.
    pub(super) fn without_days(&self) -> Self {
        let earlier = self.earlier.iter().map(|one| one.without_day());
        let members = self.members.iter().map(Member::without_days);
        Self {
            earlier: earlier.filter(|one| one.wrong != CLEAR).collect(),
            displaced: Displaced::default(),
            members: members.filter(|one| !one.is_clear()).collect(),
        }
    }

    /// The places at members that are locked.
    pub(super) fn locks(&self, now: Time) -> impl Iterator<Item = MemberLock<'_>> {
        let lock = move |member, scope, counter: &FailureCounter| MemberLock {
            member,
            scope,
            failures: counter.failures(),
            state: counter.lock_state(ONE_PLACE, now),
        };
        let earlier = self.earlier.iter();
        let earlier = earlier.map(move |one| lock(None, None, &one.wrong));
        let members = self.members.iter().flat_map(move |one| {
            let counters = one.counters();
            counters.map(move |(place, counter)| {
                lock(Some(one.name()), Some(place.lock_scope()), counter)
            })
        });
        let all = members.chain(earlier);
        all.filter(|lock| lock.state != LockState::Unlocked)
    }

    fn room(&self, now: Time) -> Option<Room> {
        if self.members.len() < MAX_MEMBERS {
            return Some(Room::Free);
        }
        let is_displaceable = |member: &Member| {
            member.was_never_locked(now) && self.displaced.has_room(member.wrong(now), now)
        };
        let oldest = self.oldest(|member| member.is_over(now));
        oldest.or_else(|| self.oldest(is_displaceable))
    }

    /// The member of the oldest last wrong code.
    fn oldest(&self, which: impl Fn(&Member) -> bool) -> Option<Room> {
        let all = self.members.iter().enumerate();
        let all = all.filter(|(_, member)| which(member));
        let oldest = all.min_by_key(|(_, member)| member.last());
        oldest.map(|(place, _)| Room::Replacing(place))
    }

    fn make_room(&mut self, room: Room, now: Time) {
        match room {
            Room::Free => {}
            Room::Replacing(place) => {
                let gone = self.members.remove(place);
                if !gone.is_over(now) {
                    self.displaced.add(gone.wrong(now), now);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
