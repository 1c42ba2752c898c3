//! Why the last attempts of a user failed. It never contains a code.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

wire_enum! {
    /// Why an attempt failed.
    #[derive(Default)]
    pub enum FailureReason {
        /// A code of no authenticator.
        #[default]
        WrongCode = "wrong-code",
        /// The code of another time: a clock is off.
        OtherTime = "other-time",
        /// A number of digits that no authenticator has.
        WrongLength = "wrong-length",
        /// A code of the authenticator that waits for its first code.
        PendingAuthenticator = "pending-authenticator",
        /// A backup code that is not in the set.
        WrongBackupCode = "wrong-backup-code",
        /// A code that was used before.
        UsedCode = "used-code",
        /// A code that may have been used before the account was moved or restored here.
        VoidCode = "void-code",
        /// The input did not have the form of a code.
        NotACode = "not-a-code",
        /// No code was accepted.
        Locked = "locked",
        /// The user must enroll, and has not.
        NotEnrolled = "not-enrolled",
        /// The login came by a way that asks for no code.
        NotAsked = "not-asked",
        /// Not the recovery code of the host.
        WrongRecoveryCode = "wrong-recovery-code",
        /// A second factor that the rule of the login does not accept.
        FactorNotAccepted = "factor-not-accepted",
    }
}

/// Attempts that failed for one reason, as `Show` returns them. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct FailedAttempt {
    /// The reason.
    pub reason: OpenEnum<FailureReason>,
    /// The PAM service; empty for a program that runs as the user.
    pub service: String,
    /// The remote host, else the terminal, else the service; empty for a program that runs as the
    /// user.
    pub from: String,
    /// The time of the last one.
    pub last: u64,
    /// How many were recorded.
    pub count: u32,
    /// For [`FailureReason::OtherTime`]: seconds by which the clock of the authenticator is ahead of
    /// that of the host; negative if it is behind.
    pub drift: Option<i64>,
    /// For [`FailureReason::Locked`]: the end of the lock; absent if it has no fixed end.
    pub locked_until: Option<u64>,
}
