//! The order of decisions over one account by strictness.
//!
//! The order is total: a user may have two names, and the requirements of both apply. This differs
//! from a decision that could not be determined, where two requirements may conflict. Of the second
//! factors that two decisions accept, those remain that both accept.

use std::cmp::Reverse;

use super::decision::{Exemption, PolicyDecision, Requirement};
use crate::Time;

/// The rank of a requirement. Of two grace periods, the one that ends first is stricter.
type Strictness = (u8, Reverse<Option<Time>>);

impl Requirement {
    /// The strictness. For one account, either `Ask` occurs, or the requirements for a user without
    /// an authenticator (`Grace`, `SetUp`, `TooLate`).
    fn strictness(self) -> Strictness {
        let place = match self {
            Self::Exempt(Exemption::Off) => 0,
            Self::Exempt(Exemption::NotSetUp) => 1,
            Self::Exempt(Exemption::Paused) => 2,
            // Under the other name the policy asks nothing by itself.
            Self::Exempt(Exemption::ByAdministrator(_)) => 3,
            Self::Grace(until) => return (4, Reverse(Some(until))),
            Self::SetUp => 5,
            Self::Ask => 6,
            Self::TooLate => 7,
            Self::Undetermined => 8,
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
    /// The stricter of both, in every field. The source is that of the stricter one. If both are
    /// equal, it is that of the one that requires a second factor.
    #[must_use]
    pub(super) fn stricter(self, other: Self) -> Self {
        let strict = self.strict().stricter(other.strict());
        let others = other.rank() > self.rank();
        let (source, terms) = if others {
            (other.source, other.terms)
        } else {
            (self.source, self.terms)
        };
        Self {
            requirement: self.requirement.stricter(other.requirement),
            strict_factors: self.strict_factors.and(other.strict_factors),
            required: self.required || other.required,
            records_first_login: self.records_first_login || other.records_first_login,
            enrolls_in_login: self.enrolls_in_login && other.enrolls_in_login,
            audited: self.audited.or(other.audited).map(|_| strict),
            source,
            terms,
        }
    }

    fn rank(&self) -> (Strictness, bool) {
        let required = self.required || self.audited.is_some();
        (self.strict().strictness(), required)
    }
}
