//! Verification of what a user typed, against the account as it is stored.

use std::fmt;

use tfa_core::{
    Account, AnswerId, BackupCode, BackupSet, Credential, Input, LockState, ThrottleScope, Time,
};

use super::{Accounts, Error, Loaded};
use crate::host::users::User;
use crate::log::RecordEvent;
use crate::messages;

/// The number of times that an entry is hashed, because the backup codes changed meanwhile.
const MAX_HASHES: u32 = 8;

/// What a user typed.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// It.
    pub input: &'a Input,
    /// What it is counted on if it is wrong.
    pub scope: ThrottleScope,
    /// When it is judged.
    pub now: Time,
    /// Which answer of a login it is; `None` for a call.
    pub answer: Option<AnswerId>,
    /// Counts one code that is hashed for the caller, and returns whether that is within the quota.
    pub may_hash: &'a dyn Fn() -> bool,
}

impl fmt::Debug for Typed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Typed")
    }
}

impl Typed<'_> {
    /// Whether the account compares a hash: there is no lock, and the answer was not wrong before.
    pub(super) fn is_judged_by_hash(&self, account: &Account, unhashed: &Credential) -> bool {
        let now = self.now;
        let is_known = |answer| account.is_known_wrong(answer, unhashed, now);
        account.backup_lock_state(self.scope, now) == LockState::Unlocked
            && !self.answer.is_some_and(is_known)
    }

    /// Counts a code that is hashed.
    ///
    /// # Errors
    /// [`Error::Contended`].
    pub(super) fn must_be_within_quota(&self) -> Result<(), Error> {
        match (self.may_hash)() {
            true => Ok(()),
            false => Err(Error::Contended(messages::TOO_MANY_HASHES)),
        }
    }
}

impl Accounts {
    /// Lets `judge` verify what was typed against a user's account, and stores what it changed before
    /// its answer is returned. The account may have been loaded `earlier`. A backup code is hashed
    /// first; where `judge` answers `None`, the backup codes were changed meanwhile, and it is hashed
    /// and asked again.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Error::Hashing`]; [`Error::Contended`] where the backup codes keep changing.
    pub fn judge<T>(
        &self,
        user: &User,
        typed: &Typed<'_>,
        mut earlier: Option<Loaded>,
        mut judge: impl FnMut(&mut Account, &Credential) -> Option<T>,
    ) -> Result<T, Error> {
        let now = typed.now;
        for _ in 0..MAX_HASHES {
            let loaded = match (earlier.take(), typed.input) {
                (None, Input::Backup(_)) => Some(self.load_record(user)?),
                (None, Input::Code(code)) if code.may_be_backup() => Some(self.load_record(user)?),
                (loaded, _) => loaded,
            };
            let account = loaded.as_ref().and_then(Loaded::account);
            let credential = self.hashing.credential(typed, account)?;
            let mut ahead = None;
            let judged = self.change_from(loaded, user, |account| {
                ahead = account.used_ahead(now);
                let answer = judge(account, &credential);
                ahead = ahead.filter(|_| account.used_ahead(now).is_none());
                answer
            })?;
            if let Some(moment) = ahead {
                self.log_clock(user, moment);
            }
            if let Some(answer) = judged {
                return Ok(answer);
            }
        }
        Err(Error::Contended(messages::BACKUP_CODES_CONTENDED))
    }

    /// Makes a new set of backup codes.
    ///
    /// # Errors
    /// [`Error::Hashing`], [`Error::Randomness`]; [`Error::Contended`] where too many others are being made.
    pub fn draw_backup_codes(&self) -> Result<(BackupSet, [BackupCode; BackupSet::SIZE]), Error> {
        self.hashing.draw()
    }

    fn log_clock(&self, user: &User, moment: Time) {
        if let Some(journal) = &self.journal {
            journal.log_record(&user.name, RecordEvent::ClockWasAhead { step: moment });
        }
    }
}
