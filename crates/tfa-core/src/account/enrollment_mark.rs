//! What an enrollment is made of, to compare it with what it was.

use super::{Account, Purpose};
use crate::{AuthenticatorId, HashParams, Time};

/// The parts of an enrollment that a change of it changes. Used codes, counters and names are none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentMark {
    active: Vec<AuthenticatorId>,
    highest_id: Option<AuthenticatorId>,
    paused: bool,
    backup: Option<HashParams>,
    pending: Option<(Time, Option<Purpose>)>,
}

impl EnrollmentMark {
    /// Whether an account still has this enrollment. A pending authenticator may have become void since.
    #[must_use]
    pub fn is_of(&self, account: &Account) -> bool {
        let now = account.enrollment_mark();
        let pending = now.pending.and(self.pending);
        now == Self {
            pending,
            ..self.clone()
        }
    }
}

impl Account {
    /// What the enrollment is made of.
    #[must_use]
    pub fn enrollment_mark(&self) -> EnrollmentMark {
        let pending = self.pending.as_ref();
        EnrollmentMark {
            active: self.authenticators.iter().map(|one| one.id()).collect(),
            highest_id: self.highest_id,
            paused: self.paused,
            backup: self.backup.as_ref().map(|set| set.hash_params().clone()),
            pending: pending.map(|one| (one.made(), one.purpose())),
        }
    }
}
