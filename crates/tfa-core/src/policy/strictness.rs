//! Which of two decisions over one account asks for more.
//!
//! It is a total order: a user may have two names, and what the policy asks of either is asked.
//! That differs from what could not be found out: there, two decisions that disagree are no
//! decision.

use std::cmp::Reverse;

use super::decision::{Exemption, PolicyDecision, Requirement};
use crate::Time;

/// The place of a decision in the order, and of two graces the one that ends first.
type Strictness = (u8, Reverse<Option<Time>>);

impl Requirement {
    /// How strict it is. For one account, of `Ask` and those that concern a user without an
    /// authenticator (`Grace`, `SetUp`, `TooLate`) only one side occurs.
    fn strictness(self) -> Strictness {
        let place = match self {
            Self::Exempt(Exemption::Off) => 0,
            Self::Exempt(Exemption::NotSetUp) => 1,
            Self::Exempt(Exemption::Paused) => 2,
            Self::Grace(until) => return (3, Reverse(Some(until))),
            Self::SetUp => 4,
            Self::Ask => 5,
            Self::TooLate => 6,
            Self::Undetermined => 7,
        };
        (place, Reverse(None))
    }

    /// The stricter of the two.
    fn stricter(self, other: Self) -> Self {
        if other.strictness() > self.strictness() {
            other
        } else {
            self
        }
    }
}

impl PolicyDecision {
    /// What both ask: in all that they say, the stricter. The terms that decided are those of the
    /// stricter one, of two that ask alike of the one that requires it.
    #[must_use]
    pub(super) fn stricter(self, other: Self) -> Self {
        let strict = self.strict().stricter(other.strict());
        let others = other.rank() > self.rank();
        Self {
            requirement: self.requirement.stricter(other.requirement),
            required: self.required || other.required,
            notes_first_login: self.notes_first_login || other.notes_first_login,
            audited: self.audited.or(other.audited).map(|_| strict),
            source: if others { other.source } else { self.source },
        }
    }

    fn rank(&self) -> (Strictness, bool) {
        let required = self.required || self.audited.is_some();
        (self.strict().strictness(), required)
    }
}
