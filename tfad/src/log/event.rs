//! What happened.

use tfa_core::{
    AuditOutcome, DenyReason, Device, DeviceId, DeviceMark, Exemption, HostName, LockScope,
    OfflineOutcome, Source, Terms, Time, UserExemption,
};
use tfa_proto::Context;
use tfa_store::{Notice, Revision};

use super::{HostEvent, Level};
use crate::caller::Caller;
use crate::host::pam_services::Bypass;
use crate::publication::Published;
use crate::quota::Spender;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// In a login.
    Login {
        /// Who conducts the login.
        caller: &'a Caller,
        /// Who logs in.
        user: &'a str,
        /// What PAM knows.
        context: &'a Context,
        /// What happened.
        event: LoginEvent<'a>,
    },
    /// In a call about an account.
    Account {
        /// Who calls.
        uid: u32,
        /// The member of a fleet at which that is; `None` for this host.
        host: Option<&'a HostName>,
        /// Whose account it is.
        user: &'a str,
        /// What happened.
        event: AccountEvent<'a>,
    },
    /// To a record.
    Record {
        /// Whose record it is.
        user: &'a str,
        /// What happened.
        event: RecordEvent<'a>,
    },
    /// To a host of the fleet.
    Host {
        /// Its name.
        host: &'a str,
        /// What happened.
        event: HostEvent<'a>,
    },
    /// To the daemon itself.
    Daemon(DaemonEvent<'a>),
}

/// What happens in a login.
#[derive(Debug, Clone, Copy)]
pub enum LoginEvent<'a> {
    /// A right code was given, and used up; or sshd has accepted a security key.
    Verified(VerifiedBy<'a>),
    /// A remembered device replaces the code.
    Remembered(LoggedDevice),
    /// The code that was given at the login of the session serves here too.
    CodeOfSession {
        /// When it was given.
        given: Time,
    },
    /// The user has a device remembered, after a right code.
    DeviceAdded(LoggedDevice),
    /// The recovery code of the host was used in this login, and is void.
    RecoveryCodeUsed,
    /// A wrong code was given.
    WrongCode,
    /// No verifier can be reached, and the user has no code that is bound to this host.
    NoBoundCodes,
    /// A member reports a login that no verifier has answered.
    Offline {
        /// What it came to.
        outcome: OfflineOutcome,
        /// When, by the clock of the member.
        at: Time,
    },
    /// A wrong invitation code was given.
    WrongInvitation,
    /// The first code of a new authenticator was wrong.
    WrongNewCode,
    /// A code was given that was used before.
    CodeReused,
    /// A code was given that may be from before the account was moved or restored here.
    CodeVoid,
    /// The dialog ended without a right code.
    NoRightCode,
    /// The dialog ended without the enrollment that is required.
    NotEnrolled,
    /// The account is locked for logins of this scope.
    Locked(LockScope),
    /// The user enrolled an authenticator in the login.
    Enrolled {
        /// Its name.
        authenticator: &'a str,
    },
    /// The policy refuses the login.
    Denied {
        /// Why.
        reason: DenyReason,
        /// The rule that decides.
        rule: &'a Source,
        /// The groups that could not be resolved, where that is why.
        unknown_groups: &'a [String],
    },
    /// The policy lets the login go on, and nothing was asked.
    Exempt {
        /// Why.
        why: Exemption,
        /// The rule that decides.
        rule: &'a Source,
        /// The end and the reason.
        terms: &'a Terms,
    },
    /// A rule asks no second factor of logins that PAM did not ask for a password.
    NotGuarded {
        /// The rule.
        rule: &'a Source,
        /// The end and the reason.
        terms: &'a Terms,
    },
    /// The login goes on in the grace period.
    Grace {
        /// When the grace period ends.
        until: Time,
        /// The rule that decides.
        rule: &'a Source,
    },
    /// The user has not enrolled; the account phase decides.
    Deferred {
        /// The rule that decides.
        rule: &'a Source,
    },
    /// What the policy would do without audit mode.
    Audited {
        /// What it would do.
        outcome: AuditOutcome,
        /// The rule that decides.
        rule: &'a Source,
    },
    /// The login continues without the required second factor.
    Bypassed {
        /// What lets it.
        bypass: Bypass,
        /// Whether the policy is in audit mode.
        audit: bool,
    },
    /// The record stands under another name, which no other user has.
    NameChanged {
        /// The name of the record.
        former: &'a str,
        /// The uid that both names have.
        uid: u32,
    },
}

