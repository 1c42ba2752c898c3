//! The question for a code.

use super::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
use crate::{
    Account, Client, Credential, Factor, Judgement, LockState, Requirement, ThrottleScope, Time,
    WrongCodes,
};

/// How many answers one dialog takes.
pub const MAX_TRIES: u8 = 3;

/// The question under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskCode {
    scope: ThrottleScope,
    answers_left: u8,
    /// Wrong codes of the dialog's own.
    wrong: u32,
    /// The wrong codes that there were before it.
    before: Option<WrongCodes>,
}

impl AskCode {
    /// Puts the question, unless the account is locked.
    #[must_use]
    pub fn begin(account: &Account, scope: ThrottleScope, now: Time) -> Begun {
        let counter = account.throttle().counter(scope);
        let says = match (counter.lock_state(now), counter.timed_lock(now), scope) {
            (LockState::Unlocked, ..) => None,
            (LockState::Permanent, LockState::Unlocked, ThrottleScope::Console)
                if account.backup_codes_left() > 0 =>
            {
                Some(Message::BackupCodeOnly)
            }
            (LockState::Permanent, closed @ LockState::Until(_), ThrottleScope::Console)
            | (closed, ..) => {
                return Begun::end(Some(Message::Locked(closed)), Verdict::Locked);
            }
        };
        let turn = Turn {
            says,
            told: None,
            next: Next::AskCode {
                digits: account.digits(),
            },
        };
        Begun {
            turn,
            dialog: Some(Dialog::AskCode(Self {
                scope,
                answers_left: MAX_TRIES,
                wrong: 0,
                before: account.pending_wrong_codes(now).cloned(),
            })),
        }
    }

    /// Where the person sits.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        self.scope
    }

    /// Takes an answer. The decision is made anew by the caller: an account that is no longer
    /// asked ends the dialog without a yes, and the next login goes by the new state.
    #[must_use]
    pub fn answer(
        &self,
        requirement: Requirement,
        account: &mut Account,
        credential: &Credential,
        client: Client<'_>,
        now: Time,
    ) -> Answered {
        if requirement != Requirement::Ask {
            return Answered::end(Some(Message::Changed), Verdict::Denied);
        }
        match account.judge_from(client.from, credential, self.scope, now) {
            Judgement::Rehash => Answered::Rehash,
            Judgement::Accepted(factor) => {
                account.last_login = Some(now);
                let left = account.backup_codes_left();
                let says =
                    (factor == Factor::BackupCode).then_some(Message::BackupCodeUsed { left });
                let told = if client.shows {
                    account.tell_wrong_codes(self.wrong, self.before.as_ref(), now)
                } else {
                    None
                };
                let next = Next::End(Verdict::Verified(factor));
                Answered::Turn(Turn { says, told, next }, None)
            }
            Judgement::GaveUp => Answered::end(None, Verdict::Denied),
            Judgement::Locked(lock_state) => {
                Answered::end(Some(Message::Locked(lock_state)), Verdict::Locked)
            }
            Judgement::Wrong(LockState::Unlocked) => {
                self.again(Message::Wrong(LockState::Unlocked), account)
            }
            Judgement::Wrong(lock_state) => {
                Answered::end(Some(Message::Wrong(lock_state)), Verdict::Locked)
            }
            Judgement::AlreadyUsed => self.again(Message::AlreadyUsed, account),
            Judgement::NotACode => self.again(Message::NotACode, account),
        }
    }

    fn again(&self, says: Message, account: &Account) -> Answered {
        let wrong = self.wrong + u32::from(says.is_failure());
        let answers_left = self.answers_left.saturating_sub(1);
        if answers_left == 0 {
            return Answered::end(Some(says), Verdict::Denied);
        }
        let next = Next::AskCode {
            digits: account.digits(),
        };
        Answered::Turn(
            Turn {
                says: Some(says),
                told: None,
                next,
            },
            Some(Dialog::AskCode(Self {
                answers_left,
                wrong,
                ..self.clone()
            })),
        )
    }
}
