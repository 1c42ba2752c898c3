//! Where a member keeps the codes that are bound to it: a database of its own, beside the state directory's other files. It
//! has no accounts. It is made with the first set.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tfa_core::{BackupCode, BoundCodes, BoundJudgement, BoundSet, LockState, OfflineLogin, Time};
use tfa_store::{Notice, Opened, StateDir, Store, StoreError};

use crate::account::Error;
use crate::account::hashing::Hashing;
use crate::host::users::User;
use crate::log::{DaemonEvent, Journal, Rarely};
use crate::messages;

/// The folder in the state directory.
const FOLDER: &str = "bound";
/// The database in it, which exists from the first set on.
const DATABASE: &str = "accounts.db";
/// How often a code is hashed again, because the set was replaced meanwhile.
const MAX_HASHES: u32 = 8;
/// How often the log says that the database cannot be opened.
const NOT_OPENED_INTERVAL: Duration = Duration::from_secs(3600);

/// The codes of all users that are bound to this host.
pub struct BoundStore {
    directory: StateDir,
    opened: Mutex<Option<Arc<dyn Store>>>,
    hashing: Hashing,
    journal: Option<Arc<Journal>>,
    not_opened: Rarely<()>,
}

impl fmt::Debug for BoundStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BoundStore")
    }
}

impl BoundStore {
    /// The store in this state directory. It is not opened yet.
    #[must_use]
    pub fn new(state_dir: &StateDir) -> Self {
        Self {
            directory: StateDir {
                path: state_dir.path.join(FOLDER),
                credentials: state_dir.credentials.clone(),
            },
            opened: Mutex::default(),
            hashing: Hashing::default(),
            journal: None,
            not_opened: Rarely::new(NOT_OPENED_INTERVAL),
        }
    }

    /// The same, with a log of what happens to the database.
    #[must_use]
    pub fn logging_to(self, journal: Arc<Journal>) -> Self {
        Self {
            journal: Some(journal),
            ..self
        }
    }

    /// Removes the codes of all users from this host, while no daemon runs.
    ///
    /// # Errors
    /// The cause, with the path.
    pub fn remove_all(state_dir: &StateDir) -> Result<(), String> {
        let folder = state_dir.path.join(FOLDER);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("{}: {error}", folder.display()))
            }
            _ => Ok(()),
        }
    }

    /// Whether a set was made on this host. What cannot be looked at may be there.
    pub(super) fn exists(&self) -> bool {
        let found = self.directory.path.join(DATABASE).symlink_metadata();
        found.map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
    }

    /// What is kept of a user; `None` if nothing is, also where it belongs to another uid.
    pub(super) fn load(&self, user: &User) -> Result<Option<BoundCodes>, Error> {
        if !self.exists() {
            return Ok(None);
        }
        let found = self.store()?.load(&user.name)?;
        let codes = found.map(|(record, _)| decode(record.as_bytes(), &user.name));
        Ok(codes.transpose()?.filter(|codes| codes.uid() == user.uid))
    }

    /// The names of the users of whom something is kept.
    pub(super) fn users(&self) -> Result<Vec<String>, Error> {
        let (store, mut names) = (self.store()?, Vec::<String>::new());
        loop {
            let after = names.last().cloned().unwrap_or_default();
            let (page, more) = store.names(&after, 100)?;
            let is_last = !more || page.is_empty();
            names.extend(page);
            if is_last {
                return Ok(names);
            }
        }
    }

    /// The uid of a user of whom something is kept.
    pub(super) fn uid_of(&self, name: &str) -> Result<Option<u32>, Error> {
        let found = self.store()?.load(name)?;
        let codes = found.map(|(record, _)| decode(record.as_bytes(), name));
        Ok(codes.transpose()?.map(|codes| codes.uid()))
    }

    /// Makes sure that a set can be kept, before its codes exist.
    pub(super) fn must_be_usable(&self, user: &User) -> Result<(), Error> {
        self.store()?
            .load(&user.name)
            .map(|_| ())
            .map_err(Into::into)
    }

    /// Draws a set: its codes, and what is shown of them.
    pub(super) fn draw(&self) -> Result<(tfa_core::BackupSet, [BackupCode; 10]), Error> {
        self.hashing.draw()
    }

    /// Takes a set into use that a verifier has registered. It is durable when this returns.
    pub(super) fn activate(&self, user: &User, set: &BoundSet, now: Time) -> Result<(), Error> {
        self.change_or_make(user, now, |codes| codes.activate(user.uid, set.clone()))
    }

    /// Judges a code of a user, and stores that before it returns. `may_hash` counts a hash, and tells whether it is within
    /// the quota of the caller.
    pub(super) fn judge(
        &self,
        user: &User,
        code: &BackupCode,
        login: OfflineLogin<'_>,
        (now, may_hash): (Time, &dyn Fn() -> bool),
    ) -> Result<BoundJudgement, Error> {
        for _ in 0..MAX_HASHES {
            let Some(codes) = self.load(user)? else {
                break;
            };
            match codes.lock_state(login.scope, now) {
                LockState::Unlocked => {}
                closed => return Ok(BoundJudgement::Locked(closed)),
            }
            let Some(params) = codes.hash_params() else {
                break;
            };
            if !may_hash() {
                return Err(Error::Contended(messages::TOO_MANY_HASHES));
            }
            let hashed = self.hashing.once(params, code)?;
            let judged = self.change(user, |codes| codes.judge(&hashed, login, now))?;
            match judged {
                None | Some(BoundJudgement::OtherSet) => {}
                Some(judgement) => return Ok(judgement),
            }
        }
        Ok(BoundJudgement::OtherSet)
    }

    /// The database. It is made where there is none.
    pub(super) fn store(&self) -> Result<Arc<dyn Store>, StoreError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*opened {
            return Ok(Arc::clone(store));
        }
        let folder = &self.directory.path;
        let Opened { store, notices } = match tfa_store::open(&self.directory, uid_of) {
            Ok(opened) => opened,
            Err(error) => {
                if self.not_opened.is_due(&()) {
                    self.log(&messages::bound_codes_not_opened(folder, &error));
                }
                return Err(error);
            }
        };
        for notice in &notices {
            if let Notice::KeyLost { remedy } = notice {
                self.log(&messages::bound_codes_key_lost(folder, remedy));
            }
        }
        let store: Arc<dyn Store> = Arc::new(store);
        *opened = Some(Arc::clone(&store));
        Ok(store)
    }

    pub(super) fn log(&self, text: &str) {
        if let Some(journal) = &self.journal {
            journal.log_daemon(DaemonEvent::BoundCodesFailed(text));
        }
    }
}

pub(super) fn decode(record: &[u8], user: &str) -> Result<BoundCodes, Error> {
    let decoded = BoundCodes::decode(record);
    decoded.map_err(|error| Error::Damaged(messages::damaged_bound_codes(user, &error)))
}

fn uid_of(record: &[u8]) -> Option<u32> {
    let codes = BoundCodes::decode(record).ok();
    codes.map(|codes| codes.uid())
}
