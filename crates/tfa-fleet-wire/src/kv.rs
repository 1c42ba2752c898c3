//! Calls to etcd. tfa-fleet puts the configured prefix in front of each key, and takes it off again:
//! tfad can reach no other keys. What a call means is told by `tfa_store::etcd::Kv`.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// A key, without the prefix.
pub type Key = ByteVec;

/// A call, which tfa-fleet sends to etcd once at most.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum KvCall {
    /// The present values of keys, all of one moment.
    #[n(0)]
    Get {
        /// The keys.
        #[cbor(n(0), with = "crate::list")]
        keys: Vec<Key>,
    },
    /// The first keys of a range.
    #[n(1)]
    Range {
        /// The first key that may be in the range.
        #[n(0)]
        from: Key,
        /// The first key after the range.
        #[n(1)]
        to: Key,
        /// How many entries the reply may have, at least 1.
        #[n(2)]
        limit: u32,
    },
    /// Changes that are made together if all conditions hold.
    #[n(2)]
    Txn {
        /// The conditions.
        #[cbor(n(0), with = "crate::list")]
        compares: Vec<KvCompare>,
        /// The changes where all hold.
        #[cbor(n(1), with = "crate::list")]
        then: Vec<KvWrite>,
        /// The keys to read where one does not hold.
        #[cbor(n(2), with = "crate::list")]
        otherwise: Vec<Key>,
    },
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum KvCompare {
    /// The key has the value that this revision put; 0 if it does not exist.
    #[n(0)]
    Revision(#[n(0)] Key, #[n(1)] i64),
    /// The key exists and has this value.
    #[n(1)]
    Value(#[n(0)] Key, #[n(1)] ByteVec),
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum KvWrite {
    /// Puts a value.
    #[n(0)]
    Put(#[n(0)] Key, #[n(1)] ByteVec),
    /// Deletes the key if it exists.
    #[n(1)]
    Delete(#[n(0)] Key),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KvEntry {
    /// The key, without the prefix.
    #[n(0)]
    pub key: Key,
    /// The value.
    #[n(1)]
    pub value: ByteVec,
    /// The revision that put this value, above 0.
    #[n(2)]
    pub revision: i64,
}

/// The reply to a [`KvCall`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum KvReply {
    /// To [`KvCall::Get`]: the keys, in their order.
    #[n(0)]
    Values(#[cbor(n(0), with = "crate::list")] Vec<Option<KvEntry>>),
    /// To [`KvCall::Range`].
    #[n(1)]
    Entries {
        /// The entries, in the order of their keys.
        #[cbor(n(0), with = "crate::list")]
        entries: Vec<KvEntry>,
        /// Whether the range has further ones.
        #[n(1)]
        more: bool,
    },
    /// To [`KvCall::Txn`]: the changes are made, at this revision.
    #[n(2)]
    Applied(#[n(0)] i64),
    /// To [`KvCall::Txn`]: a condition does not hold. The keys that were read instead.
    #[n(3)]
    Differs(#[cbor(n(0), with = "crate::list")] Vec<Option<KvEntry>>),
    /// There is no reply of etcd.
    #[n(4)]
    Failed(#[n(0)] KvFailure),
}

/// Why there is no reply of etcd.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KvFailure {
    /// What it means for the call.
    #[n(0)]
    pub kind: KvFailureKind,
    /// What happened, for the administrator. It is printable.
    #[n(1)]
    pub text: String,
}

/// What became of a call without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum KvFailureKind {
    /// It did not reach etcd, and will not.
    #[n(0)]
    Unsent,
    /// It may have been applied, may be later, or never.
    #[n(1)]
    Unknown,
    /// etcd refused it without applying it.
    #[n(2)]
    Refused,
    /// It or its reply is too long. It was not applied.
    #[n(3)]
    TooLarge,
}
