//! An authenticator that waits for its first code, or for the first login with its key.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::Refusal;
use crate::{Authenticator, AuthenticatorId, BackupSet, Input, Match, Time};

/// How long a pending authenticator waits for its first code, or for a login.
pub const CONFIRM_TIMEOUT: Duration = Duration::from_secs(3600);
/// The number of wrong codes after which a pending authenticator is removed. The owner has the key
/// on the screen. A guesser must not get the backup codes that follow.
pub const MAX_CONFIRM_TRIES: u8 = 10;

/// An authenticator that its owner has not confirmed yet: by a code, or by a login with its key.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct PendingAuthenticator {
    #[n(0)]
    authenticator: Authenticator,
    #[n(1)]
    made: Time,
    #[n(2)]
    wrong: u8,
    /// What it becomes. Absent in older records, in which it is the first or replaces the only one.
    #[n(3)]
    purpose: Option<Purpose>,
    /// The backup codes that its owner has seen, and that become active with it. Only a security key has
    /// them before it is confirmed: no user waits at the end of the login that confirms it.
    #[n(4)]
    first_codes: Option<BackupSet>,
}

/// What a pending authenticator becomes once it is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Purpose {
    /// The first authenticator of the account.
    #[n(0)]
    First,
    /// A further authenticator.
    #[n(1)]
    Add,
    /// The successor of an active one, which then is removed.
    #[n(2)]
    Replace(#[n(0)] AuthenticatorId),
}

impl PendingAuthenticator {
    /// A pending authenticator made now.
    pub(crate) fn new(authenticator: Authenticator, purpose: Purpose, now: Time) -> Self {
        Self {
            authenticator,
            made: now,
            wrong: 0,
            purpose: Some(purpose),
            first_codes: None,
        }
    }

    /// A first security key, with the backup codes that become active with it.
    pub(super) fn first_key(key: Authenticator, first_codes: BackupSet, now: Time) -> Self {
        Self {
            first_codes: Some(first_codes),
            ..Self::new(key, Purpose::First, now)
        }
    }

    /// The security key that waits for a login; `None` after the timeout. One without backup codes is
    /// not made here.
    pub(super) fn waiting_key(&self, now: Time) -> Option<&Authenticator> {
        let waits = self.first_codes.is_some() && !self.has_expired(now);
        (waits && !self.authenticator.kind().has_codes()).then_some(&self.authenticator)
    }

    /// The backup codes that become active with it.
    pub(super) fn into_codes(self) -> Option<BackupSet> {
        self.first_codes
    }

    /// Whether every value is in its range.
    pub(super) fn is_sound(&self) -> bool {
        self.authenticator.is_sound() && self.first_codes.as_ref().is_none_or(BackupSet::is_sound)
    }

    /// In either direction: a clock that was ahead must not make an offer live for years.
    fn has_expired(&self, now: Time) -> bool {
        self.made.distance(now) > CONFIRM_TIMEOUT
    }

    pub(super) const fn made(&self) -> Time {
        self.made
    }

    /// What it becomes; `None` in an older record.
    #[must_use]
    pub fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    /// Returns the authenticator as confirmed, if the input is a code of it. The step is then used.
    /// Wrong codes are counted. A hint that the phone is ahead marks the code as used, because it
    /// would be right later.
    ///
    /// # Errors
    /// As [`crate::Account::check_pending`]. After [`Refusal::NothingPending`] or
    /// [`Refusal::PendingWithdrawn`] it is void.
    pub(crate) fn prove(&mut self, input: &Input, now: Time) -> Result<Authenticator, Refusal> {
        if self.has_expired(now) {
            return Err(Refusal::NothingPending);
        }
        if !self.authenticator.kind().has_codes() {
            return Err(Refusal::NeedsLoginWithKey);
        }
        let Input::Code(code) = input else {
            return Err(Refusal::NotACode);
        };
        let mut confirmed = self.authenticator.clone();
        match confirmed.accept(code, now) {
            Match::Fresh(_) => return Ok(confirmed),
            Match::Used => {
                let end = confirmed.void_end(code, now);
                return Err(end.map_or(Refusal::AlreadyUsed, Refusal::VoidCode));
            }
            Match::No => {}
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong >= MAX_CONFIRM_TRIES {
            return Err(Refusal::PendingWithdrawn);
        }
        let drift = self.authenticator.find_drift_of_pending(code, now);
        Err(Refusal::WrongCode(drift))
    }

    /// The authenticator.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }
}
