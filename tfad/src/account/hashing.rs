//! Argon2, a few evaluations at a time.

use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use tfa_core::{
    Account, BackupCode, BackupSet, Code, Credential, HashParams, Hashed, HostRecovery, Input,
    LockState, Match, RecoveryCode, ThrottleScope, Time,
};

use super::Error;
use super::recent_hashes::RecentHashes;
use crate::host::random;
use crate::messages;
use crate::semaphore::Semaphore;

/// The number of evaluations at once. Each takes a core for tens of milliseconds and 19 MiB, and a
/// flood of backup codes must not keep the host from verifying one-time codes.
const MAX_EVALUATIONS: usize = 2;

/// The number of evaluations at once for imports: one for each processor but one, up to this.
const MAX_EVALUATIONS_OF_IMPORTS: usize = 4;

/// How long a set waits for those before it. Callers do not wait longer for a reply.
const DRAW_WAIT: Duration = Duration::from_secs(4);

/// Hashes backup codes.
#[derive(Debug)]
pub struct Hashing {
    evaluations: Semaphore,
    /// New sets, each of ten evaluations, one at a time: there is room for the codes of logins.
    draws: Semaphore,
    /// Evaluations for imports. They leave the permits of `evaluations` to logins.
    imports: Semaphore,
    recent: RecentHashes<BackupCode>,
    recent_digits: RecentHashes<Code>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            evaluations: Semaphore::new(MAX_EVALUATIONS),
            draws: Semaphore::new(1),
            imports: Semaphore::new(evaluations_of_imports()),
            recent: RecentHashes::default(),
            recent_digits: RecentHashes::default(),
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

    fn digits(&self, hash_params: &HashParams, code: &Code) -> Result<Hashed, Error> {
        self.recent_digits
            .get(hash_params, code, Instant::now(), || {
                let _permit = self.evaluations.acquire();
                hash_params.hash_digits(code).map_err(|_| Error::Hashing)
            })
    }

    /// Hashes the backup codes of an import, several at once where there are more than two processors. An
    /// import has thousands of them. Their threads have the usual priority: on a busy host, a lower one would
    /// leave them no time before the caller gives up.
    ///
    /// # Errors
    /// [`Error::Hashing`], also where a thread cannot start.
    pub(super) fn of_import(
        &self,
        hash_params: &HashParams,
        codes: &[Code],
    ) -> Result<Vec<Hashed>, Error> {
        let hash = |code| {
            let _permit = self.imports.acquire();
            hash_params.hash_digits(code).map_err(|_| Error::Hashing)
        };
        thread::scope(|scope| {
            let start = |code| thread::Builder::new().spawn_scoped(scope, move || hash(code));
            let threads: Vec<_> = codes.iter().map(start).collect();
            let hashed = threads.into_iter().map(|thread| {
                let joined = thread.map_err(|_| Error::Hashing)?.join();
                joined.unwrap_or(Err(Error::Hashing))
            });
            hashed.collect()
        })
    }

    /// Makes a set of the backup codes of another program.
    ///
    /// # Errors
    /// [`Error::Hashing`], [`Error::Randomness`].
    pub(super) fn imported(&self, codes: &[Code]) -> Result<BackupSet, Error> {
        let hash_params = random::drawn(|fill| BackupSet::imported_params(fill))?;
        let hashed = self.of_import(&hash_params, codes)?;
        Ok(BackupSet::imported(hash_params, &hashed))
    }

    /// Makes a new set of backup codes.
    ///
    /// # Errors
    /// [`Error::Hashing`], [`Error::Randomness`]; [`Error::Contended`] where too many others are being made.
    pub fn draw(&self) -> Result<(BackupSet, [BackupCode; BackupSet::SIZE]), Error> {
        let waited = self.draws.acquire_within(DRAW_WAIT);
        let _draw = waited.ok_or(Error::Contended(messages::TOO_MANY_DRAWS))?;
        let _permit = self.evaluations.acquire();
        let set = random::drawn(|fill| BackupSet::draw(fill))?;
        set.map_err(|_| Error::Hashing)
    }

    /// Makes a recovery code of the host.
    ///
    /// # Errors
    /// [`Error::Hashing`], [`Error::Randomness`].
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
        self.recent.get(hash_params, code, Instant::now(), || {
            let _permit = self.evaluations.acquire();
            hash_params.hash(code).map_err(|_| Error::Hashing)
        })
    }
}

/// A processor is left for logins.
fn evaluations_of_imports() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    processors
        .saturating_sub(1)
        .clamp(1, MAX_EVALUATIONS_OF_IMPORTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_of_codes_does_not_wait_without_a_limit() {
        let hashing = Hashing::default();
        let _other = hashing.draws.acquire();
        let drawn = hashing.draw();
        assert!(matches!(drawn, Err(Error::Contended(_))));
    }

    #[test]
    fn codes_of_an_import_are_hashed_as_single_ones_are() {
        let hashing = Hashing::default();
        let codes =
            ["12345678", "23456789", "34567890"].map(|code| Code::from_digits(code).unwrap());
        let hash_params = BackupSet::imported_params(|bytes| bytes.fill(7));
        let mut hashed = hashing.of_import(&hash_params, &codes).unwrap();
        let set = |hashed: &[Hashed]| BackupSet::imported(hash_params.clone(), hashed).left();
        assert_eq!(set(&hashed), codes.len());
        // A set has each code once.
        let one_by_one = codes.iter().map(|code| hashing.digits(&hash_params, code));
        hashed.extend(one_by_one.map(Result::unwrap));
        assert_eq!(set(&hashed), codes.len());
        assert_eq!(hashing.imports.free(), evaluations_of_imports());
    }
}
