//! A member of a fleet keeps no accounts: verifiers do.
//!
//! The host notes that in the file `fleet.member`. From then on it opens no store of its own: its users
//! would have no record there, and a login would not ask them for a code.

use std::io::ErrorKind;

use crate::etcd::{ETCD_MARKER, refuse_database};
use crate::state_dir::LockedDir;
use crate::{
    ByUid, Commit, DocumentChange, DocumentId, DocumentKind, Documents, Move, Page, PolicyStamp,
    Record, Revision, StateDir, Store, StoreError,
};

/// The file that shows that verifiers keep the accounts of this host.
pub(crate) const MEMBER_MARKER: &str = "fleet.member";

const CONTENTS: &[u8] = b"The accounts of this host are kept by the verifiers of its fleet.\n";

/// Whether verifiers keep the accounts of this host, by the file that shows it.
#[must_use]
pub fn is_member(state_dir: &StateDir) -> bool {
    // What cannot be looked at may be there.
    let found = state_dir.path.join(MEMBER_MARKER).symlink_metadata();
    found.map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
}

/// The store of a member: every call fails with [`StoreError::NoAccounts`].
#[derive(Debug)]
pub struct NoAccounts(());

impl NoAccounts {
    /// Notes that verifiers keep the accounts of this host.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] if the host has accounts, or if others can write to the state directory, and
    /// the causes in the environment.
    pub fn open(state_dir: &StateDir) -> Result<Self, StoreError> {
        let directory = LockedDir::open(&state_dir.path)?;
        directory.remove_drafts(MEMBER_MARKER)?;
        if !directory.has(MEMBER_MARKER)? {
            refuse_accounts(&directory)?;
            directory.replace(MEMBER_MARKER, CONTENTS)?;
        }
        Ok(Self(()))
    }
}

/// Refuses if this host has accounts: a verifier may not know them, and would ask for no code.
fn refuse_accounts(directory: &LockedDir) -> Result<(), StoreError> {
    if directory.has(ETCD_MARKER)? {
        let marker = directory.join(ETCD_MARKER);
        let marker = marker.display();
        return Err(StoreError::Unsafe {
            remedy: format!(
                "{marker} shows that this host is a verifier with accounts in etcd, and tfad.toml makes it a \
                 member. Logins are refused. Remove role = \"member\" from [fleet]; or delete {marker}, and \
                 restart tfad"
            ),
        });
    }
    refuse_database(directory, |database| {
        format!(
            "{database} has accounts or documents of a fleet, which a member does not use. Logins are refused. Remove \
             role = \"member\" from [fleet] in tfad.toml, and restart tfad; or have the users enroll with a \
             verifier, then put {database} and its -wal and -shm files aside, and restart tfad"
        )
    })
}

/// Refuses if this host is a member. In a store of its own its users would have no record.
pub(crate) fn refuse_member(directory: &LockedDir) -> Result<(), StoreError> {
    if !directory.has(MEMBER_MARKER)? {
        return Ok(());
    }
    let marker = directory.join(MEMBER_MARKER);
    let marker = marker.display();
    Err(StoreError::Unsafe {
        remedy: format!(
            "{marker} shows that the verifiers of a fleet keep the accounts of this host, and tfad.toml has \
             not the lines [fleet] and role = \"member\". Logins are refused. Add the lines and restart \
             tfad; or delete {marker}, to start with accounts of its own"
        ),
    })
}

impl Store for NoAccounts {
    fn load(&self, _: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn find(&self, _: u32) -> Result<ByUid, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn commit(&self, _: &str, _: u32, _: &[u8], _: Revision) -> Result<Commit, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn rename(&self, _: &[Move<'_>]) -> Result<Commit, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn remove(&self, _: &str, _: Option<Revision>) -> Result<Commit, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn list(&self, _: &str, _: usize) -> Result<Page, StoreError> {
        Err(StoreError::NoAccounts)
    }
}

impl Documents for NoAccounts {
    fn document(&self, _: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn documents(&self, _: DocumentKind, _: Option<&str>, _: usize) -> Result<Page, StoreError> {
        Err(StoreError::NoAccounts)
    }

    fn change_documents(&self, _: &[DocumentChange<'_>]) -> Result<Commit, StoreError> {
        Err(StoreError::NoAccounts)
    }

    /// A member has the policy of its files: that of the verifiers is applied there.
    fn newest_policy(&self) -> Result<PolicyStamp, StoreError> {
        Ok(PolicyStamp::default())
    }

    fn newest_policy_met(&self) -> PolicyStamp {
        PolicyStamp::default()
    }
}
