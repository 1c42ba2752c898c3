//! One change and the replies to it, without I/O.

use super::change_id::ChangeId;
use super::kv::{Compare, Entry, KvError, Txn, TxnReply};
use super::value::{change_id, revision};
use crate::{Revision, StoreError};

/// A transaction until its outcome is known. After a lost reply the same transaction is sent again: it
/// compares a revision that it changes, so it is applied once at most, and its `otherwise` reads back
/// whether it was.
pub(super) struct CommitAttempt {
    id: ChangeId,
    txn: Txn,
    /// The last failure after which the transaction may be applied, now or later.
    lost: Option<KvError>,
}

/// The outcome of a transaction.
pub(super) enum Outcome {
    /// Its changes are made. Where it was read back, others may have been made since.
    Applied(Revision),
    /// A condition does not hold. Its changes were not made and never will be. The keys that were read,
    /// in their order.
    Differs(Vec<Option<Entry>>),
}

impl CommitAttempt {
    /// The attempt of a transaction. The first key that it reads where a condition does not hold is one
    /// that it gives a value with this id, and compares by its revision.
    pub(super) fn new(id: ChangeId, txn: Txn) -> Self {
        Self {
            id,
            txn,
            lost: None,
        }
    }

    /// The same transaction, only while this key has this value. It is the last key of those that are read
    /// where a condition does not hold.
    pub(super) fn only_while(mut self, key: Vec<u8>, value: Vec<u8>) -> Self {
        self.txn.otherwise.push(key.clone());
        self.txn.compares.push(Compare::Value(key, value));
        self
    }

    /// What to send.
    pub(super) fn txn(&self) -> &Txn {
        &self.txn
    }

    /// Takes the reply to a transmission.
    pub(super) fn replied(&self, reply: TxnReply) -> Result<Outcome, StoreError> {
        match reply {
            TxnReply::Applied(number) => Ok(Outcome::Applied(revision(number))),
            TxnReply::Differs(found) => match found.first() {
                Some(Some(witness)) if change_id(&witness.value) == Some(self.id) => {
                    Ok(Outcome::Applied(revision(witness.revision)))
                }
                // A change after this one may have replaced its value.
                _ => match &self.lost {
                    Some(error) => Err(ambiguous(error)),
                    None => Ok(Outcome::Differs(found)),
                },
            },
        }
    }

    /// Takes the failure of a transmission. `Ok` means that the transaction may be sent again.
    pub(super) fn failed(&mut self, error: KvError) -> Result<(), StoreError> {
        match error {
            KvError::Unknown(_) => self.lost = Some(error),
            KvError::Unsent(_) => {}
            KvError::Refused(_) | KvError::TooLarge => return Err(self.give_up(error)),
        }
        Ok(())
    }

    /// Ends the attempt after this failure.
    pub(super) fn give_up(&self, last: KvError) -> StoreError {
        match &self.lost {
            Some(error) => ambiguous(error),
            None => unavailable(last),
        }
    }
}

fn ambiguous(error: &KvError) -> StoreError {
    StoreError::Ambiguous {
        why: error.to_string(),
    }
}

/// The error of a call that changed nothing.
pub(super) fn unavailable(error: KvError) -> StoreError {
    let why = error.to_string();
    match error {
        KvError::TooLarge => StoreError::Invalid { why },
        KvError::Unsent(_) | KvError::Unknown(_) | KvError::Refused(_) => {
            StoreError::Unavailable { why }
        }
    }
}
