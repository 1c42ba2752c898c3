//! The part of etcd's API that the store uses.

use std::fmt;

/// What carries reads and transactions to etcd. It blocks, for a bounded time in each call.
///
/// It sends a call once at most. Only the store knows what may be sent again.
pub trait Kv: Send + Sync {
    /// The present values of these keys, all of one moment, in the order of the keys. The read is
    /// linearizable: it sees every transaction that was applied before the call.
    ///
    /// # Errors
    /// [`KvError`].
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError>;

    /// The first keys of a range, as they are now. Linearizable, as [`Kv::get`].
    ///
    /// # Errors
    /// [`KvError`].
    fn range(&self, range: &Range) -> Result<RangeReply, KvError>;

    /// Makes the changes of a transaction, or none of them.
    ///
    /// # Errors
    /// [`KvError`].
    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError>;

    /// Waits a little after a call has failed `tries` times. False if there is no time left to send it
    /// again.
    fn pause(&self, tries: u32) -> bool;

    /// Learns of a key that has no name, and is left out of a list: its bytes, with `\xff` for those that are
    /// not ASCII text.
    fn left_out(&self, key: &str);
}

impl<K: Kv> Kv for &K {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        (**self).get(keys)
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        (**self).range(range)
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        (**self).txn(txn)
    }

    fn pause(&self, tries: u32) -> bool {
        (**self).pause(tries)
    }

    fn left_out(&self, key: &str) {
        (**self).left_out(key);
    }
}

/// A key with its value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The revision of the transaction that put this value. It is above 0.
    pub revision: i64,
}

/// Keys in the order of their bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Range {
    /// The first key that may be in the range.
    pub from: Vec<u8>,
    /// The first key after the range.
    pub to: Vec<u8>,
    /// How many entries the reply may have.
    pub limit: usize,
}

/// The first entries of a range.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RangeReply {
    /// The entries, in the order of their keys.
    pub entries: Vec<Entry>,
    /// Whether the range has further ones.
    pub more: bool,
}

impl RangeReply {
    /// Whether the entries are some of this range, each one once. A `tfa-fleet` that another user controls
    /// would otherwise let a reader go on for ever, with entries that it has had.
    pub(super) fn answers(&self, range: &Range) -> bool {
        let (first, last) = (self.entries.first(), self.entries.last());
        self.entries.len() <= range.limit
            && self.entries.is_sorted_by(|one, next| one.key < next.key)
            && first.is_none_or(|first| first.key >= range.from)
            && last.map_or(!self.more, |last| last.key < range.to)
    }
}

/// A condition of a transaction.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Compare {
    /// The key has the value that this revision put. Revision 0: the key does not exist.
    Revision(Vec<u8>, i64),
    /// The key exists and has this value.
    Value(Vec<u8>, Vec<u8>),
}

/// A change of one key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Write {
    /// Puts a value, in place of any other.
    Put(Vec<u8>, Vec<u8>),
    /// Deletes the key if it exists.
    Delete(Vec<u8>),
}

/// Changes that are made together if all conditions hold. No key is changed twice.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Txn {
    /// The conditions.
    pub compares: Vec<Compare>,
    /// The changes where all hold.
    pub then: Vec<Write>,
    /// The keys to read where one does not hold.
    pub otherwise: Vec<Vec<u8>>,
}

/// What became of a transaction.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum TxnReply {
    /// The changes are made and durable. Their keys have this revision.
    Applied(i64),
    /// A condition does not hold, and nothing was changed. The keys of [`Txn::otherwise`], in their
    /// order.
    Differs(Vec<Option<Entry>>),
}

/// Why a call has no reply. The texts are for the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KvError {
    /// The call did not reach etcd, and will not.
    Unsent(String),
    /// The call may have been applied, may be later, or never.
    Unknown(String),
    /// etcd refused the call without applying it, and would again: no permission, for example.
    Refused(String),
    /// The call or its reply is longer than etcd or the way to it allows. Nothing was applied.
    TooLarge,
}

impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(why) | Self::Unknown(why) => write!(f, "etcd does not answer: {why}"),
            Self::Refused(why) => write!(f, "etcd refuses: {why}"),
            Self::TooLarge => f.write_str("this is more than etcd takes in one call"),
        }
    }
}
