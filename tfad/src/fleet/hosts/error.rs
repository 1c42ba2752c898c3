//! Why a host is refused, or the hosts of the fleet cannot be read or changed.

use std::fmt;

use tfa_core::{HostRefusal, JoinRefusal};
use tfa_fleet_wire::NOT_ADMITTED;
use tfa_store::{Revision, StoreError};

use super::removals;
use crate::host::random::NoRandomness;
use crate::messages;

/// Why a host is refused, or the hosts of the fleet cannot be read or changed. A text says what happened and
/// what to do.
#[derive(Debug)]
pub enum Error {
    /// The store fails.
    Store(StoreError),
    /// A document cannot be decoded. The text names it, and a change that replaces it expects the revision.
    Damaged(String, Revision),
    /// The host may not speak.
    Refused(HostRefusal),
    /// The host may not join.
    Join(JoinRefusal),
    /// The fleet has no authority of its own.
    NoAuthority,
    /// The program that signs certificates fails. The text says how.
    Ca(String),
    /// The host has had several certificates within a minute.
    TooOften,
    /// The host has not proved that it has the private key.
    NoProof,
    /// The kernel gives no random bytes.
    Randomness(NoRandomness),
    /// Other calls change the same documents all the time.
    Contended,
    /// The host is admitted already.
    NothingToDo(String),
    /// The host is the only verifier.
    LastVerifier(String),
    /// No verifier can be named in a token.
    NoVerifier,
    /// What this verifier has seen of removals is damaged.
    RemovalsDamaged,
}

impl Error {
    /// The name and the text of the error, as tfa-fleet gets them.
    pub(crate) fn told(self) -> (String, String) {
        let is_of_key = matches!(self, Self::Refused(_));
        let error = tfa_proto::Error::from(self);
        let name = if is_of_key {
            NOT_ADMITTED
        } else {
            error.name()
        };
        (name.to_owned(), error.text().to_owned())
    }

    /// For a document that cannot be read, whatever is tried: what a change expects that replaces it.
    pub(super) fn damaged_revision(&self) -> Option<Revision> {
        let (Self::Damaged(_, revision)
        | Self::Store(StoreError::DocumentDamaged { revision, .. })) = self
        else {
            return None;
        };
        Some(*revision).filter(|revision| *revision != Revision::NONE)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(formatter),
            Self::Damaged(document, _) => {
                formatter.write_str(&messages::damaged_document(document))
            }
            Self::Refused(why) => formatter.write_str(&messages::host_refused(why)),
            Self::Join(why) => formatter.write_str(&messages::join_refused(why)),
            Self::NoAuthority => formatter.write_str(messages::NO_AUTHORITY),
            Self::TooOften => formatter.write_str(messages::CERTIFIED_TOO_OFTEN),
            Self::NoProof => formatter.write_str(messages::NO_PROOF),
            Self::Randomness(error) => error.fmt(formatter),
            Self::Contended => formatter.write_str(messages::HOSTS_CONTENDED),
            Self::LastVerifier(host) => formatter.write_str(&messages::last_verifier(host)),
            Self::NoVerifier => formatter.write_str(messages::NO_VERIFIER_TO_NAME),
            Self::RemovalsDamaged => formatter.write_str(&messages::removals_damaged()),
            Self::Ca(text) | Self::NothingToDo(text) => formatter.write_str(text),
        }
    }
}

impl From<Error> for tfa_proto::Error {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Store(error) => crate::account::Error::from(error).into(),
            Error::Damaged(..) | Error::RemovalsDamaged => Self::Damaged(text),
            Error::Refused(_) | Error::Join(_) => Self::NotAuthorized(text),
            Error::NoProof => Self::InvalidArgument(text),
            Error::Contended | Error::TooOften => Self::Busy(text),
            Error::Ca(_) | Error::Randomness(_) => Self::Storage(text),
            Error::NoAuthority
            | Error::NothingToDo(_)
            | Error::LastVerifier(_)
            | Error::NoVerifier => Self::WrongState(text),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<removals::Unknown> for Error {
    fn from(why: removals::Unknown) -> Self {
        match why {
            removals::Unknown::File(error) => Self::Store(error),
            removals::Unknown::Damaged => Self::RemovalsDamaged,
        }
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        Self::Randomness(error)
    }
}

impl From<HostRefusal> for Error {
    fn from(why: HostRefusal) -> Self {
        Self::Refused(why)
    }
}

impl From<JoinRefusal> for Error {
    fn from(why: JoinRefusal) -> Self {
        Self::Join(why)
    }
}
