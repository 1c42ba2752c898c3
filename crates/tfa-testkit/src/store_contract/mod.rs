//! The tests that every store must pass.
//!
//! A crate that has a store implements [`Backend`] for it, and calls [`crate::store_contract!`] in a module of
//! its tests:
//!
//! ```
//! use tfa_testkit::MemoryStore;
//! use tfa_testkit::store_contract::Backend;
//!
//! struct Memory(MemoryStore);
//!
//! impl Backend for Memory {
//!     type Store = MemoryStore;
//!
//!     fn open(&self) -> MemoryStore {
//!         self.0.another()
//!     }
//! }
//!
//! mod memory {
//!     tfa_testkit::store_contract!(super::Memory(super::MemoryStore::new()));
//! }
//! # fn main() {}
//! ```

pub mod commits;
pub mod pages;
pub mod renames;
pub mod revisions;
pub mod uids;

use tfa_store::{ByUid, Commit, Record, Revision, Store, StoreError};

/// A set of records, empty at first.
pub trait Backend {
    /// The store that is tested.
    type Store: Store + 'static;

    /// Opens a store on these records. Several may be open at once.
    fn open(&self) -> Self::Store;
}

/// Makes a test of each property of the contract. The expression makes a new [`Backend`] for each.
#[macro_export]
macro_rules! store_contract {
    ($backend:expr) => {
        $crate::store_contract!($backend, commits:
            absence_is_reported,
            record_is_read_back_with_its_revision,
            stale_revision_is_a_conflict,
            one_of_64_commits_wins,
            one_of_64_commits_through_two_stores_wins,
            removal_of_a_missing_record_succeeds,
            invalid_names_and_records_are_refused,
            close_finishes_what_was_asked_for
        );
        $crate::store_contract!($backend, pages:
            list_is_complete_and_ordered,
            page_ends_at_the_limit,
            page_ends_at_a_length_and_has_at_least_one_record,
            changes_between_pages_hide_and_repeat_no_other_record
        );
        $crate::store_contract!($backend, revisions:
            removed_record_never_gets_an_old_revision,
            revisions_grow_when_the_store_is_reopened,
            revisions_grow_through_stores_that_take_turns
        );
        $crate::store_contract!($backend, uids:
            record_is_found_by_uid_until_removed,
            uid_has_one_record,
            one_of_64_first_records_of_a_uid_wins,
            commit_cannot_change_the_uid
        );
        $crate::store_contract!($backend, renames:
            renamed_record_has_only_the_new_name,
            record_gets_another_uid,
            rename_onto_another_record_changes_nothing,
            two_records_swap_places,
            rename_or_one_of_64_commits_wins
        );
    };
    ($backend:expr, $group:ident: $($property:ident),+) => {
        $(
            #[test]
            fn $property() {
                $crate::store_contract::$group::$property(&$backend);
            }
        )+
    };
}

/// The uid that these tests give to a user.
fn uid(user: &str) -> u32 {
    let letters = user.bytes().fold(0, |hash: u64, letter| {
        (hash * 131 + u64::from(letter)) % 4_000_000_007
    });
    u32::try_from(letters).unwrap()
}

/// Commits, where it must succeed.
fn put(store: &dyn Store, user: &str, record: &[u8], expected: Revision) -> Revision {
    match store.commit(user, uid(user), record, expected).unwrap() {
        Commit::Committed(revision) => revision,
        Commit::Conflict => panic!("a conflict"),
    }
}

/// A user's record and revision.
fn get(store: &dyn Store, user: &str) -> Option<(Vec<u8>, Revision)> {
    store.load(user).unwrap().map(bytes)
}

fn bytes((record, revision): (Record, Revision)) -> (Vec<u8>, Revision) {
    (record.as_bytes().to_vec(), revision)
}

/// The name of a uid's record, if it has one.
fn find(store: &dyn Store, uid: u32) -> Option<String> {
    match store.find(uid).unwrap() {
        ByUid::Found(user, ..) => Some(user),
        ByUid::None => None,
        ByUid::Unknown(users) => panic!("the uids of {users:?} are not known"),
    }
}

/// The error, where there must be one.
fn error<T>(result: Result<T, StoreError>) -> StoreError {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error,
    }
}
