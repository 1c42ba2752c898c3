//! Argon2 beside the bus thread, a few evaluations at a time.

use tfa_core::{
    Account, BackupCode, BackupSet, Credential, HashParams, Hashed, Input, LockState,
    ThrottleScope, Time,
};
use tfa_proto::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::host::random;

/// How many evaluations run at once. Each takes a core for tens of milliseconds and 19 MiB, and a
/// flood of backup codes must not keep the host from judging one-time codes.
const AT_ONCE: usize = 2;

/// Hashes backup codes.
#[derive(Debug)]
pub struct Hashing {
    places: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE),
        }
    }
}

impl Hashing {
    /// Makes an entry ready to be judged against an account. A backup code is hashed where the
    /// account has a set to hold it against and is open to another try.
    ///
    /// # Errors
    /// [`Error::Storage`] when the hash cannot be computed.
    pub async fn credential(
        &self,
        input: &Input,
        account: Option<&Account>,
        origin: ThrottleScope,
        now: Time,
    ) -> Result<Credential, Error> {
        let code = match input {
            Input::Empty => return Ok(Credential::Empty),
            Input::Malformed => return Ok(Credential::Malformed),
            Input::Code(code) => return Ok(Credential::Code(code.clone())),
            Input::Backup(code) => code,
        };
        let open = |account: &&Account| {
            account.lock_state(&Credential::Backup(None), origin, now) == LockState::Unlocked
        };
        let hash_params = account
            .filter(open)
            .and_then(Account::backup)
            .map(BackupSet::hash_params);
        match hash_params {
            None => Ok(Credential::Backup(None)),
            Some(hash_params) => Ok(Credential::Backup(Some(
                self.hash(hash_params, code).await?,
            ))),
        }
    }

    /// Draws a new set of backup codes.
    ///
    /// # Errors
    /// [`Error::Storage`] when randomness or memory is short.
    pub async fn draw(&self) -> Result<(BackupSet, [BackupCode; BackupSet::SIZE]), Error> {
        self.at_a_place(|| {
            let set = random::drawn(|fill| BackupSet::draw(fill))?;
            set.map_err(|_| failed())
        })
        .await
    }

    async fn hash(&self, hash_params: &HashParams, code: &BackupCode) -> Result<Hashed, Error> {
        let (hash_params, code) = (hash_params.clone(), code.clone());
        self.at_a_place(move || hash_params.hash(&code).map_err(|_| failed()))
            .await
    }

    async fn at_a_place<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.places.acquire().await.map_err(|_| failed())?;
        spawn_blocking(work).await.map_err(|_| failed())?
    }
}

fn failed() -> Error {
    Error::Storage("the backup code could not be hashed; is memory short?".to_owned())
}
