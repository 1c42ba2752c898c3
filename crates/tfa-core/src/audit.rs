//! What audit mode records: logins that would have had another outcome without it.

use minicbor::{CborLen, Decode, Encode};

use crate::{DenyReason, PhaseAction, Time};

/// How many records of one user are kept.
const MAX_RECORDS: usize = 8;
/// How many characters of the name of a service or a host are kept.
const MAX_NAME_LENGTH: usize = 64;

/// The outcome that a login would have had: an action of a phase in the form in which it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum AuditOutcome {
    /// A code would have been asked for.
    #[n(0)]
    Asked,
    /// The end of the grace period would have been stated.
    #[n(1)]
    Notified,
    /// The user would have had to enroll.
    #[n(2)]
    SetUp,
    /// As [`DenyReason::TooLate`].
    #[n(3)]
    TooLate,
    /// As [`DenyReason::NotVerified`].
    #[n(4)]
    NotVerified,
    /// As [`DenyReason::Undetermined`].
    #[n(5)]
    Undetermined,
    /// As [`DenyReason::FactorNotAccepted`].
    #[n(6)]
    FactorNotAccepted,
}

impl AuditOutcome {
    /// The outcome of an action; `None` for an action that audit mode does not change.
    pub(crate) fn of(action: PhaseAction) -> Option<Self> {
        match action {
            PhaseAction::Ask => Some(Self::Asked),
            PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)) => Some(Self::Notified),
            PhaseAction::SetUp(None)
            | PhaseAction::Deny(DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin) => {
                Some(Self::SetUp)
            }
            PhaseAction::Deny(DenyReason::TooLate) => Some(Self::TooLate),
            PhaseAction::Deny(DenyReason::NotVerified) => Some(Self::NotVerified),
            PhaseAction::Deny(DenyReason::Undetermined) => Some(Self::Undetermined),
            PhaseAction::Deny(DenyReason::FactorNotAccepted) => Some(Self::FactorNotAccepted),
            PhaseAction::Deny(DenyReason::AuthRefused)
            | PhaseAction::Verified
            | PhaseAction::Replace
            | PhaseAction::Exempt(_)
            | PhaseAction::Defer
            | PhaseAction::NotGuarded => None,
        }
    }
}

/// Logins to one service with one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct AuditRecord {
    /// The outcome without audit mode.
    #[n(0)]
    pub outcome: AuditOutcome,
    /// PAM's service.
    #[n(1)]
    pub service: String,
    /// The remote host of the last login; empty for this machine.
    #[n(2)]
    pub from: String,
    /// The time of the last login.
    #[n(3)]
    pub last: Time,
    /// The number of logins.
    #[n(4)]
    pub count: u32,
}

impl AuditRecord {
    /// The action that the phase would have taken, as far as the record tells it: the end of a grace
    /// period is not stored.
    #[must_use]
    pub fn action(&self) -> PhaseAction {
        match self.outcome {
            AuditOutcome::Asked => PhaseAction::Ask,
            AuditOutcome::Notified => PhaseAction::Grace(self.last),
            AuditOutcome::SetUp => PhaseAction::SetUp(None),
            AuditOutcome::TooLate => PhaseAction::Deny(DenyReason::TooLate),
            AuditOutcome::NotVerified => PhaseAction::Deny(DenyReason::NotVerified),
            AuditOutcome::Undetermined => PhaseAction::Deny(DenyReason::Undetermined),
            AuditOutcome::FactorNotAccepted => PhaseAction::Deny(DenyReason::FactorNotAccepted),
        }
    }
}

/// Records a login. Of too many records, the one with the oldest login is removed.
pub(crate) fn record(
    records: &mut Vec<AuditRecord>,
    outcome: AuditOutcome,
    service: &str,
    from: &str,
    now: Time,
) {
    let (service, from) = (short(service), short(from));
    let known = records
        .iter()
        .position(|one| one.outcome == outcome && one.service == service);
    let count = known.map_or(0, |index| records.remove(index).count);
    if records.len() >= MAX_RECORDS {
        records.remove(0);
    }
    records.push(AuditRecord {
        outcome,
        service,
        from,
        last: now,
        count: count.saturating_add(1),
    });
}

/// Whether a decoded list is one that [`record`] makes.
pub(crate) fn is_sound(records: &[AuditRecord]) -> bool {
    records.len() <= MAX_RECORDS
}

/// A name in the form in which it is stored: short, and without control characters, because
/// terminals show it.
fn short(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_NAME_LENGTH)
        .collect()
}
