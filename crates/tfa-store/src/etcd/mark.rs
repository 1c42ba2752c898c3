//! The mark of a store in etcd: the value of the key `meta`.
//!
//! Layout: kind (1 byte), the random id of the store (16 bytes), the fingerprint of its sealing key (16
//! bytes). It is put once. Every read of a record compares it: an etcd that was emptied, or another one,
//! would answer "no record", and users would log in without a code.

use super::change_id::{ChangeId, ID_BYTES};
use crate::{KeyId, StoreError};

const MARK: u8 = 3;

/// The mark of one store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    id: ChangeId,
    pub(super) key: KeyId,
}

impl Mark {
    pub(super) fn new(id: ChangeId, key: KeyId) -> Self {
        Self { id, key }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut value = vec![MARK];
        value.extend_from_slice(&self.id.0);
        value.extend_from_slice(self.key.as_bytes());
        value
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (kind, rest) = value.split_first()?;
        let (id, key) = rest.split_first_chunk::<ID_BYTES>()?;
        let key = (*kind == MARK).then(|| KeyId::from_bytes(key)).flatten()?;
        Some(Self {
            id: ChangeId(*id),
            key,
        })
    }

    /// What the file of a host has that uses this store.
    pub(super) fn line(&self) -> String {
        let digits = self.id.0.iter().map(|byte| format!("{byte:02x}"));
        format!("{}\n", digits.collect::<String>())
    }
}

/// The error of an etcd that no longer has the store.
pub(super) fn replaced() -> StoreError {
    StoreError::Superseded {
        why: "etcd no longer has the store that tfad has opened. Logins are refused, because without it \
              no user would be asked for a code. Bring the data of etcd back, or correct the endpoints \
              and the prefix in tfa-fleet.toml"
            .to_owned(),
    }
}
