//! What an account that comes from a backup must not bring back.

use super::{Account, JudgedAnswers, State};
use crate::Time;

/// What a restored account has brought back. Only its owner or the administrator can make it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revived {
    /// Backup codes: those that were used since the backup are valid again.
    pub backup_codes: bool,
    /// Counter-based authenticators: codes of them that were used since the backup are valid again.
    pub counters: bool,
    /// Two-factor login is paused, perhaps no longer by the wish of its owner.
    pub is_paused: bool,
}

impl Account {
    /// Makes an account of a backup fit for use now. Devices are forgotten. One-time codes of
    /// a time before now are void, and so are an invitation, an exemption, an authenticator that waits for
    /// its first code, and, on request, the backup codes.
    pub fn restore_at(&mut self, now: Time, void_backup_codes: bool) -> Revived {
        for authenticator in &mut self.authenticators {
            authenticator.make_void(now);
        }
        self.forget_devices();
        self.judged = JudgedAnswers::default();
        self.invitation = None;
        self.exemption = None;
        self.pending = None;
        if void_backup_codes {
            self.backup = None;
        }
        Revived {
            backup_codes: self.backup_codes_left() > 0,
            counters: self
                .authenticators
                .iter()
                .any(|one| one.counter().is_some()),
            is_paused: self.state() == State::Paused,
        }
    }
}
