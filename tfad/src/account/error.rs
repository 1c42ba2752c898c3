//! Why an account cannot be loaded, verified or changed.

use std::borrow::Cow;
use std::fmt;

use tfa_store::StoreError;

use crate::host::random::NoRandomness;
use crate::host::users::{LookUpError, NameServiceFailed};
use crate::log::{Level, Report};
use crate::messages;

/// Why an account cannot be used. Each denies the login. A text says what happened and what to do.
#[derive(Debug)]
pub enum Error {
    /// The name service knows no such user.
    UnknownUser(String),
    /// No user of this name and uid can be here. The text says why.
    NoSuchUser(String),
    /// The name service fails.
    NameService(NameServiceFailed),
    /// The store fails.
    Store(StoreError),
    /// The store has the record, and it cannot be decoded, or may be another user's.
    Damaged(String),
    /// The name belongs to another uid than when it was set up.
    UidChanged(String),
    /// The record is to go to another user, and its owner is still there.
    OwnerStays(String),
    /// The record is to go to another user, who has one.
    InTheWay(String),
    /// No member enrolls this user. The text says where the user enrolls.
    NotOnMember(String),
    /// Other calls change the account, or its backup codes, all the time. The text says which.
    Contended(&'static str),
    /// A backup code could not be hashed.
    Hashing,
    /// The kernel gives no random bytes.
    Randomness(NoRandomness),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownUser(text)
            | Self::NoSuchUser(text)
            | Self::Damaged(text)
            | Self::UidChanged(text)
            | Self::OwnerStays(text)
            | Self::NotOnMember(text)
            | Self::InTheWay(text) => formatter.write_str(text),
            Self::NameService(error) => error.fmt(formatter),
            Self::Store(error) => error.fmt(formatter),
            Self::Contended(text) => formatter.write_str(text),
            Self::Hashing => formatter.write_str(messages::HASHING_FAILED),
            Self::Randomness(error) => error.fmt(formatter),
        }
    }
}

impl Report for Error {
    fn level(&self) -> Option<Level> {
        match self {
            // No login of the user, or of any user, is let in until an administrator acts.
            Self::Damaged(_) | Self::Randomness(_) => Some(Level::Critical),
            Self::Store(error) => Some(level_of_store(error)),
            // A directory that is down comes back, and so does memory.
            Self::NameService(_) | Self::Hashing | Self::UidChanged(_) => Some(Level::Error),
            Self::Contended(_) | Self::NotOnMember(_) => Some(Level::Warning),
            Self::UnknownUser(_)
            | Self::NoSuchUser(_)
            | Self::OwnerStays(_)
            | Self::InTheWay(_) => None,
        }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            // The remedy is long, and stands in the log once, where the daemon started.
            Self::Store(StoreError::KeyLost { .. }) => messages::KEY_LOST.into(),
            error => error.to_string().into(),
        }
    }
}

fn level_of_store(error: &StoreError) -> Level {
    match error {
        // A name that no record can have, or a call at the wrong host.
        StoreError::Invalid { .. } | StoreError::NoAccounts => Level::Warning,
        // It passes by itself.
        StoreError::Busy { .. }
        | StoreError::Unavailable { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::Stopped => Level::Error,
        // No login that needs the record is let in until an administrator acts.
        _ => Level::Critical,
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NameServiceFailed> for Error {
    fn from(failed: NameServiceFailed) -> Self {
        Self::NameService(failed)
    }
}

impl From<LookUpError> for Error {
    fn from(error: LookUpError) -> Self {
        match error {
            LookUpError::Unknown(user) => Self::UnknownUser(user),
            LookUpError::Failed(failed) => Self::NameService(failed),
        }
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        Self::Randomness(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_key_takes_one_short_line_for_each_user() {
        let remedy = "put the right key back ".repeat(20);
        let error = Error::Store(StoreError::KeyLost { remedy });
        assert_eq!(error.level(), Some(Level::Critical));
        let text = error.text();
        assert!(text.len() < 100 && text.contains("key"), "{text}");
    }

    #[test]
    fn what_passes_by_itself_is_not_critical() {
        let failed = NameServiceFailed("the directory is down".to_owned());
        assert_eq!(Error::NameService(failed).level(), Some(Level::Error));
        let why = "database is locked".to_owned();
        let busy = Error::Store(StoreError::Busy { why });
        assert_eq!(busy.level(), Some(Level::Error));
        let why = "a page is torn".to_owned();
        let damaged = Error::Store(StoreError::DatabaseDamaged { why });
        assert_eq!(damaged.level(), Some(Level::Critical));
    }
}
