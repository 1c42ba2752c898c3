//! The bytes of a backup.
//!
//! - `tfa-backup 1` and a line feed;
//! - the header: its length (4 bytes), then CBOR with numbered fields;
//! - each record, in the order of the bytes of the names: 1, the length of the name (2 bytes), the
//!   name, the uid (4 bytes), the revision (8 bytes), the length of the sealed record (4 bytes), the
//!   sealed record;
//! - 0, and the SHA-256 of all before it;
//! - the same SHA-256, sealed with the sealing key.
//!
//! Numbers are big-endian. The plain checksum finds damage, the sealed one finds forgery: a record
//! that was left out would let its user in without a code.

use minicbor::{Decode, Encode};

use super::passphrase::WrappedKey;

/// How a file of this format begins.
pub(super) const MAGIC: &[u8] = b"tfa-backup 1\n";
/// How a file of any version of it begins.
pub(super) const MAGIC_OF_ALL: &[u8] = b"tfa-backup ";
/// The longest header, in bytes.
pub(super) const MAX_HEADER: u32 = 4096;
/// Before a record.
pub(super) const RECORD: u8 = 1;
/// After the last record.
pub(super) const END: u8 = 0;
/// The length of the checksum.
pub(super) const CHECKSUM: usize = 32;
/// The SHA-256 of a file, up to it.
pub(super) type Checksum = [u8; CHECKSUM];
/// The longest host name that is kept, in bytes.
pub(super) const MAX_HOST: usize = 255;

/// What a backup says of itself.
#[derive(Encode, Decode)]
pub(super) struct Header {
    /// Seconds since 1970.
    #[n(0)]
    pub(super) created: u64,
    /// The name of the host.
    #[n(1)]
    pub(super) host: String,
    /// The fingerprint of the key that seals the records.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) key: Vec<u8>,
    /// How many records follow.
    #[n(3)]
    pub(super) records: u64,
    /// The last revision that the store had reserved.
    #[n(4)]
    pub(super) revision: u64,
    /// The sealing key, encrypted to a passphrase.
    #[n(5)]
    pub(super) wrapped: Option<WrappedKey>,
}

/// A record of a backup.
pub(super) struct Entry {
    pub(super) user: String,
    pub(super) uid: u32,
    pub(super) revision: u64,
    pub(super) sealed: Vec<u8>,
}
