//! The documents in a migration. A fleet has few, so all of them are in memory.

use std::collections::BTreeMap;

use crate::etcd::{EtcdStore, Fill, Kv};
use crate::{DocumentId, DocumentKind, Documents as _, Page, Record, Revision, StoreError};

/// How many documents are read at once.
const PAGE: usize = 100;

/// Makes the documents in etcd these ones. Returns how many changes there were.
pub(super) fn copy<K: Kv>(
    fill: &mut Fill<'_, K>,
    here: Vec<(DocumentId, Vec<u8>)>,
) -> Result<u64, StoreError> {
    let mut here: BTreeMap<DocumentId, Vec<u8>> = here.into_iter().collect();
    let mut changes = 0;
    for (id, there) in all(fill.store())? {
        let there = there.ok().map(|(there, _)| there);
        let there = there.as_ref().map(Record::as_bytes);
        let sealed = here.remove(&id);
        if sealed.as_deref() != there {
            fill.change_document(&id, sealed.as_deref())?;
            changes += 1;
        }
    }
    for (id, sealed) in here {
        fill.change_document(&id, Some(&sealed))?;
        changes += 1;
    }
    Ok(changes)
}

/// All documents that are in etcd, sealed.
pub(super) fn read<K: Kv>(store: &EtcdStore<K>) -> Result<Vec<(DocumentId, Vec<u8>)>, StoreError> {
    let sealed = |(id, found): Found| Ok((id, found?.0.as_bytes().to_vec()));
    all(store)?.into_iter().map(sealed).collect()
}

/// A document, or the reason why it cannot be read.
type Found = (DocumentId, Result<(Record, Revision), StoreError>);

/// All documents of all kinds.
fn all<K: Kv>(store: &EtcdStore<K>) -> Result<Vec<Found>, StoreError> {
    let mut all = Vec::new();
    for kind in DocumentKind::ALL {
        let mut after = None;
        loop {
            let Page { records, next } = store.documents(kind, after.as_deref(), PAGE)?;
            for (name, found) in records {
                all.push((DocumentId::new(kind, &name)?, found));
            }
            match next {
                Some(last) => after = Some(last),
                None => break,
            }
        }
    }
    Ok(all)
}
