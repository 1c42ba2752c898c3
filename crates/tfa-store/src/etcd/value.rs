//! The values under `a/` and `d/`.
//!
//! Layout: kind (1 byte), change id (16 bytes). In a record then: uid (4 bytes, big endian), the bytes
//! of the record. In a document: its bytes.

use zeroize::Zeroizing;

use super::change_id::{ChangeId, ID_BYTES};
use super::kv::Entry;
use crate::{DocumentId, Record, Revision, StoreError};

const REMOVED: u8 = 0;
const RECORD: u8 = 1;
const DOCUMENT: u8 = 2;

/// What is under the name of a user.
pub(super) enum Slot<'e> {
    /// No record: there never was one, or it was removed.
    Free,
    /// A record.
    Taken(Stored<'e>),
}

/// A record as it is stored.
pub(super) struct Stored<'e> {
    pub(super) uid: u32,
    pub(super) revision: Revision,
    bytes: &'e [u8],
}

impl Stored<'_> {
    pub(super) fn record(&self) -> Record {
        Record::new(Zeroizing::new(self.bytes.to_vec()))
    }
}

/// The value of a record that a change puts.
pub(super) fn record(id: ChangeId, uid: u32, record: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + ID_BYTES + size_of::<u32>() + record.len());
    value.push(RECORD);
    value.extend_from_slice(&id.0);
    value.extend_from_slice(&uid.to_be_bytes());
    value.extend_from_slice(record);
    value
}

/// The value of a document that a change puts.
pub(super) fn of_document(id: ChangeId, document: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + ID_BYTES + document.len());
    value.push(DOCUMENT);
    value.extend_from_slice(&id.0);
    value.extend_from_slice(document);
    value
}

/// The value that a change puts in the place of what it removes.
pub(super) fn removal(id: ChangeId) -> Vec<u8> {
    let mut value = vec![REMOVED];
    value.extend_from_slice(&id.0);
    value
}

/// The change that put a value.
pub(super) fn change_id(value: &[u8]) -> Option<ChangeId> {
    value.get(1..)?.first_chunk().copied().map(ChangeId)
}

/// What is under the name of this user.
pub(super) fn slot<'e>(user: &str, entry: Option<&'e Entry>) -> Result<Slot<'e>, StoreError> {
    let Some(entry) = entry else {
        return Ok(Slot::Free);
    };
    decode(entry).ok_or_else(|| StoreError::RecordDamaged {
        user: user.to_owned(),
        why: "etcd has a value in its place that tfad did not write".to_owned(),
    })
}

/// A document, from what is in its place.
pub(super) fn document(
    id: &DocumentId,
    entry: Option<&Entry>,
) -> Result<Option<(Record, Revision)>, StoreError> {
    let Some(entry) = entry else { return Ok(None) };
    let value = entry.value.split_first();
    let value = value.and_then(|(kind, rest)| Some((*kind, rest.split_at_checked(ID_BYTES)?.1)));
    match value {
        Some((REMOVED, [])) => Ok(None),
        Some((DOCUMENT, bytes)) => {
            let document = Record::new(Zeroizing::new(bytes.to_vec()));
            Ok(Some((document, revision(entry.revision))))
        }
        _ => Err(StoreError::DocumentDamaged {
            document: id.to_string(),
            why: "etcd has a value in its place that tfad did not write".to_owned(),
            revision: revision(entry.revision),
        }),
    }
}

/// The revision of a document, also of a damaged one. [`Revision::NONE`] if there is none.
pub(super) fn document_revision(entry: Option<&Entry>) -> Revision {
    match entry {
        Some(entry) if !is_removal(&entry.value) => revision(entry.revision),
        _ => Revision::NONE,
    }
}

fn is_removal(value: &[u8]) -> bool {
    value.len() == 1 + ID_BYTES && value.first() == Some(&REMOVED)
}

fn decode(entry: &Entry) -> Option<Slot<'_>> {
    let (kind, rest) = entry.value.split_first()?;
    let (_, rest) = rest.split_first_chunk::<ID_BYTES>()?;
    match *kind {
        REMOVED if rest.is_empty() => Some(Slot::Free),
        RECORD => {
            let (uid, bytes) = rest.split_first_chunk()?;
            Some(Slot::Taken(Stored {
                uid: u32::from_be_bytes(*uid),
                revision: revision(entry.revision),
                bytes,
            }))
        }
        _ => None,
    }
}

/// A revision of etcd as one of the store.
pub(super) fn revision(of_etcd: i64) -> Revision {
    Revision::new(of_etcd.unsigned_abs())
}
