//! Argon2 beside the bus thread, a few evaluations at a time.

use tfa_core::{
    Account, BackupCode, BackupSet, Entry, Evidence, Gate, Hashed, Origin, Recipe, Time,
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
    pub async fn evidence(
        &self,
        entry: &Entry,
        account: Option<&Account>,
        origin: Origin,
        now: Time,
    ) -> Result<Evidence, Error> {
        let code = match entry {
            Entry::Nothing => return Ok(Evidence::Nothing),
            Entry::Nonsense => return Ok(Evidence::Nonsense),
            Entry::Code(code) => return Ok(Evidence::Code(code.clone())),
            Entry::Backup(code) => code,
        };
        let open =
            |account: &&Account| account.gate(&Evidence::Backup(None), origin, now) == Gate::Open;
        let recipe = account
            .filter(open)
            .and_then(Account::backup)
            .map(BackupSet::recipe);
        match recipe {
            None => Ok(Evidence::Backup(None)),
            Some(recipe) => Ok(Evidence::Backup(Some(self.hash(recipe, code).await?))),
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

    async fn hash(&self, recipe: &Recipe, code: &BackupCode) -> Result<Hashed, Error> {
        let (recipe, code) = (recipe.clone(), code.clone());
        self.at_a_place(move || recipe.hash(&code).map_err(|_| failed()))
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
