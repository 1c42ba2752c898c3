//! Documents: what belongs to the fleet and not to a user. The contract of the stores that keep them.

use std::fmt;

use crate::limits::MAX_RECORD_BYTES;
use crate::{Commit, Page, Record, Revision, Store, StoreError};

/// The longest name of a document, in bytes: that of a host.
pub const MAX_DOCUMENT_NAME_BYTES: usize = 253;

/// How many documents one change has at most.
pub const MAX_DOCUMENT_CHANGES: usize = 32;

/// How long the documents of one change are together, in bytes. etcd takes 1.5 MiB in one request.
pub const MAX_CHANGE_BYTES: usize = 1024 * 1024;

/// What a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A host of the fleet. Its name is that of the host.
    Host,
    /// An invitation for one host. Its name is the id of the invitation.
    Invitation,
    /// The published policy.
    Policy,
    /// The key of the certificate authority.
    Authority,
}

impl DocumentKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 4] = [Self::Host, Self::Invitation, Self::Policy, Self::Authority];

    /// The word for this kind, in keys and in texts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Invitation => "invitation",
            Self::Policy => "policy",
            Self::Authority => "authority",
        }
    }

    /// Whether there may be several of this kind, each with a name.
    fn has_names(self) -> bool {
        matches!(self, Self::Host | Self::Invitation)
    }
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentId {
    kind: DocumentKind,
    name: String,
}

impl DocumentId {
    /// The document of this kind and name. The name is empty where there is one document of the kind.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a name that no document of the kind can have.
    pub fn new(kind: DocumentKind, name: &str) -> Result<Self, StoreError> {
        let is_valid = match kind.has_names() {
            true => (1..=MAX_DOCUMENT_NAME_BYTES).contains(&name.len()) && !name.contains('\0'),
            false => name.is_empty(),
        };
        if !is_valid {
            return Err(StoreError::Invalid {
                why: format!("no {} has this name", kind.word()),
            });
        }
        Ok(Self {
            kind,
            name: name.to_owned(),
        })
    }

    /// What it is about.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        match self.name.as_str() {
            "" => Ok(()),
            name => write!(f, " {name}"),
        }
    }
}

/// A document that is put or removed.
#[derive(Clone, Copy)]
pub struct DocumentChange<'a> {
    /// Which one.
    pub id: &'a DocumentId,
    /// The revision that it has; [`Revision::NONE`] if it must not exist. `None` removes it whatever it
    /// has, also where it is damaged.
    pub expected: Option<Revision>,
    /// What it is to be. `None` removes it.
    pub document: Option<&'a [u8]>,
}

/// What a call of a member reads, of one moment where the store can read it so.
pub struct ReadTogether {
    /// A document and its revision.
    pub document: Option<(Record, Revision)>,
    /// Whether another document exists, also one that cannot be read.
    pub other_exists: bool,
    /// The records under the names of a user. `None` where the store reads a record as fast when it is asked for.
    pub record: Option<RecordRead>,
}

/// Records that were read before they are needed, each as [`Store::load`] returns it.
pub struct RecordRead {
    policy: PolicyStamp,
    found: Vec<(String, Found)>,
}

type Found = Result<Option<(Record, Revision)>, StoreError>;

impl fmt::Debug for RecordRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordRead")
    }
}

impl RecordRead {
    pub(crate) fn new(policy: PolicyStamp, found: Vec<(String, Found)>) -> Self {
        Self { policy, found }
    }

    /// The newest policy at the moment of the read.
    pub fn policy(&self) -> PolicyStamp {
        self.policy
    }

    /// Takes out what the read has found under a name. `None` if it has not looked for it.
    pub fn take(&mut self, user: &str) -> Option<Result<Option<(Record, Revision)>, StoreError>> {
        let place = self.found.iter().position(|(name, _)| name == user)?;
        Some(self.found.swap_remove(place).1)
    }

    /// The same with another form of each record.
    pub(crate) fn and_then(
        self,
        form: impl Fn(&str, (Record, Revision)) -> Result<(Record, Revision), StoreError>,
    ) -> Self {
        let formed = |(user, found): (String, Found)| {
            let found = found.and_then(|found| found.map(|record| form(&user, record)).transpose());
            (user, found)
        };
        let found = self.found.into_iter().map(formed).collect();
        Self { found, ..self }
    }
}

