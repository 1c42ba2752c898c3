//! Moves the accounts of a verifier from its database to etcd, or back.
//!
//! Records and documents are copied as they are sealed. What a crash leaves is told by files and marks, each
//! on disk before the next change:
//!
//! | to etcd | what a start of tfad finds after a crash here |
//! | --- | --- |
//! | `etcd.next` has the id of the store to be | the database, which serves |
//! | the mark of that store says "being filled"; passes copy while logins go on | the database, which serves |
//! | tfad has stopped; the last pass | the database, which serves |
//! | the format of the database says "moved" | neither; [`settle_migration`] asks the mark, and takes this back |
//! | the mark says "complete" | etcd; [`settle_migration`] takes the next two steps |
//! | `etcd.id` has the id; the database gets another name | etcd |
//! | the configuration names etcd; `etcd.next` is removed | etcd |
//!
//! | to a database | what a start of tfad finds after a crash here |
//! | --- | --- |
//! | tfad has stopped; `sqlite.next` has the id of the move | etcd, which serves |
//! | the mark says "being moved" with that id: no verifier reads or changes anything | [`settle_migration`] takes this back |
//! | a new database has everything, and a format that says "moved" | the same |
//! | `etcd.id` is removed | the database; [`settle_migration`] takes the next step |
//! | the format of the database is the usual one; `sqlite.here` is there, and `sqlite.next` is removed | the database |
//! | the mark says "moved": another store may take its place | the database |
//! | the configuration names the database; `sqlite.here` is removed | the database |

mod copy;
mod documents;
mod error;
mod notes;
mod settle;
mod to_database;
mod to_etcd;

pub use error::MigrationError;
pub use notes::{finish_migration, is_migrating};
pub use settle::{KeptIn, settle_migration};
pub use to_database::migrate_to_database;
pub use to_etcd::migrate_to_etcd;

/// What watches a migration.
pub trait MigrationWatch {
    /// So many records of so many are copied. Returns whether to go on.
    fn progress(&mut self, done: u64, total: u64) -> bool;

    /// Stops the daemon of this host, which cannot start again before the migration returns.
    ///
    /// # Errors
    /// Why it could not be stopped.
    fn stop(&mut self) -> Result<(), String>;

    /// A step was taken, and the next one follows.
    fn reached(&mut self, step: MigrationStep);
}

/// A step of a migration that is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationStep {
    /// This host has noted that the migration is under way.
    Noted,
    /// The daemon has stopped.
    Stopped,
    /// No verifier uses the store that the accounts are moved from.
    Closed,
    /// The new store has everything.
    Copied,
    /// The new store may be used.
    Completed,
    /// This host uses the new store.
    Switched,
}

/// A migration that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// How many records were moved. `None` where an interrupted migration had moved them.
    pub records: Option<u64>,
}
