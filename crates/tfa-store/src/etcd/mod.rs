//! Accounts in etcd.
//!
//! [`EtcdStore`] does no I/O of its own: a [`Kv`] carries its reads and its transactions to etcd.
//!
//! | key, after the prefix | value |
//! | --- | --- |
//! | `a/<name>` | the record of this user, or the mark of a removal |
//! | `u/<uid>` | the name that the record of this uid is stored under |
//!
//! One transaction changes both. A key `a/<name>` is never deleted: its revision would become 0 again,
//! and a first commit that arrives late would bring a removed record back. A removal replaces its value.
//! Every transaction compares the revision of the `a/<name>` that it changes, which never comes back. So
//! it is applied once at most, however often it arrives.

mod attempt;
mod change_id;
mod commit;
mod kv;
mod layout;
mod reads;
mod remove;
mod rename;
mod store;
mod value;

pub use kv::{Compare, Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};
pub use store::EtcdStore;
