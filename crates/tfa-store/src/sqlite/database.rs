//! The database before it serves: created, opened, checked, migrated, and given its key.

use rusqlite::{Connection, TransactionBehavior};

use super::checkpoint;
use super::compile_options;
use super::connection::{Access, use_log};
use super::db_file::DbFile;
use super::error::cause;
use super::meta::Meta;
use super::migrate::{self, Migrated, ReadUid};
use super::schema::{self, Layout};
use crate::state_dir::LockedDir;
use crate::{KeyId, StoreError};

/// The database file in the state directory.
pub(crate) const DATABASE: &str = "accounts.db";
pub(super) const LOG: &str = "accounts.db-wal";
pub(super) const JOURNAL: &str = "accounts.db-journal";
pub(super) const SHARED_MEMORY: &str = "accounts.db-shm";

/// Files that show that there was a database.
pub(crate) const EVIDENCE: [&str; 2] = [LOG, JOURNAL];

/// Up to this size, in bytes, the whole database is checked before it is used: well under a second.
const MAX_CHECKED_BYTES: u64 = 64 << 20;

/// A database that was opened, and does not serve yet.
pub(crate) struct Database {
    pub(super) db: Connection,
    pub(super) file: DbFile,
    pub(super) layout: Layout,
    /// Whether there is a log to checkpoint: the last run did not end cleanly, or a migration was
    /// made.
    pub(super) has_log: bool,
}

impl Database {
    /// Creates a database without records, with this key.
    pub(crate) fn create(directory: &LockedDir, key: KeyId) -> Result<(), StoreError> {
        let draft = directory.write_draft(DATABASE, b"")?;
        schema::create(&draft, key).map_err(cause)?;
        directory.publish(DATABASE)
    }

    /// Opens the database, and checks it before anything is written.
    pub(crate) fn open(directory: &LockedDir) -> Result<Self, StoreError> {
        for name in [DATABASE, LOG, JOURNAL, SHARED_MEMORY] {
            directory.check_file(name)?;
        }
        let file = DbFile::new(directory.join(DATABASE), access(directory)?)?;
        let has_log = directory.has(LOG)?;
        let (db, layout) = file.connect()?;
        if directory.size(DATABASE)? <= MAX_CHECKED_BYTES {
            schema::quick_check(&db)?;
        }
        if file.is_writable() {
            use_log(&db)?;
        }
        Ok(Self {
            db,
            file,
            layout,
            has_log,
        })
    }

    pub(crate) fn is_read_only(&self) -> bool {
        !self.file.is_writable()
    }

    pub(crate) fn is_migrated(&self) -> bool {
        self.layout == Layout::Present
    }

    /// The key that seals the records.
    pub(crate) fn key(&self) -> Result<KeyId, StoreError> {
        Ok(Meta::read(&self.db)?.key)
    }

    /// Whether there certainly is no record.
    pub(crate) fn is_empty(&self) -> Result<bool, StoreError> {
        schema::is_empty(&self.db)
    }

    /// Makes this the key that seals the records, of which there are none.
    pub(crate) fn adopt_key(&mut self, key: KeyId) -> Result<(), StoreError> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(cause)?;
        if !schema::is_empty(&tx)? {
            return Err(StoreError::Superseded {
                why: "another process has just stored a record; restart tfad".into(),
            });
        }
        let meta = Meta {
            key,
            ..Meta::read(&tx)?
        };
        meta.update(&tx)?;
        tx.commit().map_err(cause)
    }

    /// Empties the log, as [`SqliteStore::empty_log`](super::SqliteStore::empty_log) does.
    pub(crate) fn empty_log(&self) -> Result<(), StoreError> {
        checkpoint::empty(&self.db)
    }

    /// Migrates a database of an older format, if it can be written.
    pub(crate) fn migrate(
        &mut self,
        read_uid: &ReadUid<'_>,
    ) -> Result<Option<Migrated>, StoreError> {
        if self.layout == Layout::Present || self.is_read_only() {
            return Ok(None);
        }
        let migrated = migrate::migrate(&mut self.db, read_uid)?;
        (self.layout, self.has_log) = (Layout::Present, true);
        Ok(migrated)
    }

    /// What to say if commits are slower than they have to be, and what to do.
    pub(crate) fn slow_commits(&self) -> Result<Option<String>, StoreError> {
        compile_options::slow_commits(&self.db)
    }
}

/// How the database can be opened.
fn access(directory: &LockedDir) -> Result<Access, StoreError> {
    if !directory.is_read_only()? {
        return Ok(Access::ReadWrite);
    }
    let has_log = directory.has(LOG)? && directory.size(LOG)? > 0;
    if !has_log && !directory.has(JOURNAL)? {
        return Ok(Access::Immutable);
    }
    if has_log && !directory.has(SHARED_MEMORY)? {
        return Err(StoreError::ReadOnly {
            why: format!(
                "{} is on a read-only file system, and its changes cannot be read there: make the file \
                 system writable and restart tfad",
                directory.join(LOG).display()
            ),
        });
    }
    Ok(Access::ReadLog)
}
