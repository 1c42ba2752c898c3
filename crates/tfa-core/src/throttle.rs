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
const FOR_GOOD: u32 = 100;
/// Wrong codes in a day, whatever was right in between: a guesser who waits for the owner's right
/// code to clear the row gets no further. Far more than a person mistypes.
const MAX_PER_DAY: u32 = 50;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Every so often one of the day's wrong codes is forgotten.
const FORGET_INTERVAL: Duration = Duration::from_secs(DAY.as_secs() / MAX_PER_DAY as u64);

/// Where an attempt comes from. Each is counted apart, so that nobody far away can lock the console
/// or the programs of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the network, or from a pseudo-terminal.
    Remote,
    /// From a console of this machine.
    Console,
    /// From a program that runs as the user: a screen locker, `tfa-enroll`.
    OwnProgram,
}

/// Whether a code may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// Not before that moment.
    Until(Time),
    /// Not before the administrator, or the owner with a backup code at the console, opens it.
    ForGood,
}

/// Wrong codes in a row from one origin. Kept in the account's record, so that it survives
/// restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Tally {
    #[n(0)]
    failures: u32,
    #[n(1)]
    closed_until: Option<Time>,
    /// When the last of the day's wrong codes is forgotten.
    #[n(2)]
    forgotten_at: Option<Time>,
}

impl Tally {
    /// Wrong codes in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a one-time code may be tried now.
    #[must_use]
    pub fn gate(&self, now: Time) -> Gate {
        if self.failures >= FOR_GOOD {
            Gate::ForGood
        } else {
            self.pace(now)
        }
    }

    /// The timed part of the gate alone: what a backup code at the console has to wait for. A
    /// lock that ends far later than any can was made by a clock that was ahead; it must not hold
    /// for years, and the next wrong code makes a right one.
    #[must_use]
    pub fn pace(&self, now: Time) -> Gate {
        let row = self.closed_until;
        let row = row.filter(|until| now.until(*until) <= BELIEVED_AHEAD);
        let day = self.day(now).map(|forgotten| {
            let room_for_one_more = DAY.saturating_sub(FORGET_INTERVAL);
            forgotten.minus(room_for_one_more)
        });
        match row.max(day) {
            Some(until) if now < until => Gate::Until(until),
            _ => Gate::Open,
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
    remote: Tally,
    #[n(1)]
    console: Tally,
    #[n(2)]
    own_program: Option<Tally>,
}

/// The tally of nothing.
const CLEAR: Tally = Tally {
    failures: 0,
    closed_until: None,
    forgotten_at: None,
};

impl Throttle {
    /// The tally of one origin.
    #[must_use]
    pub fn tally(&self, origin: Origin) -> &Tally {
        match origin {
            Origin::Remote => &self.remote,
            Origin::Console => &self.console,
            Origin::OwnProgram => self.own_program.as_ref().unwrap_or(&CLEAR),
        }
    }

    fn tally_mut(&mut self, origin: Origin) -> &mut Tally {
        match origin {
            Origin::Remote => &mut self.remote,
            Origin::Console => &mut self.console,
            Origin::OwnProgram => self.own_program.get_or_insert(CLEAR),
        }
    }

    /// Counts a wrong code. At the console no day is counted: it stays a way in.
    pub(crate) fn fail(&mut self, origin: Origin, now: Time) {
        let tally = self.tally_mut(origin);
        tally.fail(now);
        match origin {
            Origin::Remote | Origin::OwnProgram => tally.fail_today(now),
            Origin::Console => {}
        }
    }

    /// A right code ends the row of its own origin.
    pub(crate) fn succeed(&mut self, origin: Origin, now: Time) {
        self.tally_mut(origin).succeed(now);
        self.own_program = self.own_program.filter(|own| *own != CLEAR);
    }

    /// The same without the count of the day, which is for codes that are asked for: it would keep a
    /// record of a user who has none.
    pub(crate) fn without_days(self) -> Self {
        let without_day = |tally: Tally| Tally {
            forgotten_at: None,
            ..tally
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
            throttle.fail(Origin::Remote, at(0));
            assert_eq!(throttle.tally(Origin::Remote).gate(at(0)), Gate::Open);
        }
        let mut now = at(0);
        for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            throttle.fail(Origin::Remote, now);
            let until = now.plus(Duration::from_secs(seconds));
            assert_eq!(throttle.tally(Origin::Remote).gate(now), Gate::Until(until));
            now = until;
            assert_eq!(throttle.tally(Origin::Remote).gate(now), Gate::Open);
        }
    }

    #[test]
    fn after_100_wrong_codes_no_time_opens_it() {
        let mut throttle = Throttle::default();
        for _ in 0..99 {
            throttle.fail(Origin::Remote, at(0));
        }
        assert_eq!(throttle.tally(Origin::Remote).gate(at(3600)), Gate::Open);
        throttle.fail(Origin::Remote, at(3600));
        assert_eq!(
            throttle.tally(Origin::Remote).gate(at(u64::from(u32::MAX))),
            Gate::ForGood
        );
        assert_eq!(throttle.tally(Origin::Remote).pace(at(7200)), Gate::Open);
    }

    #[test]
    fn wrong_codes_from_afar_never_lock_the_console() {
        let mut throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.fail(Origin::Remote, at(0));
        }
        assert_eq!(throttle.tally(Origin::Console).gate(at(0)), Gate::Open);
        throttle.succeed(Origin::Console, at(0));
        assert_eq!(throttle.tally(Origin::Remote).gate(at(0)), Gate::ForGood);
        throttle.clear();
        assert!(throttle.is_clear());
    }
}
