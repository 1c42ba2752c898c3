//! What may be said about an account: never a secret, never a code.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

/// The state of one account, as `Status` and `Show` tell it. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Status {
    /// The login name.
    pub user: String,
    /// The uid that the account was set up for, or that the user has; absent where the system knows
    /// no such user.
    pub uid: Option<u32>,
    /// The state; absent where there is a [`Self::problem`].
    pub state: Option<OpenEnum<State>>,
    /// The names of the authenticators.
    pub authenticators: Vec<String>,
    /// Whether a new authenticator was offered and not yet proved.
    pub offer_pending: bool,
    /// How many backup codes are left.
    pub backup_codes_left: u32,
    /// Wrong codes in a row from afar.
    pub failures: u32,
    /// Until when no code is accepted from afar; absent when not locked for a time.
    pub locked_until: Option<u64>,
    /// Whether codes from afar wait for the administrator.
    pub locked_for_good: bool,
    /// Wrong codes in a row at the console.
    pub console_failures: u32,
    /// Until when no code is accepted at the console.
    pub console_locked_until: Option<u64>,
    /// Whether codes at the console wait for a backup code or the administrator.
    pub console_locked_for_good: bool,
    /// Wrong codes in a row from programs of the user's own.
    pub own_failures: u32,
    /// Until when no code is accepted from programs of the user's own.
    pub own_locked_until: Option<u64>,
    /// Whether codes from programs of the user's own wait for the administrator.
    pub own_locked_for_good: bool,
    /// Wrong codes since the last login that was told of them.
    pub wrong_codes: u32,
    /// When the last of them was typed; absent where there is none.
    pub last_wrong_code: Option<u64>,
    /// Its remote host, its terminal, or the PAM service that knows neither; empty for a program of the
    /// user's own, absent where there is none.
    pub last_wrong_code_from: Option<String>,
    /// Whether the policy requires a second factor of this user.
    pub required: bool,
    /// No policy is in force, for it cannot be read: `required` and `grace_until` say nothing.
    pub policy_unknown: bool,
    /// Until when the policy lets the user in without one.
    pub grace_until: Option<u64>,
    /// Until when an invitation is good.
    pub invited_until: Option<u64>,
    /// The devices that are remembered.
    pub devices: Vec<String>,
    /// When a code was last accepted at a login.
    pub last_login: Option<u64>,
    /// Why the record cannot be used; the other fields then say nothing.
    pub problem: Option<String>,
    /// What the administrator should know of a record that can be used.
    pub note: Option<String>,
}

wire_enum! {
    /// The state of an account.
    #[derive(Default)]
    pub enum State {
        /// The user has not enrolled.
        #[default]
        None = "none",
        /// A first authenticator waits for its first code.
        Pending = "pending",
        /// Codes are asked for.
        Enabled = "enabled",
        /// The keys are kept, no code is asked for.
        Paused = "paused",
    }
}

impl Status {
    /// Whether the user has enrolled. A state of a later version does not tell it.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        matches!(
            self.state,
            Some(OpenEnum::Known(State::Enabled | State::Paused))
        )
    }

    /// Whether the user has enrolled and has paused two-factor login.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.state, Some(OpenEnum::Known(State::Paused)))
    }
}

wire_enum! {
    /// What a right code was a code of.
    pub enum Factor {
        /// An authenticator.
        Authenticator = "authenticator",
        /// The backup codes.
        BackupCode = "backup-code",
    }
}
