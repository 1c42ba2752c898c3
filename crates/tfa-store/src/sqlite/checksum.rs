//! Checksums of the rows that have no seal. They protect against damage, not against an attacker: who
//! can write here is root.

use sha2::{Digest, Sha256};

pub(super) const CHECKSUM_BYTES: usize = 16;

/// The checksum of these fields of a row in this table.
pub(super) fn checksum(table: &str, fields: &[&[u8]]) -> [u8; CHECKSUM_BYTES] {
    let mut digest = Sha256::new()
        .chain_update(b"org.tfad.tfa checksum 1 ")
        .chain_update(table);
    for field in fields {
        digest.update(field);
    }
    let mut sum = [0; CHECKSUM_BYTES];
    sum.iter_mut()
        .zip(digest.finalize())
        .for_each(|(to, from)| *to = from);
    sum
}