/// A store of opaque documents. A caller that gets an error grants nothing.
pub trait Documents: Send + Sync {
    /// A document and its revision. `None` means that it certainly does not exist.
    ///
    /// # Errors
    /// Any [`StoreError`] that says why it is not certain.
    fn document(&self, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError>;

    /// A document as [`Documents::document`] returns it, whether another one exists, which is not decrypted, and the
    /// records under the names of a user, if there are any. etcd reads all of them in one call. A record that cannot be
    /// read is no error of this call.
    ///
    /// # Errors
    /// As [`Documents::document`], for either document.
    fn read_together(
        &self,
        id: &DocumentId,
        other: &DocumentId,
        _names: &[&str],
    ) -> Result<ReadTogether, StoreError> {
        Ok(ReadTogether {
            document: self.document(id)?,
            other_exists: exists(self.document(other))?,
            record: None,
        })
    }

    /// A page of the documents of a kind, by their names, as [`Store::list`](crate::Store::list) makes
    /// pages of users. Without `after` it begins with the first one, also with one whose name is empty.
    ///
    /// # Errors
    /// As [`Documents::document`].
    fn documents(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// Puts and removes documents, all of them or none, if each has the expected revision. It is durable
    /// when this returns. Those that were put then have the revision of [`Commit::Committed`].
    ///
    /// # Errors
    /// As [`Documents::document`], and [`StoreError::Invalid`] for a document that is too long or comes
    /// twice, for too many or too long together, and for one that is put without an expected revision.
    /// A damaged document is no error for its removal and for its replacement. After an error the change is usually not made, but may be.
    fn change_documents(&self, changes: &[DocumentChange<'_>]) -> Result<Commit, StoreError>;

    /// Which policy is the newest one now. Another stamp means that the document of the policy may have
    /// changed since.
    ///
    /// # Errors
    /// As [`Documents::document`].
    fn newest_policy(&self) -> Result<PolicyStamp, StoreError>;

    /// The newest policy that a read of this store has met: each read of a record or of a document looks at
    /// the stamp of the same moment. It reads nothing itself, and may be newer than that read.
    fn newest_policy_met(&self) -> PolicyStamp;
}

/// Which of the policies that were published one after the other, within one opened store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyStamp(u64);

impl PolicyStamp {
    /// A stamp. Of a later policy it is greater.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// A store of accounts and of documents: what a daemon works with.
pub trait DaemonStore: Store + Documents {}

impl<S: Store + Documents> DaemonStore for S {}

/// Whether a document that was looked for exists, also one that cannot be read.
pub(crate) fn exists(
    found: Result<Option<(Record, Revision)>, StoreError>,
) -> Result<bool, StoreError> {
    match found {
        Err(StoreError::DocumentDamaged { .. }) => Ok(true),
        found => Ok(found?.is_some()),
    }
}

/// Checks a change whose documents have at most `max` bytes.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn check_changes(changes: &[DocumentChange<'_>], max: usize) -> Result<(), StoreError> {
    let invalid = |why: String| Err(StoreError::Invalid { why });
    if changes.len() > MAX_DOCUMENT_CHANGES {
        return invalid(format!(
            "{MAX_DOCUMENT_CHANGES} documents change at once at most"
        ));
    }
    let mut total = 0;
    for (number, one) in changes.iter().enumerate() {
        let id = one.id;
        if changes.iter().take(number).any(|other| other.id == id) {
            return invalid(format!("{id} comes twice in one change"));
        }
        if one.expected.is_none() && one.document.is_some() {
            return invalid(format!("{id} is put without the revision that it has"));
        }
        let length = one.document.map_or(0, <[u8]>::len);
        total += length;
        if length > max {
            return invalid(format!(
                "{id} has {length} bytes, the limit is {MAX_RECORD_BYTES}"
            ));
        }
    }
    if total > MAX_CHANGE_BYTES + MAX_DOCUMENT_CHANGES * (max - MAX_RECORD_BYTES) {
        return invalid(format!(
            "the documents of one change have {total} bytes, the limit is {MAX_CHANGE_BYTES}"
        ));
    }
    Ok(())
}
