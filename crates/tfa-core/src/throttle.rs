//! Limits on wrong codes: counters and locks.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::Time;
use crate::time::MAX_AHEAD;

/// Wrong codes in a row before the first lock.
const LOCK_AFTER: u32 = 5;
/// The duration of the first lock. Each further wrong code doubles it.
const FIRST_LOCK: Duration = Duration::from_secs(30);
/// The maximum duration of a timed lock.
const MAX_LOCK: Duration = Duration::from_secs(3600);
/// Wrong codes in a row after which the lock is permanent: NIST SP 800-63B section 3.2.2.
const PERMANENT_AFTER: u32 = 100;
/// Wrong codes in a day. A right code does not reset this count, because otherwise a guesser could
/// wait for the owner's right codes. The limit is far above the number of typing errors of a user.
const MAX_PER_DAY: u32 = 50;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The interval after which one wrong code of the day is no longer counted.
const FORGET_INTERVAL: Duration = Duration::from_secs(DAY.as_secs() / MAX_PER_DAY as u64);

/// Where an attempt comes from. Each scope has its own counter, so that remote attempts cannot lock
/// the console or the user's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleScope {
    /// From the network, or from a pseudo-terminal.
    Remote,
    /// From a console of this machine.
    Console,
    /// From a program that runs as the user: a screen locker, `tfa-enroll`.
    OwnProgram,
}

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

/// The wrong codes of one scope. The record of the account holds it, so that it survives restarts.
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

impl FailureCounter {
    /// Wrong codes in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a one-time code is accepted now.
    #[must_use]
    pub fn lock_state(&self, now: Time) -> LockState {
        if self.failures >= PERMANENT_AFTER {
            LockState::Permanent
        } else {
            self.timed_lock(now)
        }
    }

    /// The timed lock alone, which also applies to a backup code at the console. A lock with an
    /// impossibly late end was set while the clock was ahead, and is ignored. The next wrong code
    /// sets a correct one.
    #[must_use]
    pub fn timed_lock(&self, now: Time) -> LockState {
        let row = self.closed_until;
        let row = row.filter(|until| now.until(*until) <= MAX_AHEAD);
        let day = self.day(now).map(|forgotten| {
            let room_for_one_more = DAY.saturating_sub(FORGET_INTERVAL);
            forgotten.minus(room_for_one_more)
        });
        match row.max(day) {
            Some(until) if now < until => LockState::Until(until),
            _ => LockState::Unlocked,
        }
    }

    /// When the last wrong code of the day stops counting, if that is a plausible time in the
    /// future.
    fn day(&self, now: Time) -> Option<Time> {
        let believed = DAY.saturating_add(MAX_AHEAD);
        self.forgotten_at
            .filter(|forgotten| now < *forgotten && now.until(*forgotten) <= believed)
    }

    /// Counts a wrong code towards the limit of the day.
    fn fail_today(&mut self, now: Time) {
        let forgotten = self.day(now).unwrap_or(now);
        self.forgotten_at = Some(forgotten.plus(FORGET_INTERVAL));
    }

    /// Resets the wrong codes in a row, but not those of the day.
    fn succeed(&mut self, now: Time) {
        *self = Self {
            forgotten_at: self.day(now),
            ..Self::default()
        };
    }

    fn fail(&mut self, now: Time) {
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(LOCK_AFTER) {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            self.closed_until = Some(now.plus(FIRST_LOCK.saturating_mul(factor).min(MAX_LOCK)));
        }
    }
}

/// The wrong codes of an account, by scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Throttle {
    #[n(0)]
    remote: FailureCounter,
    #[n(1)]
    console: FailureCounter,
    #[n(2)]
    own_program: Option<FailureCounter>,
}

/// A counter without wrong codes.
const CLEAR: FailureCounter = FailureCounter {
    failures: 0,
    closed_until: None,
    forgotten_at: None,
};

