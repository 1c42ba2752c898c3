//! What every store accepts, checked the same way by each of them.

use crate::{Move, Revision, StoreError};

pub use crate::documents::check_changes as check_documents;

/// The longest user name, in bytes.
pub const MAX_USER_BYTES: usize = 1024;

/// The longest record that a user of a store may commit, in bytes. It bounds the space that one user
/// can take on the disk.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// The longest record that a store keeps, in bytes: a sealed one is longer than what was sealed.
pub const MAX_STORED_BYTES: usize = MAX_RECORD_BYTES + 64;

/// The uid that no user has: -1 in C.
pub const NO_UID: u32 = u32::MAX;

/// Checks a user name.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn check_user(user: &str) -> Result<(), StoreError> {
    if user.is_empty() || user.len() > MAX_USER_BYTES || user.contains('\0') {
        return Err(StoreError::Invalid {
            why: format!("a user name has 1 to {MAX_USER_BYTES} bytes, none of them zero"),
        });
    }
    Ok(())
}

/// Checks a record of at most `max` bytes that is to be stored under this name and uid.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn check_record(user: &str, uid: u32, record: &[u8], max: usize) -> Result<(), StoreError> {
    check_user(user)?;
    if uid == NO_UID {
        return Err(StoreError::Invalid {
            why: format!("{uid} is not the uid of a user"),
        });
    }
    if record.len() > max {
        return Err(StoreError::Invalid {
            why: format!(
                "the record of {user} has {} bytes, the limit is {max}",
                record.len()
            ),
        });
    }
    Ok(())
}

/// Checks records of at most `max` bytes that are to be moved: each from a name, to a name and to a
/// uid that no other has.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn check_moves(moves: &[Move<'_>], max: usize) -> Result<(), StoreError> {
    for (number, one) in moves.iter().enumerate() {
        check_user(one.from)?;
        let is_repeated = moves
            .iter()
            .take(number)
            .any(|other| other.from == one.from || other.to == one.to || other.uid == one.uid);
        if is_repeated || one.expected == Revision::NONE {
            return Err(StoreError::Invalid {
                why: format!("{} and {}: no such records to move", one.from, one.to),
            });
        }
        check_record(one.to, one.uid, one.record, max)?;
    }
    Ok(())
}
