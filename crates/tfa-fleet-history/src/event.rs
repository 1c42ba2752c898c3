//! What a run writes down, one event after the other.

use serde::{Deserialize, Serialize};

use crate::Code;

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
    /// Whether etcd has a majority from now on. Written when it has certainly lost it, and before it can have it again.
    Quorum(bool),
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
    /// A user without a key enrolls in a login, with backup codes of the same epoch.
    Setup {
        /// The user.
        user: String,
        /// Where.
        host: String,
        /// The first code of the new key.
        code: Code,
    },
    /// A user gives a code to be allowed to change the keys.
    Proof {
        /// The user.
        user: String,
        /// Where.
        host: String,
        /// The code.
        code: Code,
    },
    /// A user replaces a key by a new one.
    Move {
        /// The user.
        user: String,
        /// Where.
        host: String,
        /// The number of the key that is replaced.
        from: u32,
        /// The first code of the new key.
        code: Code,
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

/// How a call has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The user is let in after the code.
    Let,
    /// The user is let in without a code, or is asked to enroll.
    Open,
    /// The code was used before.
    Used,
    /// The code is wrong.
    Wrong,
    /// No code is accepted for so many seconds, from the time of the judgement, which was cut to whole seconds.
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
            | Self::Setup { user, .. }
            | Self::Proof { user, .. }
            | Self::Move { user, .. }
            | Self::Reset { user }
            | Self::Unlock { user } => user,
        }
    }

    /// The code that it uses up.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Login { code, .. } => *code,
            Self::Setup { code, .. } | Self::Proof { code, .. } | Self::Move { code, .. } => {
                Some(*code)
            }
            Self::Enroll { .. } | Self::Reset { .. } | Self::Unlock { .. } => None,
        }
    }

    /// The number of the key that the user has after it.
    #[must_use]
    pub fn new_key(&self) -> Option<u32> {
        match self {
            Self::Enroll { epoch, .. } => Some(*epoch),
            Self::Setup { code, .. } | Self::Move { code, .. } => Some(code.epoch),
            Self::Login { .. } | Self::Proof { .. } | Self::Reset { .. } | Self::Unlock { .. } => {
                None
            }
        }
    }
}
