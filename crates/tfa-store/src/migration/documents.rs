//! The documents in a migration. A fleet has few, so all of them are in memory.

use std::collections::BTreeMap;

use crate::etcd::{EtcdStore, Fill, Kv};
use crate::{DocumentId, DocumentKind, Documents as _, Page, Record, StoreError};

/// How many documents are read at once.
const PAGE: usize = 100;

/// Makes the documents in etcd these ones. Returns how many changes there were.
pub(super) fn copy<K: Kv>(
    fill: &mut Fill<'_, K>,
    here: Vec<(DocumentId, Vec<u8>)>,
) -> Result<u64, StoreError> {
    let mut here: BTreeMap<DocumentId, Vec<u8>> = here.into_iter().collect();
    let mut changes = 0;
    for kind in DocumentKind::ALL {
        let mut after = Some(String::new());
        while let Some(last) = after {
            let Page { records, next } = fill.store().documents(kind, &last, PAGE)?;
            for (name, there) in records {
                let id = DocumentId::new(kind, &name)?;
                let there = there.ok().map(|(there, _)| there);
                let there = there.as_ref().map(Record::as_bytes);
                let sealed = here.remove(&id);
                if sealed.as_deref() != there {
                    fill.change_document(&id, sealed.as_deref())?;
                    changes += 1;
                }
            }
            after = next;
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
    let mut all = Vec::new();
    for kind in DocumentKind::ALL {
        let mut after = Some(String::new());
        while let Some(last) = after {
            let Page { records, next } = store.documents(kind, &last, PAGE)?;
            for (name, found) in records {
                let (document, _) = found?;
                let id = DocumentId::new(kind, &name)?;
                all.push((id, document.as_bytes().to_vec()));
            }
            after = next;
        }
    }
    Ok(all)
}
