//! The login dialog as a state machine: (account, reply, now) to (turn, changed account).
//!
//! It says what is to be said; the words, and the pictures, are the daemon's. There are two: the
//! question for a code ([`code`]), and the set-up inside the login ([`enroll`]). Each ends: every
//! answer either ends it, takes it a step on, or uses up one of a number of tries.

mod code;
mod enroll;

pub use code::{AskCode, MAX_TRIES};
pub use enroll::{Enroll, Picture};

use crate::{Drift, Factor, LockState, ThrottleScope, Time, WrongCodes};

/// What the login program is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// To be shown first.
    pub says: Option<Message>,
    /// Wrong codes to tell a login of that met the second factor.
    pub told: Option<WrongCodes>,
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
    /// The question for the administrator's word.
    AskInvitation,
    /// Whether to set up now; until that moment the login goes on without, too.
    AskToBegin(Option<Time>),
    /// The QR code, and a wait until it was scanned.
    ShowPicture,
    /// The link and the key as text, and the question for a first code of the new authenticator.
    AskNewCode {
        /// The code's length.
        digits: u8,
    },
    /// The new backup codes, and a wait until they were saved.
    ShowBackupCodes,
    /// The end.
    End(Verdict),
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A right code, used up.
    Verified(Factor),
    /// It was set up in this login, and proved.
    Enrolled,
    /// The grace lasts until then, and was made use of.
    InGrace(Time),
    /// No right code was given.
    Denied,
    /// It was not set up, and had to be.
    NotSetUp,
    /// No code is judged for now.
    Locked,
}

/// What is said to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The code was wrong, and counted; whether another try is open.
    Wrong(LockState),
    /// The code was used before.
    AlreadyUsed,
    /// That was not a code.
    NotACode,
    /// No code is judged for now.
    Locked(LockState),
    /// Only a backup code opens this.
    BackupCodeOnly,
    /// A backup code was used; so many are left.
    BackupCodeUsed {
        /// How many.
        left: usize,
    },
    /// The account changed in the middle.
    Changed,
    /// The word is not the administrator's.
    WrongInvitation,
    /// That has not the form of an administrator's word.
    NotAnInvitation,
    /// There is no invitation that is good now.
    NoInvitation,
    /// The new authenticator's code was wrong; the clocks may differ by so much.
    WrongNewCode(Option<Drift>),
    /// Too many wrong codes: the new key is void.
    PendingWithdrawn,
    /// Nothing was set up, and no key was shown.
    NotBegun,
    /// Nothing was set up, though a key was shown.
    NotSetUp,
}

impl Message {
    /// Whether the answer before was a failed guess at a secret of the account. A wrong first code
    /// of a new authenticator is none: its key is on the same screen.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Wrong(_) | Self::WrongInvitation)
    }
}

/// A dialog under way.
#[derive(Clone)]
pub enum Dialog {
    /// The question for a code.
    AskCode(AskCode),
    /// The set-up inside the login.
    Enroll(Box<Enroll>),
}

impl Dialog {
    /// Where the person sits.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        match self {
            Self::AskCode(dialog) => dialog.scope(),
            Self::Enroll(dialog) => dialog.scope(),
        }
    }
}

/// A dialog's first turn.
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
    /// The new authenticator is proved: draw backup codes and ask again with them.
    DrawCodes,
}

impl Begun {
    fn end(says: Option<Message>, verdict: Verdict) -> Self {
        let next = Next::End(verdict);
        Self {
            turn: Turn {
                says,
                told: None,
                next,
            },
            dialog: None,
        }
    }
}

impl Answered {
    fn end(says: Option<Message>, verdict: Verdict) -> Self {
        let next = Next::End(verdict);
        Self::Turn(
            Turn {
                says,
                told: None,
                next,
            },
            None,
        )
    }
}
