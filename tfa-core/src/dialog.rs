//! The login dialog as a state machine: (account, reply, now) to (turn, changed account).
//!
//! It says what is to be said; the words are the daemon's. It ends: every answer either ends it
//! or uses up one of [`TRIES`].

use crate::{Account, Decision, Evidence, Exemption, Factor, Gate, Judgement, Origin, Time};

/// How many answers one dialog takes.
pub const TRIES: u8 = 3;

/// What the login program is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// To be shown first.
    pub says: Option<Message>,
    /// What follows.
    pub next: Next,
}

/// How a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The question for a code of so many digits (0: several lengths) or a backup code.
    AskCode {
        /// The code's length.
        digits: u8,
    },
    /// The end.
    End(Verdict),
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A right code, used up.
    Verified(Factor),
    /// No code is asked for.
    NotRequired(Exemption),
    /// No right code was given.
    Denied,
    /// No code is judged for now.
    Locked,
}

/// What is said to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The code was wrong.
    Wrong,
    /// The code was used before.
    Spent,
    /// That was not a code.
    NotACode,
    /// No code is judged for now.
    Locked(Gate),
    /// Only a backup code opens this.
    BackupCodeOnly,
    /// A backup code was used; so many are left.
    BackupCodeUsed {
        /// How many.
        left: usize,
    },
    /// The account changed in the middle.
    Changed,
}

/// A dialog under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialog {
    origin: Origin,
    answers_left: u8,
}

/// A dialog's first turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The turn.
    pub turn: Turn,
    /// The dialog, if the turn is a question.
    pub dialog: Option<Dialog>,
}

/// A dialog's further turn.
pub enum Answered {
    /// The turn, and the dialog if the turn is a question. The account that was passed in has
    /// changed where the answer had consequences; store it before anything is said.
    Turn(Turn, Option<Dialog>),
    /// The backup codes changed meanwhile: hash the answer again and ask again.
    Rehash,
}

impl Dialog {
    /// Begins a dialog under the policy's decision.
    #[must_use]
    pub fn begin(
        decision: Decision,
        account: Option<&Account>,
        origin: Origin,
        now: Time,
    ) -> Begun {
        let account = match (decision, account) {
            (Decision::Exempt(why), _) => return Begun::end(None, Verdict::NotRequired(why)),
            (Decision::Ask, None) => return Begun::end(None, Verdict::Denied),
            (Decision::Ask, Some(account)) => account,
        };
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
            dialog: Some(Self {
                origin,
                answers_left: TRIES,
            }),
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
            return end(Some(Message::Changed), Verdict::Denied);
        }
        match account.judge(evidence, self.origin, now) {
            Judgement::Rehash => Answered::Rehash,
            Judgement::Accepted(factor) => {
                account.last_login = Some(now);
                let left = account.backup_codes_left();
                let says =
                    (factor == Factor::BackupCode).then_some(Message::BackupCodeUsed { left });
                end(says, Verdict::Verified(factor))
            }
            Judgement::GaveUp => end(None, Verdict::Denied),
            Judgement::Locked(gate) => end(Some(Message::Locked(gate)), Verdict::Locked),
            Judgement::Wrong(Gate::Open) => self.again(Message::Wrong, account),
            Judgement::Wrong(gate) => end(Some(Message::Locked(gate)), Verdict::Locked),
            Judgement::Spent => self.again(Message::Spent, account),
            Judgement::NotACode => self.again(Message::NotACode, account),
        }
    }

    fn again(&self, says: Message, account: &Account) -> Answered {
        let answers_left = self.answers_left.saturating_sub(1);
        if answers_left == 0 {
            return end(Some(says), Verdict::Denied);
        }
        let next = Next::AskCode {
            digits: account.digits(),
        };
        Answered::Turn(
            Turn {
                says: Some(says),
                next,
            },
            Some(Self {
                answers_left,
                ..*self
            }),
        )
    }
}

impl Begun {
    fn end(says: Option<Message>, verdict: Verdict) -> Self {
        Self {
            turn: Turn {
                says,
                next: Next::End(verdict),
            },
            dialog: None,
        }
    }
}

fn end(says: Option<Message>, verdict: Verdict) -> Answered {
    Answered::Turn(
        Turn {
            says,
            next: Next::End(verdict),
        },
        None,
    )
}
