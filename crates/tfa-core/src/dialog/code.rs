//! The prompt for a code.

use super::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
use crate::account::OwnDialog;
use crate::{
    Account, Change, ChangedBy, Client, Credential, Factor, Factors, FailureReason, Judgement,
    LockScope, LockState, ThrottleScope, Time,
};

/// The maximum number of answers of one dialog.
pub const MAX_TRIES: u8 = 3;

/// The state of the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskCode {
    scope: ThrottleScope,
    counted_on: LockScope,
    answers_left: u8,
    /// What is not reported, because the same dialog ends with a right code.
    own: OwnDialog,
    /// Only the host's recovery code is accepted.
    only_recovery: bool,
}

impl AskCode {
    /// Asks for a code, unless the account is locked.
    #[must_use]
    pub fn begin(account: &Account, scope: ThrottleScope, now: Time) -> Begun {
        Self::begin_with_recovery(account, Factors::ANY, scope, || false, now)
    }

    /// As [`Self::begin`], with the second factors that are accepted. `may_recover` tells whether the
    /// user may use the host's recovery code. It is called only at the console, for an account that is
    /// permanently locked, or that has nothing else to enter there.
    #[must_use]
    pub fn begin_with_recovery(
        account: &Account,
        factors: Factors,
        scope: ThrottleScope,
        may_recover: impl FnOnce() -> bool,
        now: Time,
    ) -> Begun {
        let counted_on = account.lock_scope(scope, now);
        let closed = account.lock_state(scope, now);
        let says = match (closed, account.backup_lock_state(scope, now)) {
            (LockState::Unlocked, _) => {
                let has_codes = account.has_codes_of(factors);
                // The recovery code of the host is accepted at the question for a backup code.
                if !has_codes
                    && account.backup_codes_of(factors) == 0
                    && !(scope == ThrottleScope::Console && may_recover())
                {
                    return Begun::end(accepted(account, factors), Verdict::Denied);
                }
                accepted(account, factors)
            }
            (LockState::Permanent, LockState::Unlocked) => {
                match (account.backup_codes_of(factors) > 0, may_recover()) {
                    (true, false) => Some(Message::BackupCodeOnly),
                    (true, true) => Some(Message::BackupOrRecoveryCodeOnly),
                    (false, true) => Some(Message::RecoveryCodeOnly),
                    (false, false) => {
                        let locked = Message::Locked(LockState::Permanent, counted_on);
                        return Begun::end(Some(locked), Verdict::Locked);
                    }
                }
            }
            (LockState::Permanent, until @ LockState::Until(_)) => {
                return Begun::end(Some(Message::Locked(until, counted_on)), Verdict::Locked);
            }
            (closed, _) => {
                return Begun::end(Some(Message::Locked(closed, counted_on)), Verdict::Locked);
            }
        };
        let turn = Turn {
            says,
            report: None,
            next: question(account, factors),
        };
        Begun {
            turn,
            dialog: Some(Dialog::AskCode(Self {
                scope,
                counted_on,
                answers_left: MAX_TRIES,
                own: account.own_dialog(now),
                only_recovery: false,
            })),
        }
    }

    /// Asks an administrator at the console for the host's recovery code, in a login that is refused
    /// otherwise. `None` where wrong codes have locked the console.
    #[must_use]
    pub fn begin_for_recovery(account: &Account, now: Time) -> Option<Begun> {
        let scope = ThrottleScope::Console;
        let is_open = account.backup_lock_state(scope, now) == LockState::Unlocked;
        is_open.then(|| Begun {
            turn: Turn {
                says: None,
                report: None,
                next: Next::AskRecoveryCode,
            },
            dialog: Some(Dialog::AskCode(Self {
                scope,
                counted_on: account.lock_scope(scope, now),
                answers_left: MAX_TRIES,
                own: account.own_dialog(now),
                only_recovery: true,
            })),
        })
    }

    /// Whether only the host's recovery code is accepted, in a login that is refused otherwise.
    #[must_use]
    pub fn is_only_for_recovery(&self) -> bool {
        self.only_recovery
    }

