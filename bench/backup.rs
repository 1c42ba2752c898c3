//! One set of backup codes for all users, so that filling a store hashes ten codes only.

use sha2::{Digest, Sha256};
use tfa_core::{BackupCode, BackupSet};

/// The set and its codes. They are the same in each run.
pub(crate) fn codes() -> (BackupSet, [BackupCode; BackupSet::SIZE]) {
    let mut draws = 0_u32;
    let drawn = BackupSet::draw(|bytes| {
        draws += 1;
        let digest = Sha256::digest(format!("a backup code for the bench {draws}"));
        bytes
            .iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
    });
    match drawn {
        Ok(drawn) => drawn,
        Err(_) => panic!("cannot hash backup codes"),
    }
}
