//! How long one thing may be on its way from tfad to etcd, or how many. Each limit holds what passes
//! through it:
//!
//! | what | limit | where |
//! | --- | --- | --- |
//! | a record or a document | 256 KiB, sealed 64 bytes more | `tfa_store::limits` |
//! | the documents of one change together | 1 MiB | `tfa_store::MAX_CHANGE_BYTES` |
//! | a transaction, or what one read returns | 1.5 MiB | [`MAX_KV_BYTES`] |
//! | a frame | 2 MiB | [`MAX_FRAME`] |
//!
//! Records that move together have no limit of their own: what etcd does not take is refused.

/// The longest request that etcd takes, in bytes: the default of its `--max-request-bytes`. The longest
/// reply that tfa-fleet passes on.
pub const MAX_KV_BYTES: usize = 1536 * 1024;

/// How many operations etcd takes in one transaction: the default of its `--max-txn-ops`.
pub const MAX_KV_OPERATIONS: usize = 128;

/// The longest frame, in bytes, without its length.
pub const MAX_FRAME: usize = 2 * 1024 * 1024;

/// The longest frame of a login between tfad and tfa-fleet of a verifier. A message between two hosts has half
/// of that.
pub const MAX_LOGIN_FRAME: usize = 128 * 1024;

/// The most items of a list in a message. A list is bounded by its number of items as well, because an
/// item may take more memory than bytes.
pub const MAX_ITEMS: usize = 1024;

const _: () = assert!(MAX_KV_BYTES + MAX_ITEMS * 64 < MAX_FRAME && MAX_KV_OPERATIONS < MAX_ITEMS);
