//! Accounts in the store: load, verify, commit; on a conflict load and verify again.
//!
//! That loop is why one code serves one login: of several changes at the same time, here or on another
//! host, only one can follow a given revision. `resolve` says which record is whose, `judge` verifies
//! what a user typed. Every call blocks.

mod error;
pub mod hashing;
mod import;
mod judge;
mod recovery;
mod rename;
pub(crate) mod resolve;
mod root_of_member;
pub(crate) mod status;
mod told_uid;
mod told_user;
pub(crate) mod user_name;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tfa_core::Account;

use crate::account::hashing::Hashing;
use crate::account::recovery::RecoveryFile;
use crate::host::known_users::KnownUsers;
use crate::host::users::{LookUpError, NameService, User};
use crate::log::{Journal, RecordEvent};
use crate::messages;
pub use error::Error;
pub use judge::Typed;
pub use recovery::RECOVERY_FILE;
use tfa_store::{
    Commit, Listed, Move, Page, Record, RecordRead, Records, Revision, StateFile, Store, StoreError,
};
pub use told_user::NamedUser;

/// The number of conflicts in a row after which a change is given up. Each means that another change
/// was stored, so chance does not reach this number.
const MAX_CONFLICTS: u32 = 1000;

/// The accounts of this host's users.
pub struct Accounts {
    store: Arc<dyn Store>,
    names: Arc<dyn NameService>,
    hashing: Hashing,
    journal: Option<Arc<Journal>>,
    recovery: Option<RecoveryFile>,
    /// Whether a record follows its uid to another name.
    follows_uid: FollowsUid,
    /// Whether members tell the uids of the users.
    uids_are_told: bool,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Accounts")
    }
}

/// A record as it was loaded.
pub struct Loaded {
    account: Option<Account>,
    record: Option<Record>,
    revision: Revision,
    former_name: Option<String>,
    /// The record was made for another uid, and limits nothing but an import.
    is_mark_of_other: bool,
    /// It refuses each user of its name with another uid, and of its uid with another name.
    refuses_other_uids: bool,
    /// A record of the uid under another name, which gives way.
    in_the_way: Option<(String, Revision)>,
}

impl Loaded {
    /// The account; `None` where there is no record.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// The account; `None` where there is no record.
    pub(crate) fn into_account(self) -> Option<Account> {
        self.account
    }

    /// The name that the record is stored under, where that is not the user's.
    #[must_use]
    pub fn former_name(&self) -> Option<&str> {
        self.former_name.as_deref()
    }

    /// Its memory, in bytes: the record, and the account that was decoded from it.
    pub(crate) fn memory(&self) -> usize {
        let record = self.record.as_ref();
        record.map_or(0, |record| record.as_bytes().len().saturating_mul(2))
    }

    fn none() -> Self {
        Self {
            account: None,
            record: None,
            revision: Revision::NONE,
            former_name: None,
            is_mark_of_other: false,
            refuses_other_uids: false,
            in_the_way: None,
        }
    }
}

/// When a record under a former name moves to the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settle {
    /// With a right code.
    Proved,
    /// With the next change.
    AtOnce,
}

/// Whether a record follows the uid of its user, under another name. In a fleet it does not: members tell the
/// uids of their users.
#[derive(Debug, Clone)]
pub struct FollowsUid(Arc<AtomicBool>);

impl Default for FollowsUid {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl FollowsUid {
    fn never() -> Self {
        let follows = Self::default();
        follows.end();
        follows
    }

