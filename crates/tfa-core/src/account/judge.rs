//! The judgement over a code.

use super::{Account, Client, FailureReason};
use crate::backup::Found;
use crate::{
    Authenticator, AuthenticatorId, AuthenticatorKind, BackupSet, Code, Credential, FactorKind,
    Factors,
};
use crate::{LockState, Match, ThrottleScope, Time};

/// What verified the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A one-time code of this authenticator, which is of this kind.
    Authenticator(AuthenticatorId, AuthenticatorKind),
    /// This security key, whose signature sshd has verified.
    SecurityKey(AuthenticatorId),
    /// A backup code.
    BackupCode,
    /// The recovery code of the host.
    RecoveryCode,
}

impl Factor {
    /// The kind, as rules name it. The recovery code is none of those that a user enrolls.
    #[must_use]
    pub fn kind(self) -> Option<FactorKind> {
        match self {
            Self::Authenticator(_, kind) => Some(kind.into()),
            Self::SecurityKey(_) => Some(FactorKind::SecurityKey),
            Self::BackupCode => Some(FactorKind::BackupCode),
            Self::RecoveryCode => None,
        }
    }
}

/// The result of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Right; the code is now used.
    Accepted(Factor),
    /// The same answer was right at this time, when it arrived first. Nothing has changed now.
    AcceptedBefore(Factor, Time),
    /// The code was used before. It does not count as a wrong code, because it tells a guesser
    /// nothing.
    AlreadyUsed,
    /// The code may have been used before the account was moved or restored here. No one is known to have
    /// used it, so it is no sign of a thief, and it does not count as a wrong code. The authenticator
    /// shows a code that is accepted from this time on.
    Void(Time),
    /// Wrong, and counted. The state tells whether a further code is accepted now.
    Wrong(LockState),
    /// Not checked: there were too many wrong codes.
    Locked(LockState),
    /// The input does not have the form of a code. It is not counted.
    NotACode,
    /// A backup code where none is accepted. It is neither checked nor counted.
    BackupCodeNotAccepted,
    /// The input was empty: the user gave up.
    GaveUp,
    /// The backup codes changed in the meantime: the caller must hash the answer again and repeat
    /// the call.
    Rehash,
}

impl Account {
    /// Checks an answer. A right code becomes used, a wrong one is counted. The caller must store
    /// the account before it lets the login proceed.
    #[must_use]
    pub fn judge(&mut self, credential: &Credential, scope: ThrottleScope, now: Time) -> Judgement {
        self.judge_from(Client::OWN_PROGRAM, Factors::ANY, credential, scope, now)
    }

