//! The names of the keys.

use super::kv::Range;
use crate::{DocumentKind, StoreError};

/// The keys under a prefix.
pub(super) struct Layout {
    prefix: String,
}

impl Layout {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// The key of a user's record.
    pub(super) fn account(&self, user: &str) -> Vec<u8> {
        format!("{}a/{user}", self.prefix).into_bytes()
    }

    /// The key of the name that a uid's record has.
    pub(super) fn owner(&self, uid: u32) -> Vec<u8> {
        format!("{}u/{uid}", self.prefix).into_bytes()
    }

    /// The key of the mark of the store.
    pub(super) fn mark(&self) -> Vec<u8> {
        format!("{}meta", self.prefix).into_bytes()
    }

    /// The key that is put with each change of the policy.
    pub(super) fn policy(&self) -> Vec<u8> {
        format!("{}policy", self.prefix).into_bytes()
    }

    /// The key of a document.
    pub(super) fn document(&self, kind: DocumentKind, name: &str) -> Vec<u8> {
        format!("{}d/{}/{name}", self.prefix, kind.word()).into_bytes()
    }

    /// The keys of documents of all kinds, from the first one after this key.
    pub(super) fn any_documents_after(&self, after: &[u8], limit: usize) -> Range {
        let mut from = after.to_vec();
        match from.is_empty() {
            true => from = format!("{}d/", self.prefix).into_bytes(),
            false => from.push(0),
        }
        self.until_next_folder(from, "d", limit)
    }

    /// The keys of documents of a kind, from the first one whose name is greater than `after`.
    pub(super) fn documents_after(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Range {
        let folder = format!("d/{}", kind.word());
        let after = after.map(|after| format!("{after}\0")).unwrap_or_default();
        let from = format!("{}{folder}/{after}", self.prefix);
        self.until_next_folder(from.into_bytes(), &folder, limit)
    }

    /// The keys of records whose names are greater than `after`.
    pub(super) fn accounts_after(&self, after: &str, limit: usize) -> Range {
        let from = format!("{}a/{after}\0", self.prefix);
        self.until_next_folder(from.into_bytes(), "a", limit)
    }

    /// All keys of uids, from the first one after this key.
    pub(super) fn owners_after(&self, after: Option<Vec<u8>>, limit: usize) -> Range {
        let from = match after {
            None => format!("{}u/", self.prefix).into_bytes(),
            Some(mut key) => {
                key.push(0);
                key
            }
        };
        self.until_next_folder(from, "u", limit)
    }

    /// The user of the key of a record.
    pub(super) fn user(&self, key: &[u8]) -> Result<String, StoreError> {
        let name = key.strip_prefix(self.account("").as_slice());
        let name = name.and_then(|name| str::from_utf8(name).ok());
        let name = name.ok_or_else(|| StoreError::RecordDamaged {
            user: escaped(key),
            why: "its key in etcd is not the name of a user".to_owned(),
        })?;
        Ok(name.to_owned())
    }

    /// `0` is the byte after `/`.
    fn until_next_folder(&self, from: Vec<u8>, folder: &str, limit: usize) -> Range {
        let to = format!("{}{folder}0", self.prefix).into_bytes();
        Range { from, to, limit }
    }
}

/// A key for a text, as `$'…'` of a shell takes it. A long one is cut.
pub(super) fn escaped(key: &[u8]) -> String {
    const MAX_BYTES: usize = 512;
    let shown = key.get(..MAX_BYTES).unwrap_or(key);
    shown.escape_ascii().to_string()
}
