//! What lets logins proceed without a second factor.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

/// One exemption, of the policy or of a user. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Exemption {
    /// What it is.
    pub kind: OpenEnum<ExemptionKind>,
    /// The login name, of a user's exemption.
    pub user: Option<String>,
    /// The PAM service, of [`ExemptionKind::NotGuarded`].
    pub service: Option<String>,
    /// The mode, of a part of the policy.
    pub mode: Option<OpenEnum<Mode>>,
    /// The file, of a part of the policy; absent for the built-in default.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// The end; absent if it has none.
    pub until: Option<u64>,
    /// The reason; absent if it has none.
    pub reason: Option<String>,
}

wire_enum! {
    /// What lets logins proceed without a second factor.
    #[derive(Default)]
    pub enum ExemptionKind {
        /// A rule.
        #[default]
        Rule = "rule",
        /// The policy for the logins that no rule matches.
        Policy = "policy",
        /// Audit mode.
        Audit = "audit",
        /// Logins of a service that skip the auth phase, where the policy does not guard it.
        NotGuarded = "not-guarded",
        /// Logins from a remembered device, where devices are remembered.
        Remembered = "remembered",
        /// The administrator has exempted a user.
        User = "user",
        /// Two-factor login of a user is paused. It has an effect where it is not required.
        Pause = "pause",
    }
}

wire_enum! {
    /// What the policy asks for.
    #[derive(Default)]
    pub enum Mode {
        /// No user is asked for a code.
        Off = "off",
        /// Users who have enrolled are asked for a code.
        #[default]
        Optional = "optional",
        /// All users are asked for a code.
        Required = "required",
    }
}