impl Throttle {
    /// The counter of one scope.
    #[must_use]
    pub fn counter(&self, scope: ThrottleScope) -> &FailureCounter {
        match scope {
            ThrottleScope::Remote => &self.remote,
            ThrottleScope::Console => &self.console,
            ThrottleScope::OwnProgram => self.own_program.as_ref().unwrap_or(&CLEAR),
        }
    }

    fn counter_mut(&mut self, scope: ThrottleScope) -> &mut FailureCounter {
        match scope {
            ThrottleScope::Remote => &mut self.remote,
            ThrottleScope::Console => &mut self.console,
            ThrottleScope::OwnProgram => self.own_program.get_or_insert(CLEAR),
        }
    }

    /// Counts a wrong code. The console has no limit of the day, so that it remains available to
    /// the owner.
    pub(crate) fn fail(&mut self, scope: ThrottleScope, now: Time) {
        let counter = self.counter_mut(scope);
        counter.fail(now);
        match scope {
            ThrottleScope::Remote | ThrottleScope::OwnProgram => counter.fail_today(now),
            ThrottleScope::Console => {}
        }
    }

    /// Resets the wrong codes in a row of one scope.
    pub(crate) fn succeed(&mut self, scope: ThrottleScope, now: Time) {
        self.counter_mut(scope).succeed(now);
        self.own_program = self.own_program.filter(|own| *own != CLEAR);
    }

    /// The same without the counts of the day. A user without enrollment is not asked for codes,
    /// and the counts would keep the record.
    pub(crate) fn without_days(self) -> Self {
        let without_day = |counter: FailureCounter| FailureCounter {
            forgotten_at: None,
            ..counter
        };
        Self {
            remote: without_day(self.remote),
            console: without_day(self.console),
            own_program: self
                .own_program
                .map(without_day)
                .filter(|own| *own != CLEAR),
        }
    }

    /// Removes all counters and locks.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether there are no counters and no locks.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn fifth_wrong_code_locks_30_seconds_then_doubles_up_to_an_hour() {
        let mut throttle = Throttle::default();
        for _ in 0..4 {
            throttle.fail(ThrottleScope::Remote, at(0));
            assert_eq!(
                throttle.counter(ThrottleScope::Remote).lock_state(at(0)),
                LockState::Unlocked
            );
        }
        let mut now = at(0);
        for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            throttle.fail(ThrottleScope::Remote, now);
            let until = now.plus(Duration::from_secs(seconds));
            assert_eq!(
                throttle.counter(ThrottleScope::Remote).lock_state(now),
                LockState::Until(until)
            );
            now = until;
            assert_eq!(
                throttle.counter(ThrottleScope::Remote).lock_state(now),
                LockState::Unlocked
            );
        }
    }

    #[test]
    fn after_100_wrong_codes_no_time_opens_it() {
        let mut throttle = Throttle::default();
        for _ in 0..99 {
            throttle.fail(ThrottleScope::Remote, at(0));
        }
        assert_eq!(
            throttle.counter(ThrottleScope::Remote).lock_state(at(3600)),
            LockState::Unlocked
        );
        throttle.fail(ThrottleScope::Remote, at(3600));
        assert_eq!(
            throttle
                .counter(ThrottleScope::Remote)
                .lock_state(at(u64::from(u32::MAX))),
            LockState::Permanent
        );
        assert_eq!(
            throttle.counter(ThrottleScope::Remote).timed_lock(at(7200)),
            LockState::Unlocked
        );
    }

    #[test]
    fn remote_wrong_codes_never_lock_the_console() {
        let mut throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.fail(ThrottleScope::Remote, at(0));
        }
        assert_eq!(
            throttle.counter(ThrottleScope::Console).lock_state(at(0)),
            LockState::Unlocked
        );
        throttle.succeed(ThrottleScope::Console, at(0));
        assert_eq!(
            throttle.counter(ThrottleScope::Remote).lock_state(at(0)),
            LockState::Permanent
        );
        throttle.clear();
        assert!(throttle.is_clear());
    }
}
