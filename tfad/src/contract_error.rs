//! The errors of the layers in the terms of the contract. The calls' edges, `dbus` and `socket`, make
//! them where they reply.

use tfa_proto::Error;
use tfa_store::StoreError;

use crate::call_limiter::TooManyCalls;
use crate::host::random::NoRandomness;
use crate::state::NotServing;
use crate::{account, login, messages};

impl From<account::Error> for Error {
    fn from(error: account::Error) -> Self {
        let text = error.to_string();
        match error {
            account::Error::UnknownUser(_) => Self::UnknownUser(text),
            account::Error::NoSuchUser(_) => Self::InvalidArgument(text),
            account::Error::Damaged(_) => Self::Damaged(text),
            account::Error::UidChanged(_) => Self::UidChanged(text),
            account::Error::NotOnMember(_) => Self::NotAuthorized(text),
            account::Error::OwnerStays(_) => Self::WrongState(text),
            account::Error::InTheWay(_) => Self::AlreadySetUp(text),
            account::Error::Contended(_) => Self::Busy(text),
            account::Error::Store(
                StoreError::RecordDamaged { .. }
                | StoreError::DatabaseDamaged { .. }
                | StoreError::DuplicateUid { .. },
            ) => Self::Damaged(text),
            account::Error::Store(StoreError::KeyLost { .. }) => Self::KeyLost(text),
            account::Error::Store(_)
            | account::Error::NameService(_)
            | account::Error::Hashing
            | account::Error::Randomness(_) => Self::Storage(text),
        }
    }
}

impl From<login::Error> for Error {
    fn from(error: login::Error) -> Self {
        let text = error.to_string();
        match error {
            login::Error::NotServing(_) | login::Error::NoVerifier(_) => Self::NotServing(text),
            login::Error::CutOff { console: true, .. } => Self::ConsoleOnly(text),
            login::Error::CutOff { console: false, .. } => Self::CutOff(text),
            login::Error::NotOwnUser { .. } => Self::NotAuthorized(text),
            login::Error::NoSuchDialog => Self::NoSuchDialog(text),
            login::Error::TooManyDialogs | login::Error::OtherPolicy => Self::Busy(text),
            login::Error::BadContext(_) => Self::InvalidArgument(text),
            login::Error::Account(error) => error.into(),
            login::Error::NeedsFacts(_) | login::Error::NoAnswer(_) => Self::Storage(text),
            login::Error::Refused(error) => error,
        }
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        account::Error::from(error).into()
    }
}

impl From<TooManyCalls> for Error {
    fn from(_: TooManyCalls) -> Self {
        Self::Busy(messages::TOO_MANY_OF_YOUR_CALLS.to_owned())
    }
}

impl From<NotServing> for Error {
    fn from(NotServing(why): NotServing) -> Self {
        Self::NotServing(messages::refuses_every_login(&why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::facts::Missing;

    #[test]
    fn a_missing_fact_is_an_error_without_the_fact() {
        let error = Error::from(login::Error::NeedsFacts(Missing::Console));
        assert_eq!(error, Error::Storage(messages::FACTS_MISSING.to_owned()));
    }
}
