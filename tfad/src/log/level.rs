//! How much each event matters.

use tfa_store::Notice;

use super::event::{AccountEvent, DaemonEvent, Event, LoginEvent, RecordEvent, VerifiedBy};
use crate::host::pam_services::Bypass;

/// How much a line matters, by syslog(3)'s names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something happened.
    Info,
    /// Something happened that an administrator should see.
    Notice,
    /// Something is wrong with a login or an account.
    Warning,
    /// Something is wrong with the daemon's own resources.
    Error,
    /// Logins cannot be judged before an administrator acts.
    Critical,
    /// An administrator must look at once.
    Alert,
}

impl Level {
    /// The number of syslog(3).
    pub(super) fn priority(self) -> u8 {
        match self {
            Self::Alert => 1,
            Self::Critical => 2,
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
        }
    }
}

impl Event<'_> {
    pub(super) fn level(&self) -> Level {
        match self {
            Self::Login { event, .. } => event.level(),
            Self::Account { event, .. } => event.level(),
            Self::Record { event, .. } => event.level(),
            Self::Host { event, .. } => event.level(),
            Self::Daemon(event) => event.level(),
        }
    }
}

impl LoginEvent<'_> {
    fn level(&self) -> Level {
        match self {
            Self::Verified(VerifiedBy::Authenticator(_) | VerifiedBy::SecurityKey(_))
            | Self::Remembered(_)
            | Self::CodeOfSession { .. }
            | Self::Grace { .. }
            | Self::Deferred { .. } => Level::Info,
            Self::Bypassed { bypass, .. } => match bypass {
                Bypass::Sudo => Level::Info,
                Bypass::Harmless | Bypass::Su | Bypass::Login => Level::Warning,
            },
            Self::RecoveryCodeUsed => Level::Alert,
            Self::Offline { .. } => Level::Warning,
            Self::Verified(
                VerifiedBy::BackupCode | VerifiedBy::BoundCode | VerifiedBy::RecoveryCode,
            )
            | Self::DeviceAdded(_)
            | Self::Enrolled { .. }
            | Self::Exempt { .. }
            | Self::NotGuarded { .. }
            | Self::Audited { .. }
            | Self::CodeVoid
            | Self::NameChanged { .. } => Level::Notice,
            Self::WrongCode
            | Self::WrongInvitation
            | Self::WrongNewCode
            | Self::CodeReused
            | Self::NoRightCode
            | Self::NoBoundCodes
            | Self::NotEnrolled
            | Self::Locked(_)
            | Self::Denied { .. } => Level::Warning,
        }
    }
}

impl AccountEvent<'_> {
    fn level(&self) -> Level {
        match self {
            Self::CodeTested => Level::Info,
            Self::Exported { .. } => Level::Alert,
            Self::FirstAuthenticatorOffered(_)
            | Self::FirstSecurityKeyOffered(_)
            | Self::SecurityKeyActivated { .. }
            | Self::AuthenticatorOffered(_)
            | Self::AuthenticatorActivated { .. }
            | Self::AuthenticatorRenamed { .. }
            | Self::AuthenticatorRemoved(_)
            | Self::AuthenticatorBound(_)
            | Self::Imported { .. }
            | Self::ImportUpdated
            | Self::AuthenticatorUnbound(_)
            | Self::Resynchronized(_)
            | Self::BackupCodesMade
            | Self::BoundCodesMade(_)
            | Self::Paused
            | Self::Resumed
            | Self::Removed
            | Self::DeviceForgotten(_)
            | Self::DevicesForgotten { .. }
            | Self::Exempted(_)
            | Self::ExemptionEnded
            | Self::Disabled
            | Self::Enabled
            | Self::Reset
            | Self::Unlocked
            | Self::Invited
            | Self::RecordGiven { .. }
            | Self::UidTold { .. }
            | Self::CodeVoid
            | Self::SwitchOffRefused => Level::Notice,
            Self::WrongCode
            | Self::WrongInvitation
            | Self::CodeReused
            | Self::Locked
            | Self::NotAdministrator => Level::Warning,
            Self::Refused { level, .. } => *level,
        }
    }
}

impl RecordEvent<'_> {
    fn level(&self) -> Level {
        match self {
            Self::Moved { .. } => Level::Notice,
            Self::ClockWasAhead { .. } => Level::Warning,
        }
    }
}

impl DaemonEvent<'_> {
    fn level(&self) -> Level {
        match self {
            Self::Ready | Self::Stopped => Level::Info,
            Self::Reloaded
            | Self::NamesPending
            | Self::RecoveryCodeMade
            | Self::PolicyInForce(_)
            | Self::PolicyPublished { .. }
            | Self::PolicyUnpublished { .. } => Level::Notice,
            Self::ConfigWarning(_) | Self::MemoryUnprotected(_) | Self::QuotaReached(_) => {
                Level::Warning
            }
            Self::ReloadFailed(_)
            | Self::NamesUnavailable(_)
            | Self::NoSignals
            | Self::NoLoginSocket(_)
            | Self::NoMemberSocket(_)
            | Self::EntriesLost { .. }
            | Self::BoundCodesFailed(_)
            | Self::RemovalsNotKept(_)
            | Self::ConnectionRefused(_) => Level::Error,
            Self::KeyLeftOut(_) => Level::Alert,
            Self::Failed(_) | Self::NotServing(_) | Self::PolicyUnusable(_) => Level::Critical,
            Self::Store(notice) => match notice {
                Notice::KeyLost { .. } | Notice::ReadOnly { .. } | Notice::Unread { .. } => {
                    Level::Critical
                }
                Notice::Restored { .. } | Notice::BackedUp { with_key: true, .. } => Level::Alert,
                Notice::RotationStopped { .. }
                | Notice::CredentialUnused { .. }
                | Notice::ConfigurationBehind { .. }
                | Notice::SlowCommits { .. } => Level::Warning,
                _ => Level::Notice,
            },
        }
    }
}
