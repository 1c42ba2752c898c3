//! Verification of what a user typed, against the account as it is stored.

use tfa_core::{Account, BackupCode, BackupSet, Credential, Input, ThrottleScope, Time};

use super::{Accounts, Error, Loaded};
use crate::host::users::User;
use crate::log::RecordEvent;
use crate::messages;

/// The number of times that an entry is hashed, because the backup codes changed meanwhile.
const MAX_HASHES: u32 = 8;

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
        input: &Input,
        scope: ThrottleScope,
        now: Time,
        mut earlier: Option<Loaded>,
        mut judge: impl FnMut(&mut Account, &Credential) -> Option<T>,
    ) -> Result<T, Error> {
        for _ in 0..MAX_HASHES {
            let loaded = match (earlier.take(), input) {
                (None, Input::Backup(_)) => Some(self.load_record(user)?),
                (None, Input::Code(code)) if code.may_be_backup() => Some(self.load_record(user)?),
                (loaded, _) => loaded,
            };
            let account = loaded.as_ref().and_then(Loaded::account);
            let credential = self.hashing.credential(input, account, scope, now)?;
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
