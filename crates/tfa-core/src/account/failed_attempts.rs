//! Why the last attempts failed, for an administrator who helps the user.
//!
//! It holds no code, and nothing from which one could be computed. A login never shows it: it would
//! tell a guesser for which time a code is right.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::attempts::short;
use super::{Account, Client};
use crate::{Authenticator, Code, Drift, Factors, LockState, Match, ThrottleScope, Time};

/// The number of failed attempts that are kept.
const MAX_KEPT: usize = 8;
/// How long they are kept. The next right code removes older ones.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);
/// An attempt that changes nothing else is recorded this often for each reason. Otherwise a program
/// could have one write to disk for each attempt.
const WRITE_INTERVAL: Duration = Duration::from_secs(60);

/// For how many wrong codes in a row another time is searched.
const MAX_SEARCHES: u32 = 5;
/// After that time, no login accepts the code of a step, whatever the period.
const LONGEST_WINDOW: Duration = Duration::from_secs(3 * 120);

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum FailureReason {
    /// A code of no authenticator.
    #[n(0)]
    WrongCode,
    /// The code of another time.
    #[n(1)]
    OtherTime(#[n(0)] OtherTime),
    /// A number of digits that no authenticator has.
    #[n(2)]
    WrongLength,
    /// A code of the authenticator that waits for its first code.
    #[n(3)]
    PendingAuthenticator,
    /// A backup code that is not in the set.
    #[n(4)]
    WrongBackupCode,
    /// A code that was used before.
    #[n(5)]
    UsedCode,
    /// The input did not have the form of a code.
    #[n(6)]
    NotACode,
    /// No code was accepted until then; without a time, until the administrator unlocks.
    #[n(7)]
    Locked(#[n(0)] Option<Time>),
    /// The user must enroll, and has not.
    #[n(8)]
    NotEnrolled,
    /// A second factor is required, and the login came by a way that asks for none, such as an SSH
    /// key alone.
    #[n(9)]
    NotAsked,
    /// Not the recovery code of the host.
    #[n(10)]
    WrongRecoveryCode,
    /// A second factor that the rule of this login does not accept.
    #[n(11)]
    FactorNotAccepted,
    /// A code that may have been used before the account was moved or restored here.
    #[n(12)]
    VoidCode,
}

/// For which time a code is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct OtherTime {
    /// Seconds; positive if the clock of the authenticator is ahead of that of the host.
    #[n(0)]
    pub drift: i64,
    /// From when on no login accepts the code.
    #[n(1)]
    pub(crate) dead_from: Time,
}

/// Attempts that failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct FailedAttempt {
    /// The reason of the last one.
    #[n(0)]
    pub reason: FailureReason,
    /// The PAM service; empty for a program that runs as the user.
    #[n(1)]
    pub service: String,
    /// The remote host, else the terminal, else the service; empty for a program that runs as the
    /// user.
    #[n(2)]
    pub from: String,
    /// The time of the last one.
    #[n(3)]
    pub last: Time,
    /// How many were recorded.
    #[n(4)]
    pub count: u32,
}

impl FailureReason {
    /// The reason for a lock.
    #[must_use]
    pub fn locked(lock: LockState) -> Self {
        match lock {
            LockState::Until(until) => Self::Locked(Some(until)),
            LockState::Permanent | LockState::Unlocked => Self::Locked(None),
        }
    }

    fn is_same_kind(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// The reason as it may be shown at that time: a code is not called the code of another time
    /// while a login could still accept it.
    fn shown(self, now: Time) -> Self {
        match self {
            Self::OtherTime(time) if now < time.dead_from => Self::WrongCode,
            reason => reason,
        }
    }
}

impl OtherTime {
    /// As a hint told it to the owner.
    pub(super) fn of_hint(hint: Drift, now: Time) -> Self {
        let ahead = u64::try_from(hint.seconds).unwrap_or(0);
        Self {
            drift: hint.seconds,
            dead_from: now.plus(Duration::from_secs(ahead)).plus(LONGEST_WINDOW),
        }
    }
}

impl FailedAttempt {
    fn is_like(&self, reason: FailureReason, service: &str, from: &str) -> bool {
        self.reason.is_same_kind(reason) && self.service == service && self.from == from
    }

