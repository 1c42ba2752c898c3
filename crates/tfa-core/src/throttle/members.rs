//! Wrong codes at members of a fleet, apart from remote logins there.
//!
//! Consoles, sessions and programs of a user are what a member says of itself. Each member has counters of its
//! own, so that none can lock a user elsewhere. A record keeps few of them: what else is counted together
//! bounds the guesses of many members.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest, Sha256};
use tfa_fleet_core::HostName;

use super::counter::{CLEAR, DayLimit, FailureCounter, Limits};
use super::{LockScope, LockState};
use crate::Time;

/// One place at one member.
pub(super) const ONE_PLACE: Limits = Limits {
    in_a_row: 10,
    day: Some(DayLimit::new(8, 4)),
};
/// All places without a counter. One member alone must not lock the others at once.
const OTHERS: Limits = Limits {
    in_a_row: 40,
    day: Some(DayLimit::new(8, 4)),
};
/// The places that have counters of their own.
const MAX_PLACES: usize = 4;
/// After this time without a wrong code, another place may take the counter.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// Where at a member a code is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberPlace {
    /// Inside a session: sudo, su, polkit.
    Session,
    /// At a console.
    Console,
    /// In a program that runs as the user.
    OwnProgram,
}

/// A place at a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberScope {
    place: MemberPlace,
    key: PlaceKey,
}

/// Of the member's name and the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
struct PlaceKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl MemberScope {
    /// The scope of a place at that member.
    #[must_use]
    pub fn new(member: &HostName, place: MemberPlace) -> Self {
        let named: &[u8] = match place {
            MemberPlace::Session => b"session",
            MemberPlace::Console => b"console",
            MemberPlace::OwnProgram => b"own",
        };
        let mut hash = Sha256::new();
        hash.update(b"tfa place ");
        hash.update(named);
        hash.update(b" ");
        hash.update(member.as_str());
        let hash: [u8; 32] = hash.finalize().into();
        let mut key = [0; 16];
        key.iter_mut()
            .zip(hash)
            .for_each(|(byte, hashed)| *byte = hashed);
        Self {
            place,
            key: PlaceKey(key),
        }
    }

    pub(super) fn place(self) -> MemberPlace {
        self.place
    }

    pub(super) fn lock_scope(self) -> LockScope {
        match self.place {
            MemberPlace::Session => LockScope::Sessions,
            MemberPlace::Console => LockScope::Console,
            MemberPlace::OwnProgram => LockScope::OwnPrograms,
        }
    }
}

/// The wrong codes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
struct PlaceCounter {
    #[n(0)]
    key: PlaceKey,
    #[n(1)]
    wrong: FailureCounter,
    /// The last wrong code.
    #[n(2)]
    last: Time,
}

/// The wrong codes at members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct MemberCounters {
    #[n(0)]
    places: Vec<PlaceCounter>,
    /// Of all other places.
    #[n(1)]
    others: FailureCounter,
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
        self.places.len() <= MAX_PLACES
    }

    pub(super) fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// The counter of a place; of one without, that of the others.
    pub(super) fn counter(&self, scope: MemberScope) -> &FailureCounter {
        let own = self.places.iter().find(|one| one.key == scope.key);
        own.map_or(&self.others, |own| &own.wrong)
    }

    pub(super) fn lock_state(&self, scope: MemberScope, now: Time) -> LockState {
        let has_own = self.places.iter().any(|one| one.key == scope.key);
        match (has_own, self.has_room(now)) {
            (true, _) => self.counter(scope).lock_state(ONE_PLACE, now),
            (false, true) => LockState::Unlocked,
            (false, false) => self.others.lock_state(OTHERS, now),
        }
    }

    pub(super) fn fail(&mut self, scope: MemberScope, now: Time) {
        if let Some(own) = self.places.iter_mut().find(|one| one.key == scope.key) {
            own.wrong.fail(ONE_PLACE, now);
            own.last = now;
        } else if self.has_room(now) {
            self.places.retain(|one| !one.is_free(now));
            let mut wrong = CLEAR;
            wrong.fail(ONE_PLACE, now);
            self.places.push(PlaceCounter {
                key: scope.key,
                wrong,
                last: now,
            });
        } else {
            self.others.fail(OTHERS, now);
        }
    }

    pub(super) fn succeed(&mut self, scope: MemberScope, now: Time) {
        let has_room = self.has_room(now);
        match self.places.iter_mut().find(|one| one.key == scope.key) {
            Some(own) => own.wrong.succeed(ONE_PLACE, now),
            None if has_room => {}
            None => self.others.succeed(OTHERS, now),
        }
        self.places.retain(|one| one.wrong != CLEAR);
    }

    /// The same without the counts of the day.
    pub(super) fn without_days(&self) -> Self {
        let places = self.places.iter().map(|one| PlaceCounter {
            wrong: one.wrong.without_day(),
            ..*one
        });
        Self {
            places: places.filter(|one| one.wrong != CLEAR).collect(),
            others: self.others.without_day(),
        }
    }

    /// Whether some place has a lock that has not ended.
    pub(super) fn is_locked(&self, now: Time) -> bool {
        let mut all = self.places.iter().map(|one| &one.wrong);
        let is_locked =
            |wrong: &FailureCounter| wrong.lock_state(ONE_PLACE, now) != LockState::Unlocked;
        all.any(is_locked) || self.others.lock_state(OTHERS, now) != LockState::Unlocked
    }

    /// Whether a place without a counter gets one.
    fn has_room(&self, now: Time) -> bool {
        let kept = self.places.iter().filter(|one| !one.is_free(now));
        kept.count() < MAX_PLACES
    }
}

