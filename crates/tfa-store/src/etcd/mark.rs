//! The mark of a store in etcd: the value of the key `meta`.
//!
//! | kind (1 byte) | then |
//! | --- | --- |
//! | 3, complete | store id, key |
//! | 4, being filled | change id, store id, key |
//! | 5, being moved away | change id, store id, key, mover |
//! | 6, moved away | change id, store id, key |
//!
//! Each of them has 16 bytes: the random id of the store, the fingerprint of its sealing key, and the random
//! id of the migration that moves the accounts away. A change id is another one in each value, so that every
//! change of the mark is told apart. Only a complete store is used: every read of a record and every
//! transaction compares the mark. An etcd that was emptied, or another one, would answer "no record", and
//! users would log in without a code.

use super::change_id::{ChangeId, ID_BYTES};
use crate::{KeyId, StoreError};

const COMPLETE: u8 = 3;
const BEING_FILLED: u8 = 4;
const BEING_MOVED: u8 = 5;
const MOVED: u8 = 6;

/// The mark of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) id: ChangeId,
    pub(crate) key: KeyId,
}

/// A mark with what may be done with its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkState {
    /// Verifiers use the store.
    Complete(Mark),
    /// A migration fills it from a database.
    BeingFilled(Mark),
    /// The migration of this id moves its accounts to a database. They may be nowhere else yet.
    BeingMoved(Mark, ChangeId),
    /// Its accounts are in a database. Another store may take its place.
    Moved(Mark),
}

impl Mark {
    pub(crate) fn new(id: ChangeId, key: KeyId) -> Self {
        Self { id, key }
    }

    /// The value of a complete store.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut value = vec![COMPLETE];
        self.append_to(&mut value);
        value
    }

    fn append_to(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(&self.id.0);
        value.extend_from_slice(self.key.as_bytes());
    }

    /// What the file of a host has that uses this store.
    pub(crate) fn line(&self) -> String {
        self.id.line()
    }
}

impl MarkState {
    /// The id by which a change recognizes this value, and the value.
    pub(super) fn encode(&self) -> Result<(ChangeId, Vec<u8>), StoreError> {
        let (kind, mark, mover) = match self {
            Self::Complete(mark) => return Ok((mark.id, mark.encode())),
            Self::BeingFilled(mark) => (BEING_FILLED, mark, None),
            Self::BeingMoved(mark, mover) => (BEING_MOVED, mark, Some(mover)),
            Self::Moved(mark) => (MOVED, mark, None),
        };
        let change = ChangeId::random()?;
        let mut value = vec![kind];
        value.extend_from_slice(&change.0);
        mark.append_to(&mut value);
        value.extend_from_slice(mover.map_or(&[], |mover| &mover.0));
        Ok((change, value))
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (kind, rest) = value.split_first()?;
        let rest = match *kind {
            COMPLETE => rest,
            BEING_FILLED | BEING_MOVED | MOVED => rest.split_first_chunk::<ID_BYTES>()?.1,
            _ => return None,
        };
        let (id, rest) = rest.split_first_chunk::<ID_BYTES>()?;
        let (key, mover) = rest.split_at_checked(KeyId::LENGTH)?;
        let mark = Mark::new(ChangeId(*id), KeyId::from_bytes(key)?);
        match (*kind, mover) {
            (COMPLETE, []) => Some(Self::Complete(mark)),
            (BEING_FILLED, []) => Some(Self::BeingFilled(mark)),
            (MOVED, []) => Some(Self::Moved(mark)),
            (BEING_MOVED, mover) => Some(Self::BeingMoved(mark, ChangeId(mover.try_into().ok()?))),
            _ => None,
        }
    }

    /// The mark of a store that verifiers use.
    pub(crate) fn complete(self) -> Result<Mark, StoreError> {
        match self {
            Self::Complete(mark) => Ok(mark),
            Self::BeingFilled(_) => Err(being_filled()),
            Self::BeingMoved(..) | Self::Moved(_) => Err(moved()),
        }
    }
}

/// The error of a store of which etcd has another mark, or none.
pub(super) fn differs(found: Option<&[u8]>) -> StoreError {
    match found.and_then(MarkState::decode) {
        Some(MarkState::BeingFilled(_)) => being_filled(),
        Some(MarkState::BeingMoved(..) | MarkState::Moved(_)) => moved(),
        Some(MarkState::Complete(_)) => other_store(),
        None => replaced(),
    }
}

/// The error of an etcd that no longer has the store.
pub(crate) fn replaced() -> StoreError {
    StoreError::Superseded {
        why: "etcd no longer has the store that tfad has opened. Logins are refused, because without it \
              no user would be asked for a code. Bring the data of etcd back, or correct the endpoints \
              and the prefix in tfa-fleet.toml"
            .to_owned(),
    }
}

/// The error of an etcd that has a store with another id.
pub(super) fn other_store() -> StoreError {
    StoreError::Superseded {
        why: "etcd has another store than the one that tfad has opened. Logins are refused. If the accounts were \
              moved to the database of a verifier and back to etcd since, run `tfactl fleet leave` here, and join \
              again: `tfactl fleet invite-verifier` there. Otherwise bring the data of etcd back, or correct the \
              endpoints and the prefix in tfa-fleet.toml"
            .to_owned(),
    }
}

fn being_filled() -> StoreError {
    StoreError::Superseded {
        why: "the store in etcd is being filled from the database of a host, and is not complete. Logins are \
              refused. Wait for the end of `tfactl store migrate --to etcd` on that host; if it was \
              interrupted, run it there again"
            .to_owned(),
    }
}

fn moved() -> StoreError {
    StoreError::Superseded {
        why: "the accounts in etcd were moved, or are being moved, to the database of a verifier. Logins are \
              refused, because codes that were used there would be accepted again. To make this host a \
              member of that verifier, run here `tfactl fleet leave`, then `tfactl join`. If `tfactl store migrate --to sqlite` was interrupted there, start tfad on \
              that host, which undoes it, or run the command there again"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_is_decoded_as_it_was_encoded_and_no_other_value_is_one() {
        let [id, mover] = [7, 9].map(|byte| ChangeId([byte; ID_BYTES]));
        let mark = Mark::new(id, KeyId::from_bytes(&[3; KeyId::LENGTH]).unwrap());
        for state in [
            MarkState::Complete(mark),
            MarkState::BeingFilled(mark),
            MarkState::BeingMoved(mark, mover),
            MarkState::Moved(mark),
        ] {
            let (_, mut value) = state.encode().unwrap();
            assert_eq!(MarkState::decode(&value), Some(state));
            assert_eq!(state.complete().is_ok(), state == MarkState::Complete(mark));
            value.push(0);
            assert_eq!(MarkState::decode(&value), None);
            value.truncate(value.len() - 2);
            assert_eq!(MarkState::decode(&value), None);
        }
        assert_eq!(MarkState::decode(&[]), None);
    }
}
