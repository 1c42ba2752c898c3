//! What the host asks of a login.

use crate::Account;

/// The policy's mode for the whole host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nobody is asked; every key is kept.
    Off,
    /// Who has set it up is asked.
    #[default]
    Optional,
}

/// The host's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The mode.
    pub mode: Mode,
}

/// What the policy makes of one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A code is asked for.
    Ask,
    /// No code is asked for.
    Exempt(Exemption),
}

/// Why no code is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exemption {
    /// The mode is off.
    Off,
    /// The user has not set it up, and need not.
    NotSetUp,
    /// The user has paused it, and may.
    Paused,
}

impl Policy {
    /// Decides over a login of an account; `None` is a user without a record.
    #[must_use]
    pub fn decide(&self, account: Option<&Account>) -> Decision {
        use crate::State;
        match (self.mode, account.map_or(State::None, Account::state)) {
            (Mode::Off, _) => Decision::Exempt(Exemption::Off),
            (Mode::Optional, State::Enabled) => Decision::Ask,
            (Mode::Optional, State::Paused) => Decision::Exempt(Exemption::Paused),
            (Mode::Optional, State::None | State::Pending) => Decision::Exempt(Exemption::NotSetUp),
        }
    }
}
