//! The login dialog as a state machine: from account, answer and time to a turn and a changed
//! account.
//!
//! It selects the messages. The daemon has their texts and draws the QR code. There are three
//! dialogs: the prompt for a code ([`code`]), which may go on with the question whether to remember the
//! device ([`remember`]), the prompt for the host's recovery code ([`recovery_code`]), and enrollment
//! inside the login ([`enroll`]). Each dialog ends: every answer ends it, advances it, or uses up one of
//! a limited number of tries. A login by security key has no dialog ([`security_key`]).

mod code;
mod enroll;
mod prompt;
mod recovery_code;
mod remember;
mod security_key;

pub use code::AskCode;
pub use enroll::{Enroll, Picture};
pub use prompt::MAX_TRIES;
pub use recovery_code::AskRecoveryCode;
pub use remember::{AskRemember, Rememberable, remembered};
pub use security_key::{confirm_by_security_key, verify_by_security_key};

use crate::{Drift, Factor, Factors, LockScope, LockState, Report, ThrottleScope, Time};

/// What the login program does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The message that is shown first.
    pub says: Option<Message>,
    /// What a login with a right code reports to the owner.
    pub report: Option<Box<Report>>,
    /// What follows the message.
    pub next: Next,
}

/// How a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Asks for a code or a backup code.
    AskCode {
        /// The number of digits of the code; 0 for several lengths.
        digits: u8,
    },
    /// Asks whether to remember the device. The code was right, and is used.
    AskRemember {
        /// For how many days.
        days: u32,
        /// What the code was a code of.
        factor: Factor,
    },
    /// Asks for a backup code: no authenticator of the user computes codes.
    AskBackupCode,
    /// Asks for the host's recovery code, which alone is accepted.
    AskRecoveryCode,
    /// Asks for the invitation code.
    AskInvitation,
    /// Asks whether to enroll now, after a login with the host's recovery code. A new authenticator
    /// replaces those that there are.
    AskToReplace,
    /// Asks whether to enroll now. With a time, the login proceeds without enrollment until then.
    AskToBegin(Option<Time>),
    /// Shows the QR code, and waits until it was scanned.
    ShowPicture,
    /// Shows the link and the key as text, and asks for a first code of the new authenticator.
    AskNewCode {
        /// The number of digits of the code; 0 for several lengths.
        digits: u8,
    },
    /// Shows the new backup codes, and waits until they were saved.
    ShowBackupCodes,
    /// Ends the dialog.
    End(Verdict),
}

impl Next {
    /// What the code was a code of, if the answer before was right.
    #[must_use]
    pub fn verified(self) -> Option<Factor> {
        match self {
            Self::AskRemember { factor, .. } | Self::End(Verdict::Verified(factor)) => Some(factor),
            _ => None,
        }
    }
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A right code was given, and is now used; or sshd has accepted a security key.
    Verified(Factor),
    /// A remembered device replaced the code.
    Remembered,
    /// The user enrolled in this login.
    Enrolled,
    /// The user did not enroll, and the grace period lasts until then.
    InGrace(Time),
    /// The user did not enroll after a login with the host's recovery code, which stays verified.
    NotReplaced,
    /// No right code was given.
    Denied,
    /// The user had to enroll, and did not.
    NotSetUp,
    /// No code is accepted now.
    Locked,
}

