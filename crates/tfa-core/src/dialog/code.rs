//! The question for a code.

use super::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
use crate::{
    Account, Client, Decision, Evidence, Factor, Gate, Judgement, Origin, Time, WrongCodes,
};

/// How many answers one dialog takes.
pub const TRIES: u8 = 3;

/// The question under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskCode {
    origin: Origin,
    answers_left: u8,
    /// Wrong codes of the dialog's own.
    wrong: u32,
    /// The wrong codes that there were before it.
    before: Option<WrongCodes>,
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
            told: None,
            next: Next::AskCode {
                digits: account.digits(),
            },
        };
        Begun {
            turn,
            dialog: Some(Dialog::AskCode(Self {
                origin,
                answers_left: TRIES,
                wrong: 0,
                before: account.pending_wrong_codes(now).cloned(),
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
        client: Client<'_>,
        now: Time,
    ) -> Answered {
        if decision != Decision::Ask {
            return Answered::end(Some(Message::Changed), Verdict::Denied);
        }
        match account.judge_from(client.from, evidence, self.origin, now) {
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
            Judgement::Locked(gate) => Answered::end(Some(Message::Locked(gate)), Verdict::Locked),
            Judgement::Wrong(Gate::Open) => self.again(Message::Wrong(Gate::Open), account),
            Judgement::Wrong(gate) => Answered::end(Some(Message::Wrong(gate)), Verdict::Locked),
            Judgement::Spent => self.again(Message::Spent, account),
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
