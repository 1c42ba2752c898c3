//! The recovery code of this host: made, verified, and void after one login.
//!
//! It is a file of its own, because it belongs to the host and not to a user. The one process that
//! serves logins replaces it, one call at a time, so of many logins with the code one gets in.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tfa_core::{Account, Credential, HostRecovery, Match, RecoveryCode, Time};
use tfa_store::StateFile;

use super::{Accounts, Error, Loaded};
use crate::host::users::User;
use crate::messages;

/// The name of the file in the state directory.
pub const RECOVERY_FILE: &str = "recovery";

/// The file with the recovery code's hash.
pub(super) struct RecoveryFile {
    file: StateFile,
    /// Held from the verification of a code until it is void.
    in_use: Mutex<()>,
}

impl fmt::Debug for RecoveryFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RecoveryFile")
    }
}

impl RecoveryFile {
    pub(super) fn new(file: StateFile) -> Self {
        Self {
            file,
            in_use: Mutex::default(),
        }
    }

    fn read(&self) -> Result<Option<HostRecovery>, Error> {
        let Some(bytes) = self.file.read()? else {
            return Ok(None);
        };
        let recovery = HostRecovery::decode(&bytes);
        let unknown = |_| Error::Damaged(messages::DAMAGED_RECOVERY.to_owned());
        recovery.map(Some).map_err(unknown)
    }

    fn write(&self, recovery: &HostRecovery) -> Result<(), Error> {
        Ok(self.file.replace(&recovery.encode())?)
    }
}

impl Accounts {
    /// The recovery code's state; `None` where none was made.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Damaged`].
    pub fn recovery(&self) -> Result<Option<HostRecovery>, Error> {
        match &self.recovery {
            Some(file) => file.read(),
            None => Ok(None),
        }
    }

    /// Whether there is a recovery code that was not used.
    ///
    /// # Errors
    /// As [`Self::recovery`].
    pub fn has_recovery_code(&self) -> Result<bool, Error> {
        let recovery = self.recovery()?;
        Ok(recovery.is_some_and(|recovery| recovery.used().is_none()))
    }

    /// Makes a recovery code. An earlier one becomes void, also one that cannot be read.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Hashing`], [`Error::Randomness`].
    pub fn create_recovery_code(&self, now: Time) -> Result<RecoveryCode, Error> {
        let file = self.recovery_file()?;
        let (recovery, code) = self.hashing.draw_recovery(now)?;
        let _in_use = file.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        file.write(&recovery)?;
        Ok(code)
    }

    /// As [`Self::judge`], for a recovery code at a place where one is accepted. If `is_accepted` says
    /// that the answer lets the user in, the code is void before this returns: the account is stored
    /// first, so that a store that fails costs no code.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Error::Hashing`].
    pub fn judge_recovery<T>(
        &self,
        user: &User,
        code: &RecoveryCode,
        now: Time,
        earlier: Option<Loaded>,
        mut judge: impl FnMut(&mut Account, &Credential) -> T,
        is_accepted: impl Fn(&T) -> bool,
    ) -> Result<T, Error> {
        let file = self.recovery_file()?;
        let _in_use = file.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let recovery = file.read()?;
        let matched = match &recovery {
            Some(recovery) => self.hashing.check_recovery(recovery, code)?,
            None => Match::No,
        };
        let credential = Credential::Recovery(matched);
        let judged = self.change_from(earlier, user, |account| judge(account, &credential))?;
        if is_accepted(&judged) {
            let mut recovery = recovery.ok_or(Error::Hashing)?;
            recovery.mark_used(&user.name, now);
            file.write(&recovery)?;
        }
        Ok(judged)
    }

    fn recovery_file(&self) -> Result<&RecoveryFile, Error> {
        let none = || Error::Damaged(messages::NO_RECOVERY_FILE.to_owned());
        self.recovery.as_ref().ok_or_else(none)
    }
}
