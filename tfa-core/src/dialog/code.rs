//! The question for a code.

use super::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
use crate::{Account, Decision, Evidence, Factor, Gate, Judgement, Origin, Time};

/// How many answers one dialog takes.
pub const TRIES: u8 = 3;

/// The question under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskCode {
    origin: Origin,
    answers_left: u8,
}

impl AskCode {
    /// Puts the question, unless the account is locked.
    #[must_use]
    pub fn begin(account: &Account, origin: Origin, now: Time) -> Begun {
        let tally = account.throttle().tally(origin);
        let says = match (tally.gate(now), tally.pace(now), origin) {
            (Gate::Open, ..) => None,
            (Gate::ForGood, Gate::Open, Origin::Console) if account.backup_codes_left() > 0 => {
                Some(Message::BackupCodeOnly)
            }
            (Gate::ForGood, closed @ Gate::Until(_), Origin::Console) | (closed, ..) => {
                return Begun::end(Some(Message::Locked(closed)), Verdict::Locked);
            }
        };
        let turn = Turn {
            says,
            next: Next::AskCode {
                digits: account.digits(),
            },
        };
        Begun {
            turn,
            dialog: Some(Dialog::AskCode(Self {
                origin,
                answers_left: TRIES,
            })),
        }
    }

    /// Where the person sits.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Takes an answer. The decision is made anew by the caller: an account that is no longer
    /// asked ends the dialog without a yes, and the next login goes by the new state.
    #[must_use]
    pub fn answer(
        &self,
        decision: Decision,
        account: &mut Account,
        evidence: &Evidence,
        now: Time,
    ) -> Answered {
        if decision != Decision::Ask {
            return Answered::end(Some(Message::Changed), Verdict::Denied);
        }
        match account.judge(evidence, self.origin, now) {
            Judgement::Rehash => Answered::Rehash,
            Judgement::Accepted(factor) => {
                account.last_login = Some(now);
                let left = account.backup_codes_left();
                let says =
                    (factor == Factor::BackupCode).then_some(Message::BackupCodeUsed { left });
                Answered::end(says, Verdict::Verified(factor))
            }
            Judgement::GaveUp => Answered::end(None, Verdict::Denied),
            Judgement::Locked(gate) => Answered::end(Some(Message::Locked(gate)), Verdict::Locked),
            Judgement::Wrong(Gate::Open) => self.again(Message::Wrong(Gate::Open), account),
            Judgement::Wrong(gate) => Answered::end(Some(Message::Wrong(gate)), Verdict::Locked),
            Judgement::Spent => self.again(Message::Spent, account),
            Judgement::NotACode => self.again(Message::NotACode, account),
        }
    }

    fn again(&self, says: Message, account: &Account) -> Answered {
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
                next,
            },
            Some(Dialog::AskCode(Self {
                answers_left,
                ..*self
            })),
        )
    }
}
