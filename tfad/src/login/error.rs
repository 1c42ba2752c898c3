//! Why a login has no next turn.

use std::borrow::Cow;
use std::fmt;

use tfa_proto::ContextError;

use crate::account;
use crate::host::facts::Missing;
use crate::host::random::NoRandomness;
use crate::log::{Level, Report};
use crate::messages;
use crate::publication::PolicyError;

/// Why a login has no next turn. Each denies the login.
#[derive(Debug)]
pub enum Error {
    /// The daemon serves no login. The text says why.
    NotServing(String),
    /// Another policy was published than the one that was followed.
    OtherPolicy,
    /// A caller who is not root asks about another user than itself.
    NotOwnUser {
        /// The caller's uid.
        uid: u32,
    },
    /// No dialog of that number belongs to the caller: it is over, or another connection's.
    NoSuchDialog,
    /// Too many dialogs are open.
    TooManyDialogs,
    /// The context of the call is not one of this version.
    BadContext(ContextError),
    /// The account cannot be used.
    Account(account::Error),
    /// The login depends on a fact that its host has not told. This host tells every fact.
    NeedsFacts(Missing),
    /// There is no verifier. The text says why. No user can cause it.
    NoVerifier(String),
    /// As [`Self::NoVerifier`], of a login that this host does not decide itself.
    CutOff {
        /// Why there is no verifier.
        why: String,
        /// Root may log in at a console of this host.
        console: bool,
    },
    /// A verifier is there, and has not answered. The text says why. A user may cause it.
    NoAnswer(String),
    /// A verifier refuses the login, or its reply is not valid.
    Refused(tfa_proto::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotServing(why) => formatter.write_str(why),
            Self::OtherPolicy => formatter.write_str(messages::POLICY_CHANGES_ALL_THE_TIME),
            Self::NotOwnUser { uid } => formatter.write_str(&messages::not_own_user(*uid)),
            Self::NoSuchDialog => formatter.write_str(messages::DIALOG_OVER),
            Self::TooManyDialogs => formatter.write_str(messages::TOO_MANY_LOGINS),
            Self::BadContext(error) => formatter.write_str(&messages::bad_context(error)),
            Self::Account(error) => error.fmt(formatter),
            Self::NeedsFacts(_) => formatter.write_str(messages::FACTS_MISSING),
            Self::NoAnswer(why) => formatter.write_str(&messages::no_answer(why)),
            Self::NoVerifier(why) | Self::CutOff { why, .. } => {
                formatter.write_str(&messages::no_verifier(why))
            }
            Self::Refused(error) => formatter.write_str(error.text()),
        }
    }
}

impl Report for Error {
    fn level(&self) -> Option<Level> {
        match self {
            // No login is let in until the administrator acts, or the network is back.
            Self::BadContext(_) | Self::NoVerifier(_) | Self::CutOff { .. } | Self::NoAnswer(_) => {
                Some(Level::Error)
            }
            Self::NotOwnUser { .. }
            | Self::TooManyDialogs
            | Self::Refused(_)
            | Self::OtherPolicy => Some(Level::Warning),
            Self::Account(error) => error.level(),
            // The refusal stands in the log once, where it began. The host is asked for the facts.
            Self::NotServing(_) | Self::NoSuchDialog | Self::NeedsFacts(_) => None,
        }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Account(error) => error.text(),
            error => error.to_string().into(),
        }
    }
}

impl From<account::Error> for Error {
    fn from(error: account::Error) -> Self {
        Self::Account(error)
    }
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Store(error) => Self::Account(error.into()),
            // It stands in the log once, where it was read.
            PolicyError::Unusable(why) | PolicyError::Older(why) => Self::NotServing(why),
        }
    }
}

impl From<ContextError> for Error {
    fn from(error: ContextError) -> Self {
        Self::BadContext(error)
    }
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        Self::NeedsFacts(missing)
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        Self::Account(error.into())
    }
}