    /// From now on it does not.
    pub fn end(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn is_so(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Accounts {
    /// Accounts over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            names: Arc::new(KnownUsers::of_host()),
            hashing: Hashing::default(),
            journal: None,
            recovery: None,
            follows_uid: FollowsUid::default(),
            uids_are_told: false,
        }
    }

    /// The same, with the recovery code of the host in this file.
    #[must_use]
    pub fn with_recovery(self, file: StateFile) -> Self {
        let recovery = Some(RecoveryFile::new(file));
        Self { recovery, ..self }
    }

    /// The same, for users of a fleet: a record is found under the name alone, and not by the uid.
    #[must_use]
    pub fn by_name_alone(self) -> Self {
        Self {
            follows_uid: FollowsUid::never(),
            ..self
        }
    }

    /// As [`Self::by_name_alone`], for users of members. Members tell their uids: what a new record says of a
    /// user may not differ from what the name service says here.
    #[must_use]
    pub fn of_members(self) -> Self {
        Self {
            uids_are_told: true,
            ..self.by_name_alone()
        }
    }

    /// The same, where that is known when the store is opened.
    #[must_use]
    pub fn following_uid_if(self, follows_uid: FollowsUid) -> Self {
        Self {
            follows_uid,
            ..self
        }
    }

    /// The same, with a line in this log for each record that goes to another name.
    #[must_use]
    pub fn logging_to(self, journal: Arc<Journal>) -> Self {
        Self {
            journal: Some(journal),
            ..self
        }
    }

    /// The same, with users as this name service knows them.
    #[must_use]
    pub fn with_names(self, names: Arc<dyn NameService>) -> Self {
        Self { names, ..self }
    }

    /// Whether the users are those of a fleet, of which this host knows some.
    pub(crate) fn are_of_fleet(&self) -> bool {
        !self.follows_uid.is_so()
    }

    /// The name service, for a call on another thread.
    pub(crate) fn shared_names(&self) -> Arc<dyn NameService> {
        Arc::clone(&self.names)
    }

    /// A user's account; `None` where there is no record.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::NameService`], [`Error::Damaged`], [`Error::UidChanged`].
    pub fn load(&self, user: &User) -> Result<Option<Account>, Error> {
        Ok(self.load_record(user)?.account)
    }

    /// The name service that this resolves users with.
    #[must_use]
    pub fn names(&self) -> &dyn NameService {
        &*self.names
    }

    /// The user of a name, or of a former name that a record is still stored under. In a fleet, the user of the
    /// record of that name: this host may know no such user, or another uid.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::NameService`], [`Error::Store`] where only a store that does not answer could
    /// know the user.
    pub fn user(&self, name: &str) -> Result<User, Error> {
        if !self.follows_uid.is_so()
            && let Ok(Some(account)) = self.stored_under(name)
        {
            return Ok(User {
                name: name.to_owned(),
                uid: account.uid(),
                aliases: Vec::new(),
            });
        }
        let user = self.names.look_up(name);
        let Err(LookUpError::Unknown(_)) = user else {
            return Ok(user?);
        };
        match self.stored_under(name) {
            Ok(Some(account)) => match self.names.by_uid(account.uid()) {
                Ok(Some(renamed)) => Ok(renamed),
                _ => Ok(user?),
            },
            // It may have a record of that name.
            Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
            Ok(None) | Err(_) => Ok(user?),
        }
    }

    /// The account in the record under a name, no matter whose it is; `None` if there is none, or its record cannot be
    /// read.
    fn stored_under(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let record = self.store.load(name)?;
        Ok(record.and_then(|(record, _)| resolve::decode(&record, name).ok()))
    }

    /// Lets `judge` look at an account and change it. Its answer is returned only after the
    /// changed account was stored; an account that it left as it was is not stored again. On a
    /// conflict it is called again, with the account as it then is.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn change<T>(&self, user: &User, judge: impl FnMut(&mut Account) -> T) -> Result<T, Error> {
        self.change_from(None, user, judge)
    }

    /// As [`Self::change`], with a record that was loaded some time ago. The result is valid if the
    /// commit finds that record unchanged. If there is nothing to store, the record is loaded anew and
    /// judged again.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn change_from<T>(
        &self,
        earlier: Option<Loaded>,
        user: &User,
        judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        self.settle(Settle::Proved, earlier, user, judge)
    }

