//! The documents of a fleet, decoded.

use tfa_core::{Authority, FleetHost, HostInvitation, HostName, InvitationId, UnknownDocument};
use tfa_store::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, Record, RecordRead, Revision,
    StoreError,
};
use zeroize::Zeroizing;

use super::Error;

/// How many documents a page has.
const PAGE: usize = 500;

/// A document with the revision that a change of it expects.
pub(super) struct Stored<T> {
    pub(super) id: DocumentId,
    pub(super) revision: Revision,
    pub(super) value: Option<T>,
}

/// A change of one document: put, or removed.
pub(super) struct NewValue {
    id: DocumentId,
    expected: Revision,
    bytes: Option<Zeroizing<Vec<u8>>>,
}

impl<T> Stored<T> {
    pub(super) fn put(&self, bytes: Zeroizing<Vec<u8>>) -> NewValue {
        NewValue {
            id: self.id.clone(),
            expected: self.revision,
            bytes: Some(bytes),
        }
    }

    pub(super) fn remove(&self) -> NewValue {
        NewValue {
            id: self.id.clone(),
            expected: self.revision,
            bytes: None,
        }
    }
}

/// A kind of document.
pub(super) trait Document: Sized {
    const KIND: DocumentKind;
    fn decode(bytes: &[u8]) -> Result<Self, UnknownDocument>;
}

macro_rules! documents {
    ($($type:ty: $kind:ident),+) => {$(
        impl Document for $type {
            const KIND: DocumentKind = DocumentKind::$kind;
            fn decode(bytes: &[u8]) -> Result<Self, UnknownDocument> {
                Self::decode(bytes)
            }
        }
    )+};
}

documents!(FleetHost: Host, HostInvitation: Invitation, Authority: Authority);

fn decoded<T: Document>(id: &DocumentId, record: &Record, revision: Revision) -> Result<T, Error> {
    T::decode(record.as_bytes()).map_err(|_| Error::Damaged(id.to_string(), revision))
}

/// Reads a document. The authority has no name.
pub(super) fn load<T: Document>(
    store: &(impl Documents + ?Sized),
    name: &str,
) -> Result<Stored<T>, Error> {
    let id = DocumentId::new(T::KIND, name)?;
    let (value, revision) = match store.document(&id)? {
        Some((record, revision)) => (Some(decoded(&id, &record, revision)?), revision),
        None => (None, Revision::NONE),
    };
    Ok(Stored {
        id,
        revision,
        value,
    })
}

/// What each call of a member reads, in one call of etcd.
pub(super) struct OfMember {
    pub(super) host: Option<FleetHost>,
    /// Also one that cannot be read.
    pub(super) has_authority: bool,
    pub(super) record: Option<RecordRead>,
}

/// Reads the document of a host, whether the fleet has an authority, and the records under the names of a user.
pub(super) fn of_member(
    store: &(impl Documents + ?Sized),
    host: &HostName,
    names: &[&str],
) -> Result<OfMember, Error> {
    let id = DocumentId::new(FleetHost::KIND, host.as_str())?;
    let authority = DocumentId::new(Authority::KIND, "")?;
    let found = store.read_together(&id, &authority, names)?;
    let decode = |(record, revision)| decoded(&id, &record, revision);
    Ok(OfMember {
        host: found.document.map(decode).transpose()?,
        has_authority: found.other_exists,
        record: found.record,
    })
}

/// Whether a document exists, also one that cannot be read.
pub(super) fn exists<T: Document>(
    store: &(impl Documents + ?Sized),
    name: &str,
) -> Result<bool, StoreError> {
    let id = DocumentId::new(T::KIND, name)?;
    match store.document(&id) {
        Err(StoreError::DocumentDamaged { .. }) => Ok(true),
        found => Ok(found?.is_some()),
    }
}

/// A page of the documents of a kind after a name, with the error of each one that cannot be decoded, and the
/// name after which the next page begins.
pub(super) type ValuePage<T> = (Vec<(String, Result<Stored<T>, Error>)>, Option<String>);

pub(super) fn page<T: Document>(
    store: &(impl Documents + ?Sized),
    after: &str,
) -> Result<ValuePage<T>, Error> {
    let page = store.documents(T::KIND, (!after.is_empty()).then_some(after), PAGE)?;
    let read = |name: String, found: Result<(Record, Revision), StoreError>| {
        let stored = found.map_err(Error::from).and_then(|(record, revision)| {
            let id = DocumentId::new(T::KIND, &name)?;
            let value = Some(decoded(&id, &record, revision)?);
            Ok(Stored {
                id,
                revision,
                value,
            })
        });
        (name, stored)
    };
    let records = page.records.into_iter();
    let values = records.map(|(name, found)| read(name, found)).collect();
    Ok((values, page.next))
}

/// All documents of a kind that can be decoded.
pub(super) fn all<T: Document>(
    store: &(impl Documents + ?Sized),
) -> Result<Vec<(String, Stored<T>)>, Error> {
    let (mut all, mut after) = (Vec::new(), Some(String::new()));
    while let Some(last) = after {
        let (values, next) = page(store, &last)?;
        let values = values.into_iter();
        all.extend(values.filter_map(|(name, stored)| Some((name, stored.ok()?))));
        after = next;
    }
    Ok(all)
}

/// Makes a change, all of it or nothing. Returns whether no other one was made meanwhile.
pub(super) fn change(
    store: &(impl Documents + ?Sized),
    values: &[NewValue],
) -> Result<bool, Error> {
    let changes: Vec<DocumentChange<'_>> = values
        .iter()
        .map(|new| DocumentChange {
            id: &new.id,
            expected: Some(new.expected),
            document: new.bytes.as_ref().map(|bytes| bytes.as_slice()),
        })
        .collect();
    Ok(matches!(
        store.change_documents(&changes)?,
        Commit::Committed(_)
    ))
}

/// As [`load`], to replace what is there. Also returns whether it is damaged.
pub(super) fn load_to_replace<T: Document>(
    store: &(impl Documents + ?Sized),
    name: &str,
) -> Result<(Stored<T>, bool), Error> {
    let error = match load(store, name) {
        Ok(stored) => return Ok((stored, false)),
        Err(error) => error,
    };
    let revision = error.damaged_revision().ok_or(error)?;
    let id = DocumentId::new(T::KIND, name)?;
    let value = None;
    let stored = Stored {
        id,
        revision,
        value,
    };
    Ok((stored, true))
}

/// The name of the document of an invitation.
pub(super) fn invitation_name(id: InvitationId) -> String {
    id.to_string()
}
