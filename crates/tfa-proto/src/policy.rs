//! What the policy decides for hypothetical logins, and what audit mode has recorded.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::wire_name::wire_enum;
use crate::{LockScope, OpenEnum, Phase, State};

/// A hypothetical login of `tfactl explain`. Absent keys: an unknown host of the network, now.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct HypotheticalLogin {
    /// PAM's service: `sshd`, `login`, …
    pub service: String,
    /// The host on which the user logs in, for rules that name hosts, and for texts. Groups, PAM files and
    /// accounts are those of the daemon's host. Absent: that host.
    pub host: Option<String>,
    /// `PAM_RHOST`; empty for this machine.
    pub from: String,
    /// Without a remote host: the login is not from a console either, as with most uses of `su` and
    /// `sudo` inside a session. Absent: from a console of this machine.
    pub session: Option<bool>,
    /// Without a remote host: the login program runs as the user, as many screen lockers do. Absent:
    /// it runs as root.
    pub own: Option<bool>,
    /// The SSH method of a login of which PAM was not asked: `publickey`, `publickey:sk`, …; absent where
    /// PAM asks for the password.
    pub method: Option<String>,
    /// The SSH key that sshd has accepted, before PAM asks for the password, or by the method `publickey`:
    /// a public key or a certificate in OpenSSH's form, or a fingerprint (`SHA256:…`), which means a key
    /// without a certificate. Not with another method.
    pub key: Option<String>,
    /// In place of [`Self::key`]: a security key that the user has enrolled, if there is one.
    pub security_key: Option<bool>,
    /// The time of the login, in seconds since the epoch.
    pub at: Option<u64>,
    /// The uid of the user on that host, as in [`UserFacts`](crate::UserFacts). With [`Self::host`], and not of an
    /// impact.
    pub uid: Option<u32>,
    /// The groups of the user, by name or number as the policy names them, and no others. Not of an impact. Absent:
    /// those of the daemon's host; unknown for a user whom it does not know.
    pub groups: Option<Vec<String>>,
}

/// The outcome of a hypothetical login.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Explanation {
    /// The login name.
    pub user: String,
    /// The outcome.
    pub outcome: OpenEnum<Outcome>,
    /// The reason, where the outcome alone does not tell it.
    pub reason: Option<OpenEnum<Reason>>,
    /// The PAM phase that decides; absent if none does.
    pub phase: Option<OpenEnum<Phase>>,
    /// The file of the rule that decides; empty for the built-in default, and where no rule does.
    pub file: String,
    /// The rule's line.
    pub line: u32,
    /// Whether that rule requires a second factor; in audit mode, whether it would.
    pub required: bool,
    /// The end of the grace period, up to which the login proceeds without a second factor.
    pub grace_until: Option<u64>,
    /// The end of the exemption that lets the login proceed; absent without an end.
    pub exempt_until: Option<u64>,
    /// The reason for that exemption.
    pub exempt_reason: Option<String>,
    /// The end of the lock that applies to this login; absent without a timed lock.
    pub locked_until: Option<u64>,
    /// Whether the lock ends only when the administrator removes it.
    pub permanently_locked: bool,
    /// The fingerprint of the SSH key of the login (`SHA256:…`); absent without one.
    pub key: Option<String>,
    /// The number of the remembered device from which the login comes; absent if none replaces the code.
    pub device: Option<u32>,
    /// The end of the time for which it is remembered.
    pub device_until: Option<u64>,
    /// A code that was given at the beginning of the login session, less than so many minutes ago,
    /// replaces the code; absent if none can. Whether there was one is not known.
    pub session_minutes: Option<u32>,
    /// Whether the recovery code of the host is accepted in place of the code.
    pub recovery_code: bool,
    /// What the wrong codes of this login count on; absent if no code is asked for.
    pub lock_scope: Option<OpenEnum<LockScope>>,
    /// In audit mode, the outcome without it, where that differs.
    pub audited: Option<OpenEnum<Outcome>>,
    /// The reason for [`Self::audited`].
    pub audited_reason: Option<OpenEnum<Reason>>,
    /// The state of the account.
    pub state: OpenEnum<State>,
    /// What the user sees first, in rows; empty for nothing.
    pub shown: String,
    /// What could not be determined: groups, a host's address.
    pub unknown: Vec<String>,
    /// Of a login on another host of a fleet: what the policy permits while that host is cut off from all verifiers.
    /// The files of that host decide, and for [`Offline::BoundCodes`] both.
    pub offline: Option<OpenEnum<Offline>>,
}

wire_enum! {
    /// What a policy permits on a member that is cut off.
    pub enum Offline {
        /// Nothing.
        Deny = "deny",
        /// The login, which is one of root at a console, without a code.
        Console = "console",
        /// The login, with a code that is bound to the host.
        BoundCodes = "bound-codes",
    }
}