impl PlaceCounter {
    /// Whether another place may take the counter: after a right code and the day's wrong ones, or long after the last wrong one. A time
    /// in the future was a clock that was ahead, and is old.
    fn is_free(&self, now: Time) -> bool {
        self.wrong.is_over(ONE_PLACE, now) || self.last.distance(now) > MEMORY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_secs(1_700_000_000 + seconds)
    }

    fn scope(member: &str, place: MemberPlace) -> MemberScope {
        MemberScope::new(&HostName::new(member).unwrap(), place)
    }

    fn session(member: &str) -> MemberScope {
        scope(member, MemberPlace::Session)
    }

    fn fill(counters: &mut MemberCounters, scope: MemberScope) {
        for _ in 0..10 {
            counters.fail(scope, at(0));
        }
        assert_eq!(counters.lock_state(scope, at(0)), LockState::Permanent);
    }

    #[test]
    fn each_place_at_each_member_has_a_lock_of_its_own() {
        let mut counters = MemberCounters::default();
        fill(&mut counters, session("web1"));
        let others = [
            session("web2"),
            scope("web1", MemberPlace::Console),
            scope("web1", MemberPlace::OwnProgram),
        ];
        for other in others {
            assert_eq!(counters.lock_state(other, at(0)), LockState::Unlocked);
        }
        assert!(counters.is_locked(at(0)));
    }

    #[test]
    fn many_members_together_have_a_bounded_number_of_guesses() {
        let mut counters = MemberCounters::default();
        let mut guesses = 0;
        for number in 0..100 {
            let scope = session(&format!("web{number}"));
            for hour in 0..200 {
                // Within the memory of the first places.
                let now = at(hour * 3600);
                if counters.lock_state(scope, now) == LockState::Unlocked {
                    counters.fail(scope, now);
                    guesses += 1;
                }
            }
        }
        assert_eq!(guesses, 80);
        assert!(counters.is_sound());
    }

    #[test]
    fn right_code_frees_the_counter_of_its_place_alone() {
        let mut counters = MemberCounters::default();
        for member in ["web1", "web2", "web3", "web4"] {
            counters.fail(session(member), at(0));
        }
        for _ in 0..40 {
            counters.fail(session("web5"), at(0));
        }
        let other = session("web6");
        assert_eq!(counters.lock_state(other, at(0)), LockState::Permanent);
        counters.succeed(session("web1"), at(0));
        // A right code does not end the count of the day.
        assert_eq!(counters.lock_state(other, at(0)), LockState::Permanent);
        let later = at(6 * 3600);
        assert_eq!(counters.lock_state(other, later), LockState::Unlocked);
        counters.fail(other, later);
        assert_eq!(counters.counter(other).failures(), 1);
        assert!(counters.is_sound());
    }

    #[test]
    fn old_counter_goes_to_another_place_and_keeps_its_lock_until_then() {
        let mut counters = MemberCounters::default();
        for member in ["web1", "web2", "web3", "web4"] {
            fill(&mut counters, session(member));
        }
        let month = at(31 * 24 * 3600);
        assert_eq!(
            counters.lock_state(session("web1"), month),
            LockState::Permanent
        );
        counters.fail(session("web5"), month);
        assert_eq!(
            counters.lock_state(session("web1"), month),
            LockState::Unlocked
        );
        assert!(counters.is_sound());
    }
}
