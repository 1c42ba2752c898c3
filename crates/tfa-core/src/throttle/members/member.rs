//! The wrong codes at one member of a fleet.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::scope::{MAX_NAME, MemberKey, MemberPlace, MemberScope};
use crate::Time;
use crate::throttle::counter::{CLEAR, DayLimit, FailureCounter, LOCK_AFTER, Limits, without_day};

/// One place at one member.
pub(super) const ONE_PLACE: Limits = Limits {
    in_a_row: 10,
    day: Some(DayLimit::new(8, 4)),
};
/// After this time without a wrong code, another member may take the counters.
pub(super) const MEMORY: Duration = Duration::from_secs(90 * 24 * 3600);

/// The wrong codes at one member, by place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct Member {
    #[n(0)]
    key: MemberKey,
    /// The begin of its name, for administrators.
    #[n(1)]
    name: String,
    /// The last wrong code.
    #[n(2)]
    last: Time,
    #[n(3)]
    session: Option<FailureCounter>,
    #[n(4)]
    console: Option<FailureCounter>,
    #[n(5)]
    own_program: Option<FailureCounter>,
}

impl Member {
    /// A member without wrong codes.
    pub(super) fn new(scope: MemberScope, now: Time) -> Self {
        Self {
            key: scope.member(),
            name: scope.name().to_owned(),
            last: now,
            session: None,
            console: None,
            own_program: None,
        }
    }

    pub(super) fn is_of(&self, scope: MemberScope) -> bool {
        self.key == scope.member()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.name.len() <= MAX_NAME && self.name.bytes().all(|byte| byte.is_ascii_graphic())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn last(&self) -> Time {
        self.last
    }

    pub(super) fn counter(&self, place: MemberPlace) -> Option<&FailureCounter> {
        match place {
            MemberPlace::Session => self.session.as_ref(),
            MemberPlace::Console => self.console.as_ref(),
            MemberPlace::OwnProgram => self.own_program.as_ref(),
        }
    }

    fn counter_mut(&mut self, place: MemberPlace) -> &mut Option<FailureCounter> {
        match place {
            MemberPlace::Session => &mut self.session,
            MemberPlace::Console => &mut self.console,
            MemberPlace::OwnProgram => &mut self.own_program,
        }
    }

    /// The places with wrong codes.
    pub(super) fn counters(&self) -> impl Iterator<Item = (MemberPlace, &FailureCounter)> {
        let places = [
            MemberPlace::Session,
            MemberPlace::Console,
            MemberPlace::OwnProgram,
        ];
        let counter = |place| self.counter(place).map(|counter| (place, counter));
        places.into_iter().filter_map(counter)
    }

    pub(super) fn fail(&mut self, place: MemberPlace, now: Time) {
        let counter = self.counter_mut(place).get_or_insert(CLEAR);
        counter.fail(ONE_PLACE, now);
        self.last = now;
    }

    pub(super) fn succeed(&mut self, place: MemberPlace, now: Time) {
        let counter = self.counter_mut(place);
        if let Some(counter) = counter {
            counter.succeed(ONE_PLACE, now);
        }
        *counter = counter.filter(|counter| *counter != CLEAR);
    }

    /// The wrong codes that count, of all places.
    pub(super) fn wrong(&self, now: Time) -> u32 {
        let counters = self.counters();
        counters
            .map(|(_, counter)| counter.counted(ONE_PLACE, now))
            .sum()
    }

    /// Whether another member may take the counters, and no wrong code is forgotten by that before its time. A time in
    /// the future was a clock that was ahead, and is old.
    pub(super) fn is_over(&self, now: Time) -> bool {
        self.wrong(now) == 0 || self.last.distance(now) > MEMORY
    }

    /// Whether no place has been locked since its wrong codes count.
    pub(super) fn was_never_locked(&self, now: Time) -> bool {
        self.wrong(now) < LOCK_AFTER
    }

    /// When no wrong code counts any more, if a right one has ended each row.
    pub(super) fn end_of_days(&self, now: Time) -> Option<Time> {
        let has_row = self.counters().any(|(_, counter)| counter.failures() > 0);
        let ends = self.counters();
        let ends = ends.filter_map(|(_, counter)| counter.end_of_day(ONE_PLACE, now));
        ends.max().filter(|_| !has_row)
    }

    pub(super) fn is_clear(&self) -> bool {
        self.counters().next().is_none()
    }

    /// The same without the counts of the day.
    pub(super) fn without_days(&self) -> Self {
        Self {
            key: self.key,
            name: self.name.clone(),
            last: self.last,
            session: without_day(self.session),
            console: without_day(self.console),
            own_program: without_day(self.own_program),
        }
    }
}
