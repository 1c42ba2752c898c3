//! Accounts in etcd.
//!
//! [`EtcdStore`] does no I/O of its own: a [`Kv`] carries its reads and its transactions to etcd. [`open`]
//! opens it with the sealing key of this host.
//!
//! | key, after the prefix | value |
//! | --- | --- |
//! | `a/<name>` | the record of this user, or the mark of a removal |
//! | `u/<uid>` | the name that the record of this uid is stored under |
//! | `d/<kind>/<name>` | a document, or the mark of its removal |
//! | `policy` | the id of the change that has put or removed the policy |
//! | `meta` | the mark of the store: which one it is, the fingerprint of its key, and whether it is complete |
//!
//! One transaction changes both keys of a record. A key under `a/` or `d/` is never deleted: its revision
//! would become 0 again, and a first commit that arrives late would bring back what was removed. A removal
//! replaces its value. Every transaction compares the revision of such a key that it changes, which never
//! comes back. So it is applied once at most, however often it arrives.

mod attempt;
mod change_id;
mod change_of_mark;
mod commit;
mod documents;
mod fill;
mod kv;
mod layout;
mod mark;

mod open;
mod policies;
mod reads;
mod remembered;
mod remove;
mod rename;
mod share;
mod store;
mod value;

pub(crate) use change_id::ChangeId;
pub(crate) use fill::{Fill, RecordThere, RecordsThere};
pub use kv::{Compare, Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};
pub(crate) use mark::{Mark, MarkState, replaced};
pub(crate) use open::refuse_database;
pub use open::{Opened, open};
pub use remembered::is_used;
pub(crate) use remembered::{
    ETCD_MARKER, forget_store, is_remembered_key, remember_key, remember_store,
};
pub use share::{Found, look};
pub(crate) use share::{store_and_key, store_in};
pub use store::EtcdStore;
