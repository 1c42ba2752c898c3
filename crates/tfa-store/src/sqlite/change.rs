//! The changes that are asked of the writer.

use crate::{Commit, DocumentId, KeyId, Revision, StoreError};

/// The size of a page of the database, in bytes.
pub(super) const PAGE_BYTES: usize = 4096;

pub(super) type Outcome = Result<Commit, StoreError>;

pub(super) enum Change {
    Store(NewRecord),
    /// Records that get other names or uids, all of them or none. Each has the name it had before.
    Rename(Vec<(String, NewRecord)>),
    Remove {
        user: String,
        expected: Option<Revision>,
    },
    /// The same records, sealed with another key. One that has another revision by now is left out.
    Reseal(Vec<Resealed>),
    /// Documents that are put or removed, all of them or none.
    Documents(Vec<NewDocument>),
    /// As [`Self::Reseal`], for documents.
    ResealDocuments(Vec<NewDocument>),
    /// From now on, this key seals the records.
    AdoptKey(KeyId),
}

/// A record that was sealed anew. It is the same record and keeps its revision.
pub(crate) struct Resealed {
    pub(crate) user: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Revision,
}

/// A record as it is to be in the database.
pub(super) struct NewRecord {
    pub(super) user: String,
    pub(super) uid: u32,
    pub(super) bytes: Vec<u8>,
    /// The revision of the record that it replaces.
    pub(super) expected: Revision,
}

/// A document as it is to be in the database.
pub(crate) struct NewDocument {
    pub(crate) id: DocumentId,
    /// The revision of the document that it replaces; `None` for any.
    pub(crate) expected: Option<Revision>,
    /// `None` if it is removed.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Change {
    /// The estimated number of pages that it adds to the write-ahead log.
    pub(super) fn pages(&self) -> usize {
        let pages = |record: &NewRecord| 1 + record.bytes.len() / PAGE_BYTES;
        match self {
            Self::Store(record) => {
                let indexes = if record.expected == Revision::NONE {
                    3
                } else {
                    0
                };
                indexes + pages(record)
            }
            Self::Rename(moves) => moves.iter().map(|(_, record)| 5 + pages(record)).sum(),
            Self::Remove { .. } => 4,
            Self::Reseal(records) => records
                .iter()
                .map(|record| 1 + record.bytes.len() / PAGE_BYTES)
                .sum(),
            Self::Documents(documents) | Self::ResealDocuments(documents) => {
                let length = |one: &NewDocument| one.bytes.as_ref().map_or(0, Vec::len);
                let pages = |one| 3 + length(one) / PAGE_BYTES;
                documents.iter().map(pages).sum()
            }
            Self::AdoptKey(_) => 1,
        }
    }
}