wire_enum! {
    /// The outcome of a login.
    #[derive(Default)]
    pub enum Outcome {
        /// A code is asked for.
        Code = "code",
        /// The login proceeds without a question.
        Nothing = "nothing",
        /// The login proceeds, and a message states the end of the grace period.
        Notified = "notified",
        /// Enrollment is offered; the login proceeds also without it.
        Offered = "offered",
        /// The user must enroll; then the login proceeds.
        SetUp = "set-up",
        /// The login is refused.
        #[default]
        Refused = "refused",
    }
}

wire_enum! {
    /// Why a login has its outcome.
    pub enum Reason {
        /// Of [`Outcome::Nothing`]: two-factor login is off for the whole host.
        Off = "off",
        /// Of [`Outcome::Nothing`]: the rule that applies to the login is off.
        RuleOff = "rule-off",
        /// Of [`Outcome::Nothing`]: the user has not enrolled, and need not.
        NotSetUp = "not-set-up",
        /// Of [`Outcome::Nothing`]: the user has paused two-factor login, which the policy permits.
        Paused = "paused",
        /// Of [`Outcome::Nothing`]: the administrator has exempted the user for a time.
        Exempt = "exempt",
        /// Of [`Outcome::Nothing`]: sshd has accepted a security key of the user, beside the password.
        SecurityKey = "security-key",
        /// Of [`Outcome::Nothing`]: sshd has accepted the pending first security key of the user, beside
        /// the password. The login makes it active.
        SecurityKeyConfirmed = "security-key-confirmed",
        /// Of [`Outcome::Nothing`]: the login comes from a remembered device, beside the password.
        RememberedDevice = "remembered-device",
        /// Of [`Outcome::Nothing`]: PAM does not ask for a code in such a login, and the policy does not
        /// guard the service.
        NotGuarded = "not-guarded",
        /// Of [`Outcome::Nothing`]: PAM does not ask for a code in such a login, and the policy requires none
        /// of the user.
        NotRequired = "not-required",
        /// Of [`Outcome::Nothing`]: the PAM profile of the package skips the module for this service.
        NotAsked = "not-asked",
        /// Of [`Outcome::Notified`]: shown once in a login session.
        OnceASession = "once-a-session",
        /// Of [`Outcome::Refused`]: the login can use no second factor that the policy accepts.
        FactorNotAccepted = "factor-not-accepted",
        /// Of [`Outcome::Refused`]: the user has not enrolled before the end of the grace period.
        TooLate = "too-late",
        /// Of [`Outcome::Refused`]: a group, an address or an SSH method cannot be determined.
        Undetermined = "undetermined",
        /// Of [`Outcome::Refused`]: a second factor is required, and such a login cannot ask for a code.
        NotVerified = "not-verified",
        /// Of [`Outcome::Refused`]: the user must enroll, and such a login cannot do that.
        MustEnroll = "must-enroll",
        /// Of [`Outcome::Refused`]: the user must enroll, and has no invitation code, which is required.
        NotInvited = "not-invited",
        /// Of [`Outcome::Refused`]: no code is accepted after wrong codes.
        Locked = "locked",
        /// Of [`Outcome::Refused`]: the record cannot be used.
        Unusable = "unusable",
        /// Of [`Outcome::Refused`]: the system does not know the user.
        UnknownUser = "unknown-user",
    }
}

/// The meaning of a policy for one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Impact {
    /// The login name.
    pub user: String,
    /// The outcome now.
    pub now: OpenEnum<Outcome>,
    /// The reason for [`Self::now`].
    pub now_reason: Option<OpenEnum<Reason>>,
    /// The outcome after the end of every grace period.
    pub later: OpenEnum<Outcome>,
    /// The reason for [`Self::later`].
    pub later_reason: Option<OpenEnum<Reason>>,
    /// The time of the first outcome that is not that of now, in seconds since the epoch; absent without one.
    pub changes_at: Option<u64>,
    /// The time from which on [`Self::later`] holds; absent if it holds now.
    pub later_from: Option<u64>,
    /// Both times are the earliest ones: the grace period begins with the first login, of which there was none.
    pub after_first_login: Option<bool>,
}

/// Logins that audit mode let proceed.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct AuditRecord {
    /// The login name.
    pub user: String,
    /// The outcome without audit mode.
    pub outcome: OpenEnum<Outcome>,
    /// The reason for it.
    pub reason: Option<OpenEnum<Reason>>,
    /// PAM's service.
    pub service: String,
    /// The remote host of the last one; empty for this machine.
    pub from: String,
    /// The time of the last one, in seconds since the epoch.
    pub last: u64,
    /// How many there were.
    pub count: u32,
}