/// A message for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The code was wrong, and a further one is accepted.
    Wrong,
    /// The code was wrong, and no further one is accepted now.
    WrongAndLocked(LockState, LockScope),
    /// The code was used before.
    AlreadyUsed,
    /// The code may have been used before the account was moved or restored here. The authenticator shows
    /// one that is accepted from this time on.
    VoidCode(Time),
    /// The input does not have the form of a code.
    NotACode,
    /// The input does not have the form of the host's recovery code, which alone is accepted.
    NotARecoveryCode,
    /// No code is accepted now.
    Locked(LockState, LockScope),
    /// Only a backup code removes the lock.
    BackupCodeOnly,
    /// Only a backup code or the host's recovery code removes the lock.
    BackupOrRecoveryCodeOnly,
    /// Only the host's recovery code removes the lock.
    RecoveryCodeOnly,
    /// The login can use no second factor of the user. Only the host's recovery code is accepted.
    NoUsableFactor,
    /// The host's recovery code was used.
    RecoveryCodeUsed,
    /// The user has security keys only, and this login shows none of them.
    NoSecurityKey {
        /// The number of unused backup codes.
        backup_codes_left: usize,
    },
    /// The login accepts these second factors only, and has used no accepted security key.
    AcceptedFactors(Factors),
    /// Backup codes are not accepted.
    BackupCodeNotAccepted,
    /// The login has confirmed the user's first security key.
    SecurityKeyActive,
    /// A backup code was used.
    BackupCodeUsed {
        /// The number of unused backup codes.
        left: usize,
        /// Whether an authenticator of the user computes codes.
        has_codes: bool,
    },
    /// The account changed during the dialog.
    Changed,
    /// The invitation code was wrong.
    WrongInvitation,
    /// The input does not have the form of an invitation code.
    NotAnInvitation,
    /// There is no valid invitation.
    NoInvitation,
    /// The code of the new authenticator was wrong. The clocks may differ by this much.
    WrongNewCode(Option<Drift>),
    /// Too many wrong codes: the new key is void.
    PendingWithdrawn,
    /// The user did not enroll, and no key was shown.
    NotBegun,
    /// The user did not enroll, and a key was shown.
    NotSetUp,
}

impl Message {
    /// Whether the answer before was a wrong guess at a secret of the account. A wrong first code
    /// of a new authenticator is not: its key is on the same screen.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Wrong | Self::WrongAndLocked(..) | Self::WrongInvitation
        )
    }

    /// What is locked, if the message is about a lock.
    #[must_use]
    pub fn lock_scope(self) -> Option<LockScope> {
        match self {
            Self::Locked(_, scope) | Self::WrongAndLocked(_, scope) => Some(scope),
            _ => None,
        }
    }
}

/// A dialog that waits for an answer.
#[derive(Clone)]
pub enum Dialog {
    /// The question for a code.
    AskCode(AskCode),
    /// The question for the host's recovery code.
    AskRecoveryCode(AskRecoveryCode),
    /// The question whether to remember the device.
    AskRemember(AskRemember),
    /// Enrollment inside the login.
    Enroll(Box<Enroll>),
}

impl Dialog {
    /// The scope in which wrong codes are counted.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        match self {
            Self::AskCode(dialog) => dialog.scope(),
            Self::AskRecoveryCode(dialog) => dialog.scope(),
            Self::AskRemember(dialog) => dialog.scope(),
            Self::Enroll(dialog) => dialog.scope(),
        }
    }

    /// What wrong codes counted on when the dialog began. A user who has not enrolled has no known
    /// origins, and the question after a right code counts none.
    #[must_use]
    pub fn counted_on(&self) -> LockScope {
        match self {
            Self::AskCode(dialog) => dialog.counted_on(),
            Self::AskRecoveryCode(dialog) => dialog.counted_on(),
            Self::AskRemember(dialog) => dialog.scope().without_known_origins(),
            Self::Enroll(dialog) => dialog.scope().without_known_origins(),
        }
    }
}

/// The first turn of a dialog.
pub struct Begun {
    /// The turn.
    pub turn: Turn,
    /// The dialog, if the turn is a question.
    pub dialog: Option<Dialog>,
}

/// A further turn of a dialog.
#[expect(
    clippy::large_enum_variant,
    reason = "it is returned by value once, and is nearly always a turn"
)]
pub enum Answered {
    /// The turn, and the dialog if the turn is a question. The answer may have changed the account:
    /// the caller must store it before it shows the turn.
    Turn(Turn, Option<Dialog>),
    /// The backup codes changed in the meantime: the caller must hash the answer again and repeat
    /// the call.
    Rehash,
    /// The new authenticator is confirmed: the caller must generate backup codes and repeat the
    /// call with them.
    DrawCodes,
}

impl Begun {
    /// Whether the turn asks for a code, and any right code is accepted: the account is not locked.
    #[must_use]
    pub fn takes_any_code(&self) -> bool {
        match (self.turn.next, self.turn.says) {
            (Next::AskCode { .. }, says) => says.is_none(),
            (Next::AskBackupCode, says) => matches!(says, Some(Message::NoSecurityKey { .. })),
            _ => false,
        }
    }

    fn end(says: Option<Message>, verdict: Verdict) -> Self {
        let next = Next::End(verdict);
        Self {
            turn: Turn {
                says,
                report: None,
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
                report: None,
                next,
            },
            None,
        )
    }
}
