//! Argon2, a few evaluations at a time.

use tfa_core::{
    Account, BackupCode, BackupSet, Code, Credential, HashParams, Hashed, HostRecovery, Input,
    LockState, Match, RecoveryCode, ThrottleScope, Time,
};

use super::Error;
use crate::host::random;
use crate::semaphore::Semaphore;

/// The number of evaluations at once. Each takes a core for tens of milliseconds and 19 MiB, and a
/// flood of backup codes must not keep the host from verifying one-time codes.
const MAX_EVALUATIONS: usize = 2;

/// Hashes backup codes.
#[derive(Debug)]
pub struct Hashing {
    evaluations: Semaphore,
    /// New sets, each of ten evaluations, one at a time: there is room for the codes of logins.
    draws: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            evaluations: Semaphore::new(MAX_EVALUATIONS),
            draws: Semaphore::new(1),
        }
    }
}

impl Hashing {
    /// Prepares an entry for verification against an account. A backup code is hashed where the
    /// account has a set of them and no lock.
    ///
    /// # Errors
    /// [`Error::Hashing`].
    pub fn credential(
        &self,
        input: &Input,
        account: Option<&Account>,
        scope: ThrottleScope,
        now: Time,
    ) -> Result<Credential, Error> {
        let code = match input {
            Input::Empty => return Ok(Credential::Empty),
            // Where the host's recovery code is accepted, it does not come here.
            Input::Malformed | Input::Recovery(_) => return Ok(Credential::Malformed),
            Input::Code(code) => {
                return self.code_or_backup(
                    code,
                    account.filter(|account| {
                        account.backup_lock_state(scope, now) == LockState::Unlocked
                    }),
                );
            }
            Input::Backup(code) => code,
        };
        let open =
            |account: &&Account| account.backup_lock_state(scope, now) == LockState::Unlocked;
        let hash_params = account
            .filter(open)
            .and_then(Account::backup)
            .map(BackupSet::hash_params);
        match hash_params {
            None => Ok(Credential::Backup(None)),
            Some(hash_params) => Ok(Credential::Backup(Some(self.hash(hash_params, code)?))),
        }
    }

    /// Eight digits may be an imported backup code.
    fn code_or_backup(&self, code: &Code, account: Option<&Account>) -> Result<Credential, Error> {
        let set = account.and_then(Account::imported_codes);
        match set.filter(|_| code.may_be_backup()) {
            None => Ok(Credential::Code(code.clone())),
            Some(set) => {
                let hashed = self.digits(set.hash_params(), code)?;
                Ok(Credential::CodeOrBackup(code.clone(), hashed))
            }
        }
    }

    /// Hashes a backup code of digits.
    pub(super) fn digits(&self, hash_params: &HashParams, code: &Code) -> Result<Hashed, Error> {
        let _permit = self.evaluations.acquire();
        hash_params.hash_digits(code).map_err(|_| Error::Hashing)
    }

    /// Makes a set of the backup codes of another program.
    ///
    /// # Errors
    /// As [`Self::draw`].
    pub(super) fn imported(&self, codes: &[Code]) -> Result<BackupSet, Error> {
        let hash_params = random::drawn(|fill| BackupSet::imported_params(fill))?;
        let hashed = codes.iter().map(|code| self.digits(&hash_params, code));
        let hashed: Vec<Hashed> = hashed.collect::<Result<_, _>>()?;
        Ok(BackupSet::imported(hash_params, &hashed))
    }

    /// Makes a new set of backup codes.
    ///
    /// # Errors
    /// [`Error::Hashing`], [`Error::Randomness`].
    pub fn draw(&self) -> Result<(BackupSet, [BackupCode; BackupSet::SIZE]), Error> {
        let _draw = self.draws.acquire();
        let _permit = self.evaluations.acquire();
        let set = random::drawn(|fill| BackupSet::draw(fill))?;
        set.map_err(|_| Error::Hashing)
    }

    /// Makes a recovery code of the host.
    ///
    /// # Errors
    /// As [`Self::draw`].
    pub fn draw_recovery(&self, now: Time) -> Result<(HostRecovery, RecoveryCode), Error> {
        let _permit = self.evaluations.acquire();
        let drawn = random::drawn(|fill| HostRecovery::draw(fill, now))?;
        drawn.map_err(|_| Error::Hashing)
    }

    /// Compares a typed recovery code with the one of the host.
    ///
    /// # Errors
    /// [`Error::Hashing`].
    pub fn check_recovery(
        &self,
        recovery: &HostRecovery,
        code: &RecoveryCode,
    ) -> Result<Match<()>, Error> {
        let _permit = self.evaluations.acquire();
        recovery.check(code).map_err(|_| Error::Hashing)
    }

    fn hash(&self, hash_params: &HashParams, code: &BackupCode) -> Result<Hashed, Error> {
        let _permit = self.evaluations.acquire();
        hash_params.hash(code).map_err(|_| Error::Hashing)
    }
}