    /// As [`Self::judge`], with the remote host or the terminal of the answer, and with the second
    /// factors that are accepted. A code of another one is wrong, and stays unused.
    pub(crate) fn judge_from(
        &mut self,
        client: Client<'_>,
        factors: Factors,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Judgement {
        let lock_state = match credential {
            Credential::Backup(..) if !factors.contains(FactorKind::BackupCode) => {
                return Judgement::BackupCodeNotAccepted;
            }
            Credential::CodeOrBackup(..) if !factors.contains(FactorKind::BackupCode) => {
                self.lock_state(scope, now)
            }
            Credential::CodeOrBackup(..) | Credential::Backup(..) | Credential::Recovery(_) => {
                self.backup_lock_state(scope, now)
            }
            _ => self.lock_state(scope, now),
        };
        let mark = client.answer.and_then(|answer| answer.mark(credential));
        match lock_state {
            LockState::Unlocked => {}
            // Also the answer that has closed the lock arrives twice.
            closed if self.was_wrong(mark, now) => return Judgement::Wrong(closed),
            closed => return Judgement::Locked(closed),
        }
        if let Some(judgement) = self.judged_before(mark, credential, factors, scope, now) {
            return judgement;
        }
        let judgement = self.judge_new(client, factors, credential, scope, now);
        self.record_judged(mark, judgement, now);
        judgement
    }

    /// Checks an answer that was not judged before, in a login that is not locked for it.
    fn judge_new(
        &mut self,
        client: Client<'_>,
        factors: Factors,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Judgement {
        match credential {
            Credential::Empty => Judgement::GaveUp,
            Credential::Malformed => Judgement::NotACode,
            Credential::Code(code) => {
                if let Some(judgement) = self.judge_code(code, factors, scope, now) {
                    return judgement;
                }
                // The codes were imported meanwhile.
                if code.may_be_backup() && self.accepts_imported_codes(factors) {
                    return Judgement::Rehash;
                }
                let reason = self.reason_of_wrong(code, factors, scope, now);
                self.wrong(reason, client, scope, now)
            }
            Credential::CodeOrBackup(code, _) => {
                if self.lock_state(scope, now) == LockState::Unlocked
                    && let Some(judgement) = self.judge_code(code, factors, scope, now)
                {
                    return judgement;
                }
                let found = match self.accepts_imported_codes(factors) {
                    true => self.find_backup_code(credential),
                    false => Found::No,
                };
                let reason = match found {
                    Found::No => self.reason_of_wrong(code, factors, scope, now),
                    _ => FailureReason::WrongBackupCode,
                };
                self.judge_found(found, reason, client, scope, now)
            }
            // Accepted at the console only, whatever the caller has compared.
            Credential::Recovery(_) if scope != ThrottleScope::Console => Judgement::NotACode,
            Credential::Recovery(matched) => match matched {
                // It belongs to the host and proves no ownership of the record: `code_accepted`
                // stays as it is.
                Match::Fresh(()) => {
                    self.unlock();
                    Judgement::Accepted(Factor::RecoveryCode)
                }
                Match::Used => Judgement::AlreadyUsed,
                Match::No => self.wrong(FailureReason::WrongRecoveryCode, client, scope, now),
            },
            Credential::Backup(..) => {
                let found = self.find_backup_code(credential);
                self.judge_found(found, FailureReason::WrongBackupCode, client, scope, now)
            }
        }
    }

    /// Searches a credential in the set of backup codes.
    pub(super) fn find_backup_code(&self, credential: &Credential) -> Found {
        let hashed = match credential {
            Credential::Backup(_, hashed) => hashed.as_ref(),
            Credential::CodeOrBackup(_, hashed) => Some(hashed),
            Credential::Code(_)
            | Credential::Recovery(_)
            | Credential::Malformed
            | Credential::Empty => return Found::No,
        };
        match (&self.backup, hashed) {
            (Some(set), Some(hashed)) => set.find(hashed),
            (Some(_), None) => Found::OtherSet,
            (None, _) => Found::No,
        }
    }

    /// Whether eight digits may be a backup code.
    fn accepts_imported_codes(&self, factors: Factors) -> bool {
        factors.contains(FactorKind::BackupCode)
            && self.backup.as_ref().is_some_and(BackupSet::is_imported)
    }

    /// Checks a one-time code; `None` if it is wrong.
    fn judge_code(
        &mut self,
        code: &Code,
        factors: Factors,
        scope: ThrottleScope,
        now: Time,
    ) -> Option<Judgement> {
        match self.accept_code(code, factors, now) {
            Match::Fresh((id, kind)) => {
                self.code_accepted = true;
                self.end_row(scope, now);
                Some(Judgement::Accepted(Factor::Authenticator(id, kind)))
            }
            Match::Used => {
                let end = self.void_end(code, factors, now);
                Some(end.map_or(Judgement::AlreadyUsed, Judgement::Void))
            }
            Match::No => None,
        }
    }

    /// Judges a backup code by what was found in the set.
    fn judge_found(
        &mut self,
        found: Found,
        reason: FailureReason,
        client: Client<'_>,
        scope: ThrottleScope,
        now: Time,
    ) -> Judgement {
        match found {
            Found::OtherSet => Judgement::Rehash,
            Found::Used => Judgement::AlreadyUsed,
            Found::No => self.wrong(reason, client, scope, now),
            Found::At(place) => {
                if let Some(set) = &mut self.backup {
                    set.mark_used(place);
                }
                self.code_accepted = true;
                match scope {
                    ThrottleScope::Console => self.unlock(),
                    _ => self.end_row(scope, now),
                }
                Judgement::Accepted(Factor::BackupCode)
            }
        }
    }

    /// Checks a code against every authenticator of an accepted kind. One that is accepted becomes used
    /// in every authenticator that it fits, so that no other one accepts the same digits again.
    fn accept_code(
        &mut self,
        code: &Code,
        factors: Factors,
        now: Time,
    ) -> Match<(AuthenticatorId, AuthenticatorKind)> {
        let (mut accepted, mut used) = (None, false);
        let is_of = |one: &&mut Authenticator| factors.contains(one.kind());
        for authenticator in self.authenticators.iter_mut().filter(is_of) {
            match authenticator.accept(code, now) {
                Match::Fresh(_) => {
                    accepted = accepted.or(Some((authenticator.id(), authenticator.kind())));
                }
                Match::Used => used = true,
                Match::No => {}
            }
        }
        if accepted.is_some() {
            for authenticator in self.authenticators.iter_mut().filter(|one| !is_of(one)) {
                authenticator.accept(code, now);
            }
        }
        match accepted {
            Some(accepted) => Match::Fresh(accepted),
            None if used => Match::Used,
            None => Match::No,
        }
    }

    /// Whether a code that counts as used is void, and no authenticator of an accepted kind knows that it
    /// was used. Returns the time from which on each shows one that is accepted.
    pub(super) fn void_end(&self, code: &Code, factors: Factors, now: Time) -> Option<Time> {
        let all = self.authenticators.iter();
        let refusing =
            all.filter(|one| factors.contains(one.kind()) && one.check(code, now) == Match::Used);
        let ends: Option<Vec<Time>> = refusing.map(|one| one.void_end(code, now)).collect();
        ends?.into_iter().max()
    }

    /// Counts a wrong code.
    pub(crate) fn wrong(
        &mut self,
        reason: FailureReason,
        client: Client<'_>,
        scope: ThrottleScope,
        now: Time,
    ) -> Judgement {
        if !self.authenticators.is_empty() {
            self.record_wrong_code(client.from, now);
            self.record_failure(reason, client, now);
        }
        self.count_wrong(scope, now);
        Judgement::Wrong(self.lock_state(scope, now))
    }
}
