//! Where the daemon keeps accounts.
//!
//! - [`Store`] is the contract: opaque bytes under a user name, with a uid and a revision. A change is
//!   committed only if the revision it was judged on is still the stored one (compare-and-swap). That
//!   makes a code good for one login.
//! - [`Sealed`] is a store over any other store. It encrypts and authenticates every record.
//! - [`Documents`] is the contract of documents, which belong to a fleet and not to a user.
//! - [`SqliteStore`] keeps records in one SQLite database.
//! - [`etcd`] keeps records in etcd, for the verifiers of a fleet, and opens that store.
//! - [`open`] opens the two together in the state directory, with the sealing key that belongs to them.
//! - [`StateFile`] is a small file beside the store, for what belongs to the host and not to a user.
//! - [`back_up`] writes all records of one moment to a file, and [`restore`] brings them back.
//! - [`migrate_to_etcd`] and [`migrate_to_database`] move the accounts of a verifier to another kind of store.
//! - [`VerifierFile`] is what a further verifier of a fleet gets.
//! - [`NoAccounts`] is the store of a member of a fleet, which keeps none.
//! - [`UnavailableStore`] stands in for a store that could not be opened.
//!
//! Every call blocks. None may run on the thread that serves the bus.

mod backup;
mod documents;
mod error;
pub mod etcd;
mod key;
mod key_choice;
mod keyring;
pub mod limits;
mod member;
mod migration;
mod notice;
mod open;
mod page;
mod record;
mod rotation;
mod seal;
mod sealed;
mod sealed_documents;
mod sqlite;
mod state_dir;
mod state_file;
mod store;
mod unavailable;
mod verifier_file;

pub use backup::{
    BackupError, BackupOptions, BackupWritten, Check, Difference, Passphrase, Progress,
    RestoreOptions, Restored, Revise, back_up, restore,
};
pub use documents::{
    DaemonStore, DocumentChange, DocumentId, DocumentKind, Documents, MAX_CHANGE_BYTES,
    MAX_DOCUMENT_CHANGES, MAX_DOCUMENT_NAME_BYTES, PolicyStamp, ReadTogether, RecordRead,
};
pub use error::StoreError;
pub use key::{KeyId, SealingKey};
pub use limits::{MAX_RECORD_BYTES, MAX_USER_BYTES};
pub use member::{NoAccounts, is_member};
pub use migration::{
    KeptIn, Migrated, MigrationError, MigrationStep, MigrationWatch, finish_migration,
    is_migrating, migrate_to_database, migrate_to_etcd, settle_migration,
};
pub use notice::Notice;
pub use open::{Opened, UidOf, open};
pub use page::{Listed, MAX_PAGE_BYTES, Page, Records};
pub use record::{Record, Revision};
pub use rotation::{KeyRotation, Rotated, ask_for_rotation};
pub use sealed::Sealed;
pub use sqlite::SqliteStore;
pub use state_dir::StateDir;
pub use state_file::StateFile;
pub use store::{ByUid, Commit, Move, Store};
pub use unavailable::UnavailableStore;
pub use verifier_file::{
    Adoption, BeforeLeaving, EtcdAccess, KeyBefore, StoreLeft, VerifierFile, VerifierFileError,
    VerifierInvitation, adopt_store, adoption, leave_as_member, leave_store, leave_store_unasked,
    store_left, undo_adoption,
};
