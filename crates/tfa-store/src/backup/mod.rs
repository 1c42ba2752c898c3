//! Backups of the store, and their restoration.
//!
//! A backup is one file: a header, the sealed records of one moment, and a checksum that is sealed with
//! the sealing key. The file is the same for every version of the database. With a passphrase it also
//! has the sealing key.
//!
//! [`back_up`] runs beside a daemon that serves. [`restore`] makes a new database out of the file, and
//! puts it in the place of the present one when the whole file was checked.

mod difference;
mod error;
mod format;
mod passphrase;
mod reader;
mod restore;
mod target;
mod trust;
mod writer;

pub use difference::Difference;
pub use error::BackupError;
pub(crate) use error::shown as shown_names;
pub use passphrase::Passphrase;
pub(crate) use passphrase::WrappedKey;
pub use restore::{RestoreOptions, Restored, Revise, restore};
pub(crate) use target::{Target, failed as target_failed};
pub use writer::{BackupOptions, BackupWritten, Check, back_up};

/// Is called with the records that are done and with all there are. Returns whether to go on.
pub type Progress<'a> = dyn FnMut(u64, u64) -> bool + 'a;
