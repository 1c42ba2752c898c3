//! A counter of wrong codes, and the locks that follow from it.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::Time;
use crate::time::MAX_AHEAD;

/// Wrong codes in a row before the first lock.
pub(super) const LOCK_AFTER: u32 = 5;
/// The duration of the first lock. Each further wrong code doubles it.
const FIRST_LOCK: Duration = Duration::from_secs(30);
/// The maximum duration of a timed lock.
const MAX_LOCK: Duration = Duration::from_secs(3600);

/// Whether a code is accepted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// A code is accepted.
    Unlocked,
    /// No code is accepted before that time.
    Until(Time),
    /// No code is accepted until the administrator, or the owner with a backup code at the console,
    /// removes the lock.
    Permanent,
}

/// The limits of a counter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Wrong codes in a row after which no further one is counted here.
    pub(super) in_a_row: u32,
    pub(super) day: Option<DayLimit>,
}

/// A limit that a right code does not reset, because otherwise a guesser could wait for the owner's
/// right codes. In any 24 hours, as many wrong codes are counted as `at_once`, and one more for each
/// interval of the day.
#[derive(Debug, Clone, Copy)]
pub(super) struct DayLimit {
    at_once: u32,
    /// The interval after which one wrong code is no longer counted.
    interval: Duration,
}

impl DayLimit {
    pub(super) const fn new(at_once: u32, per_day: u64) -> Self {
        Self {
            at_once,
            // Rounded up: no day has more.
            interval: Duration::from_secs((24 * 3600_u64).div_ceil(per_day)),
        }
    }

    /// The time until all wrong codes are forgotten, where no further one is accepted.
    fn full(self) -> Duration {
        self.interval.saturating_mul(self.at_once)
    }
}

/// Wrong codes that are counted together. The record of the account holds them, so that they survive
/// restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct FailureCounter {
    #[n(0)]
    failures: u32,
    #[n(1)]
    closed_until: Option<Time>,
    /// When the last wrong code of the day stops counting.
    #[n(2)]
    forgotten_at: Option<Time>,
}

/// A counter without wrong codes.
pub(super) const CLEAR: FailureCounter = FailureCounter {
    failures: 0,
    closed_until: None,
    forgotten_at: None,
};

impl FailureCounter {
    /// Wrong codes in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a one-time code is accepted now.
    pub(super) fn lock_state(&self, limits: Limits, now: Time) -> LockState {
        if self.is_full(limits) {
            LockState::Permanent
        } else {
            self.timed_lock(limits, now)
        }
    }

    /// The timed lock alone, which also applies to a backup code at the console.
    pub(super) fn timed_lock(&self, limits: Limits, now: Time) -> LockState {
        match self.closed_until(now).max(self.day_closed(limits, now)) {
            Some(until) => LockState::Until(until),
            None => LockState::Unlocked,
        }
    }

    /// Whether the limit in a row is reached.
    pub(super) fn is_full(&self, limits: Limits) -> bool {
        self.failures >= limits.in_a_row
    }

    /// The end of the lock after wrong codes in a row, if it has not passed. A lock with an
    /// impossibly late end was set while the clock was ahead, and is ignored. The next wrong code
    /// sets a correct one.
    pub(super) fn closed_until(&self, now: Time) -> Option<Time> {
        self.closed_until
            .filter(|until| now < *until && now.until(*until) <= MAX_AHEAD)
    }

    /// When the limit of the day allows a further code, if not now.
    pub(super) fn day_closed(&self, limits: Limits, now: Time) -> Option<Time> {
        let day = limits.day?;
        let room_for_one_more = day.full().saturating_sub(day.interval);
        let open = self.day(day, now)?.minus(room_for_one_more);
        Some(open).filter(|open| now < *open)
    }

    /// When the last wrong code of the day stops counting, if that is a plausible time in the
    /// future.
    fn day(&self, day: DayLimit, now: Time) -> Option<Time> {
        let believed = day.full().saturating_add(MAX_AHEAD);
        self.forgotten_at
            .filter(|forgotten| now < *forgotten && now.until(*forgotten) <= believed)
    }

    /// Counts a wrong code, without a lock.
    pub(super) fn count(&mut self, limits: Limits, now: Time) {
        self.failures = self.failures.saturating_add(1);
        if let Some(day) = limits.day {
            let forgotten = self.day(day, now).unwrap_or(now);
            self.forgotten_at = Some(forgotten.plus(day.interval));
        }
    }

    /// Counts a wrong code, and locks if it is one too many.
    pub(super) fn fail(&mut self, limits: Limits, now: Time) {
        self.count(limits, now);
        if let Some(doublings) = self.failures.checked_sub(LOCK_AFTER) {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            self.closed_until = Some(now.plus(FIRST_LOCK.saturating_mul(factor).min(MAX_LOCK)));
        }
    }

    /// The wrong codes that count, in a row or of the day, whichever are more.
    pub(super) fn counted(&self, limits: Limits, now: Time) -> u32 {
        let of_day = limits.day.map_or(0, |day| self.of_day(day, now));
        self.failures.max(of_day)
    }

