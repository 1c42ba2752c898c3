//! The rows of the table `account`, and what a row that is not as it should be means.

use rusqlite::types::ValueRef;

use super::error::cause;
use crate::{Revision, StoreError};

/// A row's revision: a positive number, if the row is what was written.
pub(super) fn revision(
    user: &str,
    value: rusqlite::Result<ValueRef<'_>>,
) -> Result<Revision, StoreError> {
    let number = value
        .map_err(cause)?
        .as_i64()
        .ok()
        .and_then(|number| u64::try_from(number).ok());
    match number {
        Some(number @ 1..) => Ok(Revision::new(number)),
        _ => Err(StoreError::RecordDamaged {
            user: user.to_owned(),
            why: "its revision is not a number that was ever given".into(),
        }),
    }
}

/// The error for a user who is in the index of users and has no row.
pub(super) fn missing(user: &str) -> StoreError {
    StoreError::RecordDamaged {
        user: user.to_owned(),
        why: "it is in the index, but cannot be found".into(),
    }
}
