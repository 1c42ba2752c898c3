//! Answers that were judged lately, so that one that arrives twice has one effect.
//!
//! A reply may be lost after the commit, and the answer is sent again, also to another verifier. A right
//! one is then right again, for the attempt that used the code and for no other. A wrong one stays wrong:
//! it is not counted again, and not compared again, because its code may have become right meanwhile.
//! The record holds this, so of several verifiers only one can be the first.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::{Account, Client, Factor, Judgement};
use crate::attempt::AnswerMark;
use crate::backup::Found;
use crate::{
    AnswerId, AuthenticatorId, Credential, FactorKind, Factors, LockState, ThrottleScope, Time,
};

/// How far from now an answer may have been judged, in either direction: the clocks of two verifiers
/// differ.
const LIFETIME: Duration = Duration::from_secs(120);
/// The number of answers that are kept.
const MAX_KEPT: usize = 8;

/// What an answer was judged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
enum Outcome {
    /// Wrong, and counted.
    #[n(0)]
    Wrong,
    /// A code of this authenticator.
    #[n(1)]
    Authenticator(#[n(0)] AuthenticatorId),
    #[n(2)]
    BackupCode,
}

impl Outcome {
    /// `None` for a judgement that is made anew each time.
    fn of(judgement: Judgement) -> Option<Self> {
        match judgement {
            Judgement::Wrong(_) => Some(Self::Wrong),
            Judgement::Accepted(Factor::Authenticator(id, _)) => Some(Self::Authenticator(id)),
            Judgement::Accepted(Factor::BackupCode) => Some(Self::BackupCode),
            // sshd checks a key in each login. The recovery code is a matter of one host, which keeps
            // its state apart from the account.
            Judgement::Accepted(Factor::SecurityKey(_) | Factor::RecoveryCode)
            | Judgement::AcceptedBefore(..)
            | Judgement::AlreadyUsed
            | Judgement::Void(_)
            | Judgement::Locked(_)
            | Judgement::NotACode
            | Judgement::BackupCodeNotAccepted
            | Judgement::GaveUp
            | Judgement::Rehash => None,
        }
    }
}

/// An answer that was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
struct JudgedAnswer {
    #[n(0)]
    mark: AnswerMark,
    #[n(1)]
    at: Time,
    #[n(2)]
    outcome: Outcome,
}

impl JudgedAnswer {
    fn is_recent(&self, now: Time) -> bool {
        self.at.distance(now) <= LIFETIME
    }
}

/// The last answers that were judged, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(crate) struct JudgedAnswers(#[n(0)] Vec<JudgedAnswer>);

impl JudgedAnswers {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(super) fn is_sound(&self) -> bool {
        self.0.len() <= MAX_KEPT
    }

    fn find(&self, mark: AnswerMark, now: Time) -> Option<JudgedAnswer> {
        let mut recent = self.0.iter().filter(|one| one.is_recent(now));
        recent.find(|one| one.mark == mark).copied()
    }

    /// Of too many, the oldest wrong one is removed first: guesses must not push out the owner's code.
    fn record(&mut self, mark: AnswerMark, outcome: Outcome, now: Time) {
        self.0.retain(|one| one.is_recent(now) && one.mark != mark);
        if self.0.len() >= MAX_KEPT {
            let wrong = self.0.iter().position(|one| one.outcome == Outcome::Wrong);
            self.0.remove(wrong.unwrap_or(0));
        }
        self.0.push(JudgedAnswer {
            mark,
            at: now,
            outcome,
        });
    }
}

impl Account {
    /// Records an answer that was judged now, unless it is judged anew each time.
    pub(super) fn record_judged(
        &mut self,
        mark: Option<AnswerMark>,
        judgement: Judgement,
        now: Time,
    ) {
        if let (Some(mark), Some(outcome)) = (mark, Outcome::of(judgement)) {
            self.judged.record(mark, outcome, now);
        }
    }

    /// Whether an answer was judged before.
    pub(crate) fn was_judged(
        &self,
        client: Client<'_>,
        credential: &Credential,
        now: Time,
    ) -> bool {
        let mark = client.answer.and_then(|answer| answer.mark(credential));
        mark.is_some_and(|mark| self.judged.find(mark, now).is_some())
    }

    /// Whether this answer was wrong before, so that it stays wrong, and a code of it need not be hashed.
    #[must_use]
    pub fn is_known_wrong(&self, answer: AnswerId, credential: &Credential, now: Time) -> bool {
        self.was_wrong(answer.mark(credential), now)
    }

    /// Whether an answer was wrong before.
    pub(super) fn was_wrong(&self, mark: Option<AnswerMark>, now: Time) -> bool {
        let judged = mark.and_then(|mark| self.judged.find(mark, now));
        judged.is_some_and(|judged| judged.outcome == Outcome::Wrong)
    }

    /// The judgement over an answer that was judged before. `None` for a new answer, and where what was
    /// accepted is accepted no longer.
    pub(super) fn judged_before(
        &self,
        mark: Option<AnswerMark>,
        credential: &Credential,
        factors: Factors,
        scope: ThrottleScope,
        now: Time,
    ) -> Option<Judgement> {
        let JudgedAnswer { at, outcome, .. } = self.judged.find(mark?, now)?;
        let factor = match outcome {
            Outcome::Wrong => return Some(Judgement::Wrong(self.lock_state(scope, now))),
            Outcome::Authenticator(id) => {
                // The lock of backup codes, which the caller has checked, may be open alone.
                let is_open = self.lock_state(scope, now) == LockState::Unlocked;
                let authenticator = self.authenticator(id).filter(|_| is_open)?;
                let kind = authenticator.kind();
                let is_accepted = factors.contains(kind);
                is_accepted.then_some(Factor::Authenticator(id, kind))?
            }
            Outcome::BackupCode => {
                let is_accepted = factors.contains(FactorKind::BackupCode)
                    && self.find_backup_code(credential) == Found::Used;
                is_accepted.then_some(Factor::BackupCode)?
            }
        };
        Some(Judgement::AcceptedBefore(factor, at))
    }
}
