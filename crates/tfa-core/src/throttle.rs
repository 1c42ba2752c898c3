//! How many wrong codes are too many, and for how long.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::Time;
use crate::time::BELIEVED_AHEAD;

/// Wrong codes in a row before the first lock.
const FREE: u32 = 5;
/// The first lock; each further wrong code doubles it.
const FIRST: Duration = Duration::from_secs(30);
/// The longest lock that opens by itself.
const LONGEST: Duration = Duration::from_secs(3600);
/// Wrong codes in a row after which no time opens it: NIST SP 800-63B section 3.2.2.
const PERMANENT_AFTER: u32 = 100;
/// Wrong codes in a day, whatever was right in between: a guesser who waits for the owner's right
/// code to clear the row gets no further. Far more than a person mistypes.
const MAX_PER_DAY: u32 = 50;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Every so often one of the day's wrong codes is forgotten.
const FORGET_INTERVAL: Duration = Duration::from_secs(DAY.as_secs() / MAX_PER_DAY as u64);

/// Where an attempt comes from. Each is counted apart, so that nobody far away can lock the console
/// or the programs of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleScope {
    /// From the network, or from a pseudo-terminal.
    Remote,
    /// From a console of this machine.
    Console,
    /// From a program that runs as the user: a screen locker, `tfa-enroll`.
    OwnProgram,
}

/// Whether a code may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// It may.
    Unlocked,
    /// Not before that moment.
    Until(Time),
    /// Not before the administrator, or the owner with a backup code at the console, opens it.
    Permanent,
}

/// Wrong codes in a row from one origin. Kept in the account's record, so that it survives
/// restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct FailureCounter {
    #[n(0)]
    failures: u32,
    #[n(1)]
    closed_until: Option<Time>,
    /// When the last of the day's wrong codes is forgotten.
    #[n(2)]
    forgotten_at: Option<Time>,
}

impl FailureCounter {
    /// Wrong codes in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a one-time code may be tried now.
    #[must_use]
    pub fn lock_state(&self, now: Time) -> LockState {
        if self.failures >= PERMANENT_AFTER {
            LockState::Permanent
        } else {
            self.timed_lock(now)
        }
    }

    /// The timed part of the gate alone: what a backup code at the console has to wait for. A
    /// lock that ends far later than any can was made by a clock that was ahead; it must not hold
    /// for years, and the next wrong code makes a right one.
    #[must_use]
    pub fn timed_lock(&self, now: Time) -> LockState {
        let row = self.closed_until;
        let row = row.filter(|until| now.until(*until) <= BELIEVED_AHEAD);
        let day = self.day(now).map(|forgotten| {
            let room_for_one_more = DAY.saturating_sub(FORGET_INTERVAL);
            forgotten.minus(room_for_one_more)
        });
        match row.max(day) {
            Some(until) if now < until => LockState::Until(until),
            _ => LockState::Unlocked,
        }
    }

    /// When the last of the day's wrong codes is forgotten, where that is to come and can be.
    fn day(&self, now: Time) -> Option<Time> {
        let believed = DAY.saturating_add(BELIEVED_AHEAD);
        self.forgotten_at
            .filter(|forgotten| now < *forgotten && now.until(*forgotten) <= believed)
    }

    /// Counts a wrong code of the day.
    fn fail_today(&mut self, now: Time) {
        let forgotten = self.day(now).unwrap_or(now);
        self.forgotten_at = Some(forgotten.plus(FORGET_INTERVAL));
    }

    /// A right code ends the row, not the day.
    fn succeed(&mut self, now: Time) {
        *self = Self {
            forgotten_at: self.day(now),
            ..Self::default()
        };
    }

    fn fail(&mut self, now: Time) {
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(FREE) {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            self.closed_until = Some(now.plus(FIRST.saturating_mul(factor).min(LONGEST)));
        }
    }
}

/// The wrong codes of an account, by origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Throttle {
    #[n(0)]
    remote: FailureCounter,
    #[n(1)]
    console: FailureCounter,
    #[n(2)]
    own_program: Option<FailureCounter>,
}

/// The counter of nothing.
const CLEAR: FailureCounter = FailureCounter {
    failures: 0,
    closed_until: None,
    forgotten_at: None,
};

impl Throttle {
    /// The counter of one origin.
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

    /// Counts a wrong code. At the console no day is counted: it stays a way in.
    pub(crate) fn fail(&mut self, scope: ThrottleScope, now: Time) {
        let counter = self.counter_mut(scope);
        counter.fail(now);
        match scope {
            ThrottleScope::Remote | ThrottleScope::OwnProgram => counter.fail_today(now),
            ThrottleScope::Console => {}
        }
    }

    /// A right code ends the row of its own origin.
    pub(crate) fn succeed(&mut self, scope: ThrottleScope, now: Time) {
        self.counter_mut(scope).succeed(now);
        self.own_program = self.own_program.filter(|own| *own != CLEAR);
    }

    /// The same without the count of the day, which is for codes that are asked for: it would keep a
    /// record of a user who has none.
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

    /// The administrator, or the owner with a backup code at the console, clears all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether there is anything to clear.
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
    fn the_fifth_wrong_code_locks_for_30_seconds_and_each_further_one_doubles_it_to_an_hour() {
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
    fn wrong_codes_from_afar_never_lock_the_console() {
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