    /// The scope in which wrong codes are counted.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        self.scope
    }

    /// What wrong codes counted on when the dialog began.
    #[must_use]
    pub fn counted_on(&self) -> LockScope {
        self.counted_on
    }

    /// Handles an answer. The caller evaluates the policy again ([`PolicyDecision::asks_for`]): if the
    /// account is no longer asked for a second factor, the dialog ends with a refusal, and the next login
    /// follows the new state.
    ///
    /// [`PolicyDecision::asks_for`]: crate::PolicyDecision::asks_for
    #[must_use]
    pub fn answer(
        &self,
        asked_for: Option<Factors>,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> Answered {
        let Some(factors) = asked_for else {
            return Answered::end(Some(Message::Changed), Verdict::Denied);
        };
        let credential = match credential {
            Credential::Recovery(_) | Credential::Empty => credential,
            _ if self.only_recovery => &Credential::Malformed,
            _ => credential,
        };
        let judgement = account.judge_from(client, factors, credential, self.scope, now);
        // A program that runs as the user costs no write.
        if let Some(reason) = refused(judgement)
            && self.scope != ThrottleScope::OwnProgram
        {
            account.record_refusal(reason, client, now);
        }
        match judgement {
            Judgement::Rehash => Answered::Rehash,
            Judgement::Accepted(factor) => {
                account.last_login = Some(now);
                account.forget_old_failures(now);
                let says = match factor {
                    Factor::Authenticator(..) | Factor::SecurityKey(_) => None,
                    Factor::BackupCode => {
                        let left = account.backup_codes_left();
                        Some(Message::BackupCodeUsed { left })
                    }
                    Factor::RecoveryCode => Some(Message::RecoveryCodeUsed),
                };
                let report = account.report_after(&self.own, client, now);
                if factor == Factor::RecoveryCode {
                    // After the report: whoever uses the code knows of it, and may not be the owner.
                    let entered = Change::RecoveryCodeEntered(client.from.to_owned());
                    account.notify(entered, ChangedBy::Administrator, now);
                }
                let next = Next::End(Verdict::Verified(factor));
                Answered::Turn(Turn { says, report, next }, None)
            }
            Judgement::GaveUp => Answered::end(None, Verdict::Denied),
            Judgement::Locked(lock_state) => {
                let counted_on = account.lock_scope(self.scope, now);
                Answered::end(
                    Some(Message::Locked(lock_state, counted_on)),
                    Verdict::Locked,
                )
            }
            Judgement::Wrong(LockState::Unlocked) => self.again(Message::Wrong, account, factors),
            Judgement::Wrong(lock_state) => {
                let counted_on = account.lock_scope(self.scope, now);
                Answered::end(
                    Some(Message::WrongAndLocked(lock_state, counted_on)),
                    Verdict::Locked,
                )
            }
            Judgement::AlreadyUsed => {
                // The owner often enters the code of a login again in a program in its session.
                if self.scope != ThrottleScope::OwnProgram {
                    account.record_used_code(client.from, now);
                }
                self.again(Message::AlreadyUsed, account, factors)
            }
            Judgement::NotACode => self.again(Message::NotACode, account, factors),
            Judgement::BackupCodeNotAccepted => {
                self.again(Message::BackupCodeNotAccepted, account, factors)
            }
        }
    }

    fn again(&self, says: Message, account: &Account, factors: Factors) -> Answered {
        let OwnDialog {
            wrong_codes,
            used_codes,
        } = self.own.clone();
        let own = OwnDialog {
            wrong_codes: wrong_codes.and(says.is_failure()),
            used_codes: used_codes.and(says == Message::AlreadyUsed),
        };
        let answers_left = self.answers_left.saturating_sub(1);
        if answers_left == 0 {
            return Answered::end(Some(says), Verdict::Denied);
        }
        Answered::Turn(
            Turn {
                says: Some(says),
                report: None,
                next: if self.only_recovery {
                    Next::AskRecoveryCode
                } else {
                    question(account, factors)
                },
            },
            Some(Dialog::AskCode(Self {
                answers_left,
                own,
                ..self.clone()
            })),
        )
    }
}

/// The reason of an answer that was refused and changed nothing.
fn refused(judgement: Judgement) -> Option<FailureReason> {
    match judgement {
        Judgement::Locked(lock) => Some(FailureReason::locked(lock)),
        Judgement::AlreadyUsed => Some(FailureReason::UsedCode),
        Judgement::NotACode => Some(FailureReason::NotACode),
        Judgement::BackupCodeNotAccepted => Some(FailureReason::FactorNotAccepted),
        Judgement::Accepted(_) | Judgement::Wrong(_) | Judgement::GaveUp | Judgement::Rehash => {
            None
        }
    }
}

/// The question for whatever the user can type.
fn question(account: &Account, factors: Factors) -> Next {
    if account.has_codes_of(factors) {
        Next::AskCode {
            digits: account.digits_of(factors),
        }
    } else {
        Next::AskBackupCode
    }
}

/// Says which second factors are accepted, unless that is any code of the user.
fn accepted(account: &Account, factors: Factors) -> Option<Message> {
    let backup_codes_left = account.backup_codes_left();
    match (factors.is_any(), account.has_codes_of(factors)) {
        (true, true) => None,
        (true, false) => Some(Message::NoSecurityKey { backup_codes_left }),
        (false, _) => Some(Message::AcceptedFactors(factors)),
    }
}
