//! What a run writes down, one event after the other.

use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since the begin of the run, by one clock.
    pub at: u64,
    /// Who did it: each has one call under way at most.
    pub process: u32,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A call begins.
    Invoke(Op),
    /// The call has ended.
    Return(Outcome),
    /// A fault begins.
    Fault(String),
    /// It is over.
    Healed(String),
    /// A verifier's clock is so many seconds ahead from now on. Written before the jump and after it.
    Clock(String, i64),
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// A login with a code, at a host.
    Login {
        /// Who logs in.
        user: String,
        /// Where.
        host: String,
        /// What is typed: a code of the user, or `None` for one that is wrong at any time.
        code: Option<Code>,
    },
    /// An administrator gives a user who has none a key. Each key of a user has a greater epoch.
    Enroll {
        /// The user.
        user: String,
        /// The number of the key.
        epoch: u32,
    },
    /// An administrator removes all keys of a user.
    Reset {
        /// The user.
        user: String,
    },
    /// An administrator removes the locks of a user.
    Unlock {
        /// The user.
        user: String,
    },
}

/// A code of a user's key. A greater number is a later code, and uses up the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code {
    /// The number of the key.
    pub epoch: u32,
    /// The step or the counter.
    pub number: u64,
}

/// How a call has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The user is let in after the code.
    Let,
    /// The user is let in without a code.
    Open,
    /// The code was used before.
    Used,
    /// The code is wrong.
    Wrong,
    /// No code is accepted for so many seconds at least, from the time of the judgement.
    Locked(u64),
    /// The change is made.
    Made,
    /// The user is not let in, or the change failed. It may have had its effect.
    Unknown(String),
}

impl Op {
    /// The user whom it is about.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Login { user, .. }
            | Self::Enroll { user, .. }
            | Self::Reset { user }
            | Self::Unlock { user } => user,
        }
    }

    /// The code of a login.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Login { code, .. } => *code,
            Self::Enroll { .. } | Self::Reset { .. } | Self::Unlock { .. } => None,
        }
    }
}