    /// As [`Self::change`], for the administrator, who decides whose record it is: a record under a former
    /// name moves to the present one.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn change_and_move<T>(
        &self,
        user: &User,
        judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        self.settle(Settle::AtOnce, None, user, judge)
    }

    fn settle<T>(
        &self,
        settle: Settle,
        mut earlier: Option<Loaded>,
        user: &User,
        mut judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        for _ in 0..MAX_CONFLICTS {
            let (mut loaded, fresh) = match earlier.take() {
                Some(loaded) => (loaded, false),
                None => (self.load_record(user)?, true),
            };
            let account = loaded.account.take();
            let of_root = match self.uids_are_told {
                true => root_of_member::enrollment_before(user, account.as_ref()),
                false => None,
            };
            let mut account = account.unwrap_or_else(|| Account::new(user.uid));
            let verdict = judge(&mut account);
            root_of_member::must_be_unchanged(of_root.as_ref(), &account)?;
            match self.store_if_changed(settle, user, &account, loaded)? {
                Stored::Committed => return Ok(verdict),
                Stored::Unchanged if fresh => return Ok(verdict),
                Stored::Unchanged | Stored::Conflict => {}
            }
        }
        Err(busy())
    }

    fn store_if_changed(
        &self,
        settle: Settle,
        user: &User,
        account: &Account,
        before: Loaded,
    ) -> Result<Stored, Error> {
        let bytes = account.encode();
        let as_before = match before.record {
            None => account.is_blank(),
            // Only an import reads the mark of another uid.
            Some(_) if before.is_mark_of_other && account.has_no_content() => true,
            Some(record) => record.as_bytes() == bytes.as_slice(),
        };
        if as_before {
            return Ok(Stored::Unchanged);
        }
        if self.uids_are_told && !before.refuses_other_uids && !account.has_no_content() {
            told_uid::must_not_differ(&self.names, user)?;
        }
        if let Some((other, revision)) = &before.in_the_way
            && self.store.remove(other, Some(*revision))? == Commit::Conflict
        {
            return Ok(Stored::Conflict);
        }
        let User { name, uid, .. } = user;
        let former = before.former_name.as_deref();
        let mut expected = before.revision;
        if before.is_mark_of_other {
            // A record does not change its uid.
            if self.store.remove(name, Some(expected))? == Commit::Conflict {
                return Ok(Stored::Conflict);
            }
            expected = Revision::NONE;
        }
        let commit = match former {
            _ if account.is_blank() => {
                let name = former.unwrap_or(name);
                self.store.remove(name, Some(expected))
            }
            Some(former) if settle == Settle::AtOnce || account.has_accepted_code() => {
                let moves = [Move {
                    from: former,
                    to: name,
                    uid: *uid,
                    record: &bytes,
                    expected,
                }];
                let moved = self.store.rename(&moves);
                if let Ok(Commit::Committed(_)) = moved {
                    self.log_move(former, user);
                }
                moved
            }
            // A user who has not proved to own the record does not take it along.
            _ => {
                let name = former.unwrap_or(name);
                self.store.commit(name, *uid, &bytes, expected)
            }
        };
        match commit? {
            Commit::Committed(_) => Ok(Stored::Committed),
            Commit::Conflict => Ok(Stored::Conflict),
        }
    }

    fn log_move(&self, former: &str, user: &User) {
        if let Some(journal) = &self.journal {
            let uid = user.uid;
            journal.log_record(&user.name, RecordEvent::Moved { former, uid });
        }
    }

    /// A user's record as it is now.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_record(&self, user: &User) -> Result<Loaded, Error> {
        self.load_record_or(None, user)
    }

    /// As [`Self::load_record`], with the records under the names of the user that were read already.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_record_or(&self, read: Option<RecordRead>, user: &User) -> Result<Loaded, Error> {
        match self.follows_uid.is_so() {
            true => resolve::read(&*self.store, self.names(), user),
            false => resolve::read_by_name(&*self.store, read, user),
        }
    }

    /// Whether there certainly is no record under a name, no matter whose it is.
    pub fn has_none(&self, name: &str) -> bool {
        matches!(self.store.load(name), Ok(None))
    }

    /// Removes a user's record, under any name. A damaged record is only found under the user's own name.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn forget(&self, user: &User) -> Result<(), Error> {
        let name = match self.has_none(&user.name) {
            false => user.name.clone(),
            true => {
                let loaded = self.load_record(user)?;
                loaded.former_name.unwrap_or_else(|| user.name.clone())
            }
        };
        self.remove(&name)
    }

    /// Whether the record under a name may be another user's: it was set up for a uid that is not this
    /// user's, and that another user has now.
    ///
    /// # Errors
    /// As [`Self::load`]. A damaged record has no known uid, and counts as the user's.
    pub fn other_owner(&self, name: &str, user: &User) -> Result<Option<User>, Error> {
        let record = match self.store.load(name) {
            Err(StoreError::RecordDamaged { .. } | StoreError::KeyLost { .. }) => None,
            loaded => loaded?,
        };
        let account = record.and_then(|(record, _)| resolve::decode(&record, name).ok());
        match account.map(|account| account.uid()) {
            Some(uid) if uid != user.uid => Ok(self.names.by_uid(uid)?),
            _ => Ok(None),
        }
    }

    /// Removes the record under a name, no matter whose it is, and a damaged one too.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let removed = self.store.remove(name, None);
        Ok(removed.map(|_: Commit| ())?)
    }

    /// `None` where the store takes changes; else whether one that is opened anew would.
    pub fn writable_again(&self) -> Option<bool> {
        self.store.writable_again()
    }

    /// A page of the users with a record: [`Store::list`].
    ///
    /// # Errors
    /// [`Error::Store`], where even the names cannot be read.
    pub fn list(&self, after: &str, limit: usize) -> Result<Page, Error> {
        Ok(self.store.list(after, limit)?)
    }

    /// The names of such a page, and whether further pages follow: [`Store::names`].
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn record_names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), Error> {
        Ok(self.store.names(after, limit)?)
    }

    /// Every user with a record, in the order of their names. Few records are in memory at a time. It ends
    /// after an error.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn records(&self) -> impl Iterator<Item = Result<Listed, Error>> {
        Records::of(&*self.store).map(|listed| Ok(listed?))
    }
}

/// The result of storing an account after a change.
enum Stored {
    Committed,
    Unchanged,
    Conflict,
}

fn busy() -> Error {
    Error::Contended(messages::ACCOUNT_CONTENDED)
}
