//! Argon2, a few evaluations at a time.

use std::num::NonZero;
use std::thread;
use std::time::Duration;

use tfa_core::{
    Account, BackupCode, BackupSet, Code, Credential, HashParams, Hashed, HostRecovery, Input,
    Match, RecoveryCode, Time,
};

use super::Error;
use super::judge::Typed;
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
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            evaluations: Semaphore::new(MAX_EVALUATIONS),
            draws: Semaphore::new(1),
            imports: Semaphore::new(evaluations_of_imports()),
        }
    }
}

impl Hashing {
    /// Prepares what was typed for verification against an account. A backup code is hashed where the account has
    /// a set of them and no lock, and where the same answer was not wrong before.
    ///
    /// # Errors
    /// [`Error::Hashing`]; [`Error::Contended`] where the caller has had too many codes hashed.
    pub(super) fn credential(
        &self,
        typed: &Typed<'_>,
        account: Option<&Account>,
    ) -> Result<Credential, Error> {
        let unhashed = match typed.input {
            Input::Empty => return Ok(Credential::Empty),
            // Where the host's recovery code is accepted, it does not come here.
            Input::Malformed | Input::Recovery(_) => return Ok(Credential::Malformed),
            Input::Code(code) => Credential::Code(code.clone()),
            Input::Backup(code) => Credential::Backup(code.clone(), None),
        };
        // Neither a lock nor an answer that comes again costs anything.
        if account.is_some_and(|account| !typed.is_judged_by_hash(account, &unhashed)) {
            return Ok(unhashed);
        }
        match typed.input {
            // Eight digits may be an imported backup code.
            Input::Code(code) if code.may_be_backup() => {
                let Some(set) = account.and_then(Account::imported_codes) else {
                    return Ok(unhashed);
                };
                // Past the quota it is not compared with a phone alone: a wrong one would not be counted.
                typed.must_be_within_quota()?;
                let hashed = self.digits(set.hash_params(), code)?;
                Ok(Credential::CodeOrBackup(code.clone(), hashed))
            }
            Input::Backup(code) => {
                // Also where there is no set: a refusal does not tell whether there is one.
                typed.must_be_within_quota()?;
                let Some(set) = account.and_then(Account::backup) else {
                    return Ok(unhashed);
                };
                let hashed = self.hash(set.hash_params(), code)?;
                Ok(Credential::Backup(code.clone(), Some(hashed)))
            }
            _ => Ok(unhashed),
        }
    }

    fn digits(&self, hash_params: &HashParams, code: &Code) -> Result<Hashed, Error> {
        let _permit = self.evaluations.acquire();
        hash_params.hash_digits(code).map_err(|_| Error::Hashing)
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

    /// Hashes a code without keeping what was typed.
    ///
    /// # Errors
    /// [`Error::Hashing`].
    pub fn once(&self, hash_params: &HashParams, code: &BackupCode) -> Result<Hashed, Error> {
        let _permit = self.evaluations.acquire();
        hash_params.hash(code).map_err(|_| Error::Hashing)
    }

    fn hash(&self, hash_params: &HashParams, code: &BackupCode) -> Result<Hashed, Error> {
        let _permit = self.evaluations.acquire();
        hash_params.hash(code).map_err(|_| Error::Hashing)
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
    use std::cell::Cell;

    use tfa_core::{
        AnswerId, AskCode, AttemptId, Authenticator, Client, Dialog, Factors, Parameters, Proof,
        Secret, ThrottleScope,
    };

    use super::*;

    #[test]
    fn set_of_codes_does_not_wait_without_a_limit() {
        let hashing = Hashing::default();
        let _other = hashing.draws.acquire();
        let drawn = hashing.draw();
        assert!(matches!(drawn, Err(Error::Contended(_))));
    }

    /// Whether a backup code is hashed, and how often the quota is asked.
    fn is_hashed(hashing: &Hashing, account: &Account, number: u32) -> (bool, u32) {
        let asked = Cell::new(0);
        let attempt = AttemptId::new([7; AttemptId::LENGTH]);
        let typed = Typed {
            input: &Input::parse("00000-00000"),
            scope: ThrottleScope::UNKNOWN,
            now: NOW,
            answer: Some(AnswerId { attempt, number }),
            may_hash: &|| {
                asked.set(asked.get() + 1);
                true
            },
        };
        let credential = hashing.credential(&typed, Some(account)).unwrap();
        (
            matches!(credential, Credential::Backup(_, Some(_))),
            asked.get(),
        )
    }

    const NOW: Time = Time::from_secs(1_700_000_000);

    /// An account with a phone and backup codes.
    fn account() -> Account {
        let (set, _) = BackupSet::draw(|bytes| bytes.fill(7)).unwrap();
        let secret = Secret::new(&[7; 20]).unwrap();
        let phone = Authenticator::totp("phone", Parameters::default(), secret);
        let mut account = Account::new(1000);
        account.bind(phone, NOW).unwrap();
        account
            .replace_backup_codes(set, Proof::Verified, NOW)
            .unwrap();
        account
    }

    #[test]
    fn answer_that_was_wrong_before_is_not_hashed_again() {
        let (hashing, mut account) = (Hashing::default(), account());
        assert_eq!(is_hashed(&hashing, &account, 1), (true, 1));
        let begun = AskCode::begin(&account, ThrottleScope::UNKNOWN, NOW);
        let Some(Dialog::AskCode(question)) = begun.dialog else {
            panic!("no question");
        };
        let attempt = AttemptId::new([7; AttemptId::LENGTH]);
        let client = Client {
            answer: Some(AnswerId { attempt, number: 1 }),
            from: "192.0.2.7",
            service: "sshd",
            shows: true,
        };
        let Input::Backup(code) = Input::parse("00000-00000") else {
            panic!("not a backup code");
        };
        let hashed = account.backup().unwrap().hash_params().hash(&code).unwrap();
        let wrong = Credential::Backup(code, Some(hashed));
        let _ = question.answer(Some(Factors::ANY), &mut account, &wrong, client, NOW);
        assert!(!is_hashed(&hashing, &account, 1).0);
        assert_eq!(is_hashed(&hashing, &account, 2), (true, 1));
    }

    #[test]
    fn code_is_within_the_quota_also_where_there_is_no_set() {
        let (hashing, blank) = (Hashing::default(), Account::new(1000));
        assert_eq!(is_hashed(&hashing, &blank, 1), (false, 1));
        let refused = Typed {
            input: &Input::parse("00000-00000"),
            scope: ThrottleScope::UNKNOWN,
            now: NOW,
            answer: None,
            may_hash: &|| false,
        };
        for account in [Some(&blank), Some(&account()), None] {
            let credential = hashing.credential(&refused, account);
            assert!(matches!(credential, Err(Error::Contended(_))));
        }
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
        let one_by_one = codes.iter().map(|code| hash_params.hash_digits(code));
        hashed.extend(one_by_one.map(Result::unwrap));
        assert_eq!(set(&hashed), codes.len());
        assert_eq!(hashing.imports.free(), evaluations_of_imports());
    }
}
