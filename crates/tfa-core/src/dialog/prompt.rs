//! A prompt that is repeated after an answer which is not right: what [`AskCode`](super::AskCode) and
//! [`AskRecoveryCode`](super::AskRecoveryCode) have in common.

use super::{Answered, Message, Next, Turn, Verdict};
use crate::account::OwnDialog;
use crate::{
    Account, Change, ChangedBy, Client, Credential, Factor, Factors, FailureReason, Judgement,
    LockScope, LockState, ThrottleScope, Time,
};

/// The maximum number of answers of one dialog.
pub const MAX_TRIES: u8 = 3;

/// The state of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prompt {
    scope: ThrottleScope,
    counted_on: LockScope,
    answers_left: u8,
    /// What is not reported, because the same dialog ends with a right code.
    own: OwnDialog,
}

/// What follows an answer.
pub(super) enum Followed {
    /// The dialog ends, or the caller must repeat the call.
    Ended(Answered),
    /// The same answer was right at that time. The dialog ends with the turn of then, of which all is
    /// stored.
    EndedBefore(Turn, Time),
    /// The prompt is repeated after the message.
    Repeated(Message, Prompt),
}

impl Prompt {
    pub(super) fn new(account: &Account, scope: ThrottleScope, now: Time) -> Self {
        Self {
            scope,
            counted_on: account.lock_scope(scope, now),
            answers_left: MAX_TRIES,
            own: account.own_dialog(now),
        }
    }

    pub(super) fn scope(&self) -> ThrottleScope {
        self.scope
    }

    pub(super) fn counted_on(&self) -> LockScope {
        self.counted_on
    }

    /// Judges an answer, and records it in the account.
    pub(super) fn answer(
        &self,
        factors: Factors,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> Followed {
        let judgement = account.judge_from(client, factors, credential, self.scope, now);
        // A program that runs as the user costs no write.
        if let Some(reason) = refused(judgement)
            && !self.scope.is_own_program()
        {
            account.record_refusal(reason, client, now);
        }
        let answered = match judgement {
            Judgement::Rehash => Answered::Rehash,
            Judgement::Accepted(factor) => {
                Answered::Turn(self.accepted(factor, account, client, now), None)
            }
            Judgement::AcceptedBefore(factor, at) => {
                let turn = self.accepted(factor, &mut account.clone(), client, at);
                return Followed::EndedBefore(turn, at);
            }
            Judgement::GaveUp => Answered::end(None, Verdict::Denied),
            Judgement::Locked(lock_state) => {
                let counted_on = account.lock_scope(self.scope, now);
                Answered::end(
                    Some(Message::Locked(lock_state, counted_on)),
                    Verdict::Locked,
                )
            }
            Judgement::Wrong(LockState::Unlocked) => return self.again(Message::Wrong),
            Judgement::Wrong(lock_state) => {
                let counted_on = account.lock_scope(self.scope, now);
                Answered::end(
                    Some(Message::WrongAndLocked(lock_state, counted_on)),
                    Verdict::Locked,
                )
            }
            Judgement::AlreadyUsed => {
                // The owner often enters the code of a login again in a program in its session.
                if !self.scope.is_own_program() {
                    account.record_used_code(client.from, now);
                }
                return self.again(Message::AlreadyUsed);
            }
            Judgement::Void(end) => return self.again(Message::VoidCode(end)),
            Judgement::NotACode => return self.again(Message::NotACode),
            Judgement::BackupCodeNotAccepted => return self.again(Message::BackupCodeNotAccepted),
        };
        Followed::Ended(answered)
    }

    fn accepted(
        &self,
        factor: Factor,
        account: &mut Account,
        client: Client<'_>,
        now: Time,
    ) -> Turn {
        account.last_login = Some(now);
        account.forget_old_failures(now);
        let says = match factor {
            Factor::Authenticator(..) | Factor::SecurityKey(_) => None,
            Factor::BackupCode => {
                let left = account.backup_codes_left();
                let has_codes = account.has_codes_of(Factors::ANY);
                Some(Message::BackupCodeUsed { left, has_codes })
            }
            Factor::RecoveryCode => Some(Message::RecoveryCodeUsed),
        };
        let report = account.report_after(&self.own, factor.into(), client, now);
        if factor == Factor::RecoveryCode {
            // After the report: the user of the code knows of it, and may not be the owner.
            let entered = Change::RecoveryCodeEntered(client.from.to_owned());
            account.notify(entered, ChangedBy::Administrator, now);
        }
        Turn {
            says,
            report,
            next: Next::End(Verdict::Verified(factor)),
        }
    }

    fn again(&self, says: Message) -> Followed {
        let OwnDialog {
            wrong_codes,
            used_codes,
        } = self.own.clone();
        let own = OwnDialog {
            wrong_codes: wrong_codes.and(says.is_failure()),
            used_codes: used_codes.and(says == Message::AlreadyUsed),
        };
        Followed::Repeated(
            says,
            Self {
                answers_left: self.answers_left.saturating_sub(1),
                own,
                ..*self
            },
        )
    }
}

impl Followed {
    /// When the same answer was right before.
    pub(super) fn right_before(&self) -> Option<Time> {
        match self {
            Self::EndedBefore(_, at) => Some(*at),
            Self::Ended(_) | Self::Repeated(..) => None,
        }
    }

    /// Asks again with `question`, or ends the dialog after the last answer.
    pub(super) fn ask_again(
        self,
        question: impl FnOnce(Message, Prompt) -> (Message, Next, super::Dialog),
    ) -> Answered {
        let (says, prompt) = match self {
            Self::Ended(answered) => return answered,
            Self::EndedBefore(turn, _) => return Answered::Turn(turn, None),
            Self::Repeated(says, prompt) => (says, prompt),
        };
        let is_last = prompt.answers_left == 0;
        let (says, next, dialog) = question(says, prompt);
        if is_last {
            return Answered::end(Some(says), Verdict::Denied);
        }
        let turn = Turn {
            says: Some(says),
            report: None,
            next,
        };
        Answered::Turn(turn, Some(dialog))
    }
}

/// The reason of an answer that was refused and changed nothing.
fn refused(judgement: Judgement) -> Option<FailureReason> {
    match judgement {
        Judgement::Locked(lock) => Some(FailureReason::locked(lock)),
        Judgement::AlreadyUsed => Some(FailureReason::UsedCode),
        Judgement::Void(_) => Some(FailureReason::VoidCode),
        Judgement::NotACode => Some(FailureReason::NotACode),
        Judgement::BackupCodeNotAccepted => Some(FailureReason::FactorNotAccepted),
        Judgement::Accepted(_)
        | Judgement::AcceptedBefore(..)
        | Judgement::Wrong(_)
        | Judgement::GaveUp
        | Judgement::Rehash => None,
    }
}