    /// The wrong codes of the day.
    fn of_day(&self, day: DayLimit, now: Time) -> u32 {
        let left = self
            .day(day, now)
            .map_or(Duration::ZERO, |end| now.until(end));
        // No counter has an interval of less than a second.
        let number = left.as_secs().div_ceil(day.interval.as_secs().max(1));
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Whether so many more wrong codes are within the limit of the day. What has come in a row counts too.
    pub(super) fn has_room(&self, wrong: u32, day: DayLimit, now: Time) -> bool {
        let counted = self.failures.max(self.of_day(day, now));
        counted.saturating_add(wrong) <= day.at_once
    }

    /// When so many more are within the limit of the day; `None` if no time makes them so.
    pub(super) fn room_at(&self, wrong: u32, day: DayLimit, now: Time) -> Option<Time> {
        let others = day.at_once.checked_sub(wrong)?;
        let end = self.day(day, now).unwrap_or(now);
        (self.failures <= others).then(|| end.minus(day.interval.saturating_mul(others)))
    }

    /// Adds wrong codes to those of the day, up to the limit. What has come in a row is of the day then.
    pub(super) fn remember(&mut self, wrong: u32, day: DayLimit, now: Time) {
        let spread = |number| day.interval.saturating_mul(number);
        let of_day = self.day(day, now).unwrap_or(now);
        let end = of_day.max(now.plus(spread(self.failures)));
        *self = Self {
            forgotten_at: Some(end.plus(spread(wrong)).min(now.plus(day.full()))),
            ..CLEAR
        };
    }

    /// When the last wrong code of the day stops counting, if that is in the future.
    pub(super) fn end_of_day(&self, limits: Limits, now: Time) -> Option<Time> {
        self.day(limits.day?, now)
    }

    /// Resets the wrong codes in a row, but not those of the day.
    pub(super) fn succeed(&mut self, limits: Limits, now: Time) {
        *self = Self {
            forgotten_at: limits.day.and_then(|day| self.day(day, now)),
            ..CLEAR
        };
    }

    /// The same without the count of the day.
    pub(super) fn without_day(self) -> Self {
        Self {
            forgotten_at: None,
            ..self
        }
    }
}

/// The same without the count of the day; `None` if nothing is counted then.
pub(super) fn without_day(counter: Option<FailureCounter>) -> Option<FailureCounter> {
    let counter = counter.map(FailureCounter::without_day);
    counter.filter(|counter| *counter != CLEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        in_a_row: 45,
        day: Some(DayLimit::new(30, 15)),
    };

    fn at(seconds: u64) -> Time {
        Time::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn fifth_wrong_code_locks_30_seconds_then_doubles_up_to_an_hour() {
        let mut counter = CLEAR;
        for _ in 0..4 {
            counter.fail(LIMITS, at(0));
            assert_eq!(counter.lock_state(LIMITS, at(0)), LockState::Unlocked);
        }
        let mut now = at(0);
        for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            counter.fail(LIMITS, now);
            let until = now.plus(Duration::from_secs(seconds));
            assert_eq!(counter.lock_state(LIMITS, now), LockState::Until(until));
            now = until;
            assert_eq!(counter.lock_state(LIMITS, now), LockState::Unlocked);
        }
    }

    #[test]
    fn no_time_opens_a_full_row() {
        let mut counter = CLEAR;
        for hour in 0..44 {
            counter.fail(LIMITS, at(hour * 3600));
        }
        let later = at(45 * 3600);
        assert_eq!(counter.lock_state(LIMITS, later), LockState::Unlocked);
        counter.fail(LIMITS, later);
        let ages = at(u64::from(u32::MAX));
        assert_eq!(counter.lock_state(LIMITS, ages), LockState::Permanent);
        assert_eq!(counter.timed_lock(LIMITS, ages), LockState::Unlocked);
    }

    #[test]
    fn a_day_has_as_many_wrong_codes_as_its_limits_add_up_to() {
        for (at_once, per_day) in [(30, 15), (17, 8), (8, 4), (10, 5), (7, 11)] {
            let limits = Limits {
                in_a_row: 1000,
                day: Some(DayLimit::new(at_once, per_day)),
            };
            let mut counter = CLEAR;
            let mut counted = Vec::new();
            for minute in 0..4 * 24 * 60 {
                let now = at(minute * 60);
                while counter.day_closed(limits, now).is_none() {
                    counter.count(limits, now);
                    counter.succeed(limits, now);
                    counted.push(minute);
                }
            }
            let most = counted
                .iter()
                .map(|first| {
                    let day = *first..first + 24 * 60;
                    counted.iter().filter(|minute| day.contains(minute)).count()
                })
                .max();
            assert!(
                most <= Some(at_once as usize + per_day as usize),
                "{most:?}"
            );
            assert!(most >= Some((at_once as usize + per_day as usize) - 1));
        }
    }
}
