//! The codes of a history.

use serde::{Deserialize, Serialize};

/// A code of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code {
    /// What it is a code of.
    pub kind: CodeKind,
    /// The number of the key. Of a backup code, that of the key with which it was given.
    pub epoch: u32,
    /// The counter, the step, or the place in the set of backup codes.
    pub number: u64,
}

/// What a code is a code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeKind {
    /// A key with a counter. A code uses up itself and all earlier ones.
    Counter,
    /// A key by time. A code uses up itself and all earlier ones. A right clock accepts it from the first of these
    /// times to the second one, in milliseconds of the run.
    Time(u64, u64),
    /// A set of backup codes. A code uses up itself alone.
    Backup,
}

impl Code {
    /// Whether an accepted code uses up another one.
    #[must_use]
    pub fn uses_up(self, other: Self) -> bool {
        match (self.kind, other.kind) {
            (CodeKind::Counter, CodeKind::Counter) | (CodeKind::Time(..), CodeKind::Time(..)) => {
                self.epoch == other.epoch && self.number >= other.number
            }
            (CodeKind::Backup, CodeKind::Backup) => self == other,
            _ => false,
        }
    }

    /// Whether it is of the key of this number, and no backup code.
    #[must_use]
    pub fn is_of_key(self, epoch: u32) -> bool {
        self.kind != CodeKind::Backup && self.epoch == epoch
    }
}