    fn is_sound(&self) -> bool {
        self.service == short(&self.service) && self.from == short(&self.from)
    }
}

/// Whether a decoded list is one that is made here.
pub(crate) fn is_sound(attempts: &[FailedAttempt]) -> bool {
    attempts.len() <= MAX_KEPT && attempts.iter().all(FailedAttempt::is_sound)
}

impl Account {
    /// Why the last attempts failed, the newest last.
    pub fn failed_attempts(&self, now: Time) -> impl Iterator<Item = FailedAttempt> {
        let all = self.failed_attempts.iter().flatten();
        all.map(move |one| FailedAttempt {
            reason: one.reason.shown(now),
            ..one.clone()
        })
    }

    /// Whether an attempt that changes nothing else is recorded now: one in a minute for each reason.
    #[must_use]
    pub fn records_refusal(&self, reason: FailureReason, now: Time) -> bool {
        let mut recent = self.failed_attempts.iter().flatten();
        !recent
            .any(|one| one.reason.is_same_kind(reason) && one.last.distance(now) < WRITE_INTERVAL)
    }

    /// Records an attempt that changes nothing else.
    pub fn record_refusal(&mut self, reason: FailureReason, client: Client<'_>, now: Time) {
        if self.records_refusal(reason, now) {
            self.record_failure(reason, client, now);
        }
    }

    /// Records an attempt. One of the same kind from the same place is counted; of too many, the
    /// oldest is removed.
    pub(super) fn record_failure(&mut self, reason: FailureReason, client: Client<'_>, now: Time) {
        let (service, from) = (short(client.service), short(client.from));
        let all = self.failed_attempts.get_or_insert_default();
        let known = all
            .iter()
            .position(|one| one.is_like(reason, &service, &from));
        let count = known.map_or(0, |place| all.remove(place).count);
        if all.len() >= MAX_KEPT {
            all.remove(0);
        }
        all.push(FailedAttempt {
            reason,
            service,
            from,
            last: now,
            count: count.saturating_add(1),
        });
    }

    /// Removes old failed attempts.
    pub(crate) fn forget_old_failures(&mut self, now: Time) {
        if let Some(all) = &mut self.failed_attempts {
            all.retain(|one| one.last.distance(now) <= KEEP);
        }
        self.failed_attempts = self.failed_attempts.take().filter(|all| !all.is_empty());
    }

    /// Why a code is wrong. Every authenticator is searched to the end, so that the time taken does
    /// not tell. A code of the past becomes used: it stays so if the clock of the host is set back. One
    /// that was used before is no sign of a wrong clock.
    pub(super) fn reason_of_wrong(
        &mut self,
        code: &Code,
        factors: Factors,
        scope: ThrottleScope,
        now: Time,
    ) -> FailureReason {
        let length = code.digits().len();
        let mut formats = self.authenticators.iter().filter_map(Authenticator::format);
        if !formats.any(|format| usize::from(format.digits()) == length) {
            return FailureReason::WrongLength;
        }
        let mut others = self.authenticators.iter();
        if others.any(|one| !factors.contains(one.kind()) && one.check(code, now) != Match::No) {
            return FailureReason::FactorNotAccepted;
        }
        // Guesses of a flood are not worth the time.
        if self.throttle.counter(scope).failures() >= MAX_SEARCHES {
            return FailureReason::WrongCode;
        }
        let (mut nearest, mut was_used) = (None::<OtherTime>, false);
        for authenticator in &mut self.authenticators {
            match authenticator.find_other_time(code, now) {
                Match::Fresh(found) => {
                    let known = nearest.filter(|known| known.drift.abs() <= found.drift.abs());
                    nearest = known.or(Some(found));
                }
                Match::Used => was_used = true,
                Match::No => {}
            }
        }
        let pending = self.pending.as_ref().map(|pending| {
            let pending = pending.authenticator();
            pending.check(code, now)
        });
        if was_used {
            return self.reason_of_used(code, now);
        }
        match (nearest, pending) {
            (Some(time), _) => FailureReason::OtherTime(time),
            (None, Some(Match::No) | None) => FailureReason::WrongCode,
            (None, Some(_)) => FailureReason::PendingAuthenticator,
        }
    }

    /// The reason of a code of the past that was used before, or may have been.
    pub(super) fn reason_of_used(&self, code: &Code, now: Time) -> FailureReason {
        let mut all = self.authenticators.iter();
        match all.any(|one| one.is_void_of_past(code, now)) {
            true => FailureReason::VoidCode,
            false => FailureReason::UsedCode,
        }
    }
}
