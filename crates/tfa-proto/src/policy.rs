//! What the policy makes of logins that are only supposed, and of those that audit mode saw.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// A login as `tfactl explain` supposes it. Absent keys: an unknown host of the network, now.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Supposed {
    /// PAM's service: `sshd`, `login`, …
    pub service: String,
    /// The remote host, as PAM would name it; empty for this machine.
    pub from: String,
    /// Without a remote host: whether it comes from no console either, as `su` and `sudo` inside a
    /// session mostly do. Absent: no, from a console of this machine.
    pub session: Option<bool>,
    /// Without a remote host: whether the login program runs as the user, as many screen lockers do.
    /// Absent: no, as root.
    pub own: Option<bool>,
    /// The method of ssh that the login came by, where PAM was not asked: `publickey`, …; absent
    /// where PAM asks for the password.
    pub method: Option<String>,
    /// When, in seconds since the epoch.
    pub at: Option<u64>,
}

/// What would become of a login.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Explanation {
    /// The login name.
    pub user: String,
    /// One of [`Outcome`]'s names.
    pub outcome: String,
    /// Why nothing is asked (`off`, `not-set-up`, `paused`, `unguarded`, `not-asked`), or why it is
    /// refused (`too-late`, `undecided`, `unmet`, `must-enroll`, `not-invited`, `locked`,
    /// `unusable`); else empty.
    pub reason: String,
    /// The file of the rule that decides; empty for the built-in default, and where no rule does.
    pub file: String,
    /// The rule's line.
    pub line: u32,
    /// Whether that rule requires a second factor; in audit mode, whether it would.
    pub required: bool,
    /// Until when the login goes on without a second factor.
    pub grace_until: Option<u64>,
    /// Until when no code is accepted from there; absent where that is not known, or not so.
    pub locked_until: Option<u64>,
    /// Whether codes from there wait for the administrator.
    pub locked_for_good: bool,
    /// In audit mode, the outcome without it, where that is another.
    pub audited: Option<String>,
    /// The reason of that; else empty.
    pub audited_reason: String,
    /// The account's state, one of [`crate::State`]'s names.
    pub state: String,
    /// What the person would see first, in rows; empty where that is nothing.
    pub shown: String,
    /// What could not be found out: groups, a host's address.
    pub unknown: Vec<String>,
}

/// What becomes of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A code is asked for.
    Code,
    /// It goes on, and nothing is asked.
    Nothing,
    /// It goes on, and says until when that is.
    Told,
    /// The set-up is offered; it goes on without, too.
    Offered,
    /// It leads through the set-up.
    SetUp,
    /// It is refused.
    Refused,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Code,
        Self::Nothing,
        Self::Told,
        Self::Offered,
        Self::SetUp,
        Self::Refused,
    ];

    /// The name on the bus and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Nothing => "nothing",
            Self::Told => "told",
            Self::Offered => "offered",
            Self::SetUp => "set-up",
            Self::Refused => "refused",
        }
    }
}

/// What a policy would mean for one user: the outcome of the supposed login now, and once every
/// grace is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Impact {
    /// The login name.
    pub user: String,
    /// One of [`Outcome`]'s names.
    pub now: String,
    /// The reason, as in [`Explanation::reason`].
    pub now_reason: String,
    /// The outcome once the grace is over.
    pub later: String,
    /// The reason of that.
    pub later_reason: String,
}

/// Logins that audit mode let go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Seen {
    /// The login name.
    pub user: String,
    /// What would have become of it: one of [`Outcome`]'s names.
    pub outcome: String,
    /// The reason, as in [`Explanation::reason`].
    pub reason: String,
    /// PAM's service.
    pub service: String,
    /// The remote host of the last one; empty for this machine.
    pub from: String,
    /// When the last one was, in seconds since the epoch.
    pub last: u64,
    /// How many there were.
    pub count: u32,
}
