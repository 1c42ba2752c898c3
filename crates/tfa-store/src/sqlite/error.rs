//! What the errors of SQLite mean for the store.

use rusqlite::ErrorCode;

use crate::StoreError;

/// An error that says what in the database is damaged.
pub(super) fn damaged<T>(why: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::DatabaseDamaged { why: why.into() })
}

/// The cause of an error of SQLite.
pub(super) fn cause(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, text) => {
            let text = text.unwrap_or_else(|| failure.to_string());
            match failure.code {
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SchemaChanged => {
                    StoreError::DatabaseDamaged { why: text }
                }
                ErrorCode::DiskFull => StoreError::DiskFull {
                    why: format!(
                        "{text}: free some space in the file system of the state directory"
                    ),
                },
                ErrorCode::DatabaseBusy => StoreError::Busy {
                    why: format!(
                        "{text}: another process has held accounts.db for too long; look for it with `fuser`"
                    ),
                },
                ErrorCode::ReadOnly => StoreError::ReadOnly {
                    why: format!("{text} (SQLite code {})", failure.extended_code),
                },
                ErrorCode::SystemIoFailure => StoreError::Io {
                    why: format!(
                        "{text} (SQLite code {}): look in the kernel's log for what is wrong with the disk",
                        failure.extended_code
                    ),
                },
                _ => StoreError::Io {
                    why: format!("{text} (SQLite code {})", failure.extended_code),
                },
            }
        }
        E::InvalidColumnType(..)
        | E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::QueryReturnedNoRows => StoreError::DatabaseDamaged {
            why: format!("a row has values that were never written: {error}"),
        },
        other => StoreError::Io {
            why: other.to_string(),
        },
    }
}