/// What verified a login.
#[derive(Debug, Clone, Copy)]
pub enum VerifiedBy<'a> {
    /// A code of the authenticator of this name.
    Authenticator(&'a str),
    /// The security key of this name.
    SecurityKey(&'a str),
    /// A backup code.
    BackupCode,
    /// A code that is bound to this host, while no verifier could be reached.
    BoundCode,
    /// The recovery code of the host.
    RecoveryCode,
}

/// A device.
#[derive(Debug, Clone, Copy)]
pub struct LoggedDevice {
    /// Its number in the account.
    pub id: DeviceId,
    /// Its key or address.
    pub mark: DeviceMark,
}

impl LoggedDevice {
    /// What the log says of a device.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        Self {
            id: device.id(),
            mark: device.mark(),
        }
    }
}

/// What happens in a call about an account. An authenticator is given by its name.
#[derive(Debug, Clone, Copy)]
pub enum AccountEvent<'a> {
    /// The owner was offered a new authenticator.
    AuthenticatorOffered(&'a str),
    /// The owner confirmed it with a code.
    AuthenticatorActivated {
        /// The new one.
        authenticator: &'a str,
        /// The one that it replaced.
        replaced: Option<&'a str>,
    },
    /// The owner added a security key, with a code.
    SecurityKeyActivated {
        /// The new one.
        authenticator: &'a str,
        /// The authenticator that it replaced.
        replaced: Option<&'a str>,
    },
    /// The owner gave an authenticator another name.
    AuthenticatorRenamed {
        /// The name before.
        former: &'a str,
        /// The name now.
        authenticator: &'a str,
    },
    /// The owner removed an authenticator.
    AuthenticatorRemoved(&'a str),
    /// An administrator activated an authenticator for the user.
    AuthenticatorBound(&'a str),
    /// An administrator took over the enrollment that another program kept.
    Imported {
        /// The number of authenticators.
        authenticators: usize,
        /// The number of backup codes.
        backup_codes: usize,
    },
    /// An administrator repeated that, and codes that were used meanwhile are used here too.
    ImportUpdated,
    /// Root exported the keys of the user.
    Exported {
        /// The number of authenticators.
        authenticators: usize,
    },
    /// An administrator removed an authenticator of the user.
    AuthenticatorUnbound(&'a str),
    /// A counter-based authenticator was resynchronized with two codes.
    Resynchronized(&'a str),
    /// The owner made new backup codes.
    BackupCodesMade,
    /// The owner made codes that are bound to this member.
    BoundCodesMade(&'a str),
    /// The owner paused two-factor login.
    Paused,
    /// The owner resumed it.
    Resumed,
    /// The owner removed it.
    Removed,
    /// The owner or an administrator had a device forgotten.
    DeviceForgotten(LoggedDevice),
    /// The owner or an administrator had several devices forgotten.
    DevicesForgotten {
        /// Their number.
        count: usize,
    },
    /// An administrator reset the account.
    Reset,
    /// An administrator unlocked the account.
    Unlocked,
    /// An administrator invited the user to enroll.
    Invited,
    /// An administrator exempted the user for a time.
    Exempted(&'a UserExemption),
    /// An administrator ended the exemption.
    ExemptionEnded,
    /// An administrator paused two-factor login of the user.
    Disabled,
    /// An administrator ended the pause.
    Enabled,
    /// An administrator moved a record to this user.
    RecordGiven {
        /// The name that it stood under.
        former: &'a str,
        /// The uid that it has now.
        uid: u32,
    },
    /// An administrator told the uid of the user, and the record has it.
    UidTold {
        /// The uid.
        uid: u32,
        /// Whether the name service of this host knows the user with it.
        is_known: bool,
    },
    /// The owner was offered a first authenticator. It takes no code, so it counts against the quota.
    FirstAuthenticatorOffered(&'a str),
    /// The owner enrolled a first security key, which waits for a login. As above, it takes no code.
    FirstSecurityKeyOffered(&'a str),
    /// A code was tried, and is right.
    CodeTested,
    /// A wrong code was given.
    WrongCode,
    /// A wrong invitation code was given.
    WrongInvitation,
    /// A code was given that was used before.
    CodeReused,
    /// A code was given that may be from before the account was moved or restored here.
    CodeVoid,
    /// The account is locked.
    Locked,
    /// The owner may not switch off what the policy requires.
    SwitchOffRefused,
    /// A call for administrators was refused.
    NotAdministrator,
    /// A call was refused with an error that an administrator should act on.
    Refused {
        /// How much the error matters.
        level: Level,
        /// What happened, and what to do.
        text: &'a str,
    },
}

/// What happens to a record.
#[derive(Debug, Clone, Copy)]
pub enum RecordEvent<'a> {
    /// It moved to the present name of its uid.
    Moved {
        /// The name that it stood under.
        former: &'a str,
        /// The uid.
        uid: u32,
    },
    /// A used step ahead of the clock was put aside.
    ClockWasAhead {
        /// The time of that step.
        step: Time,
    },
}

/// What happens to the daemon.
#[derive(Debug, Clone, Copy)]
pub enum DaemonEvent<'a> {
    /// Logins are served.
    Ready,
    /// The daemon stops, because it was told to.
    Stopped,
    /// The daemon stops, because of an error.
    Failed(&'a str),
    /// Every login is refused.
    NotServing(&'a str),
    /// The configuration was read again.
    Reloaded,
    /// The configuration could not be read again, with one of its errors.
    ReloadFailed(&'a str),
    /// Another policy is in force: the published one, or that of the files.
    PolicyInForce(Option<&'a Published>),
    /// The published policy cannot be used.
    PolicyUnusable(&'a str),
    /// An administrator has published a policy.
    PolicyPublished {
        /// The uid of the administrator.
        uid: u32,
        /// The revision of the policy.
        revision: Revision,
    },
    /// An administrator has removed the published policy.
    PolicyUnpublished {
        /// The uid of the administrator.
        uid: u32,
    },
    /// What an administrator should look at in the configuration.
    ConfigWarning(&'a str),
    /// The names in the configuration are still being looked up.
    NamesPending,
    /// The names in the configuration cannot be looked up.
    NamesUnavailable(&'a str),
    /// What the store has to tell.
    Store(&'a Notice),
    /// Root created a recovery code of the host.
    RecoveryCodeMade,
    /// Memory is not protected.
    MemoryUnprotected(&'a str),
    /// Signals do not arrive.
    NoSignals,
    /// The socket for logins could not be opened.
    NoLoginSocket(&'a str),
    /// The socket for logins of members could not be opened.
    NoMemberSocket(&'a str),
    /// Codes that are bound to this member are void, or cannot be read or stored.
    BoundCodesFailed(&'a str),
    /// Removals of hosts are not on the disk of this verifier.
    RemovalsNotKept(&'a str),
    /// A key of etcd that `tfad` has not written was left out of a list.
    KeyLeftOut(&'a str),
    /// A connection could not be served.
    ConnectionRefused(&'a str),
    /// The log daemon took nothing, and the queue was full.
    EntriesLost {
        /// The number of entries.
        count: u64,
    },
    /// A user, or a member of a fleet, caused more lines than the quota.
    QuotaReached(&'a Spender),
}

impl Event<'_> {
    /// The member of a fleet at which it happened; `None` for this host.
    pub(super) fn member(&self) -> Option<&HostName> {
        match self {
            Self::Login { caller, .. } => caller.host.as_ref(),
            Self::Account { host, .. } => *host,
            Self::Record { .. } | Self::Host { .. } | Self::Daemon(_) => None,
        }
    }

    /// The uid whose quota the line counts against. A change that took effect takes a password, a code
    /// or an administrator, so there are few, and they count against none.
    pub(super) fn charged_uid(&self) -> Option<u32> {
        use AccountEvent as A;
        match self {
            Self::Login { caller, .. } => Some(caller.uid),
            Self::Account { uid, event, .. } => match event {
                A::FirstAuthenticatorOffered(_)
                | A::FirstSecurityKeyOffered(_)
                | A::CodeTested
                | A::WrongCode
                | A::WrongInvitation
                | A::CodeReused
                | A::CodeVoid
                | A::Locked
                | A::SwitchOffRefused
                | A::NotAdministrator
                | A::Refused { .. } => Some(*uid),
                A::AuthenticatorOffered(_)
                | A::AuthenticatorActivated { .. }
                | A::SecurityKeyActivated { .. }
                | A::AuthenticatorRenamed { .. }
                | A::AuthenticatorRemoved(_)
                | A::AuthenticatorBound(_)
                | A::Imported { .. }
                | A::ImportUpdated
                | A::Exported { .. }
                | A::AuthenticatorUnbound(_)
                | A::Resynchronized(_)
                | A::BackupCodesMade
                | A::BoundCodesMade(_)
                | A::Paused
                | A::Resumed
                | A::Removed
                | A::DeviceForgotten(_)
                | A::DevicesForgotten { .. }
                | A::Reset
                | A::Unlocked
                | A::Invited
                | A::Exempted(_)
                | A::ExemptionEnded
                | A::Disabled
                | A::Enabled
                | A::RecordGiven { .. }
                | A::UidTold { .. } => None,
            },
            Self::Record { .. } | Self::Host { .. } | Self::Daemon(_) => None,
        }
    }
}
