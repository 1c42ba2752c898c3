//! What audit mode saw: logins that the policy would have treated otherwise.

use minicbor::{CborLen, Decode, Encode};

use crate::Time;

/// How many sightings are kept of one user.
const MOST: usize = 8;
/// How many characters are kept of a service's or a host's name.
const NAME_LENGTH: usize = 64;

/// What would have become of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum AuditOutcome {
    /// A code would have been asked for.
    #[n(0)]
    Asked,
    /// It would have been told to set up, and let in while the grace lasts.
    #[n(1)]
    Notified,
    /// It would have had to set up.
    #[n(2)]
    SetUp,
    /// It would have been refused: not set up in time.
    #[n(3)]
    TooLate,
    /// It would have been refused: no second factor was met.
    #[n(4)]
    NotVerified,
    /// It would have been refused: which rule holds could not be found out.
    #[n(5)]
    Undetermined,
}

/// A kind of login that was records, as often as it was.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct AuditRecord {
    /// What would have become of it.
    #[n(0)]
    pub outcome: AuditOutcome,
    /// PAM's service.
    #[n(1)]
    pub service: String,
    /// The remote host of the last one; empty for this machine.
    #[n(2)]
    pub from: String,
    /// When it was last records.
    #[n(3)]
    pub last: Time,
    /// How often.
    #[n(4)]
    pub count: u32,
}

/// Notes a login: it is counted where its like was seen before; of too many, the oldest goes.
pub(crate) fn record(
    records: &mut Vec<AuditRecord>,
    outcome: AuditOutcome,
    service: &str,
    from: &str,
    now: Time,
) {
    let (service, from) = (short(service), short(from));
    let place = records
        .iter()
        .position(|one| one.outcome == outcome && one.service == service);
    let count = place.map_or(0, |place| records.remove(place).count);
    if records.len() >= MOST {
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
    records.len() <= MOST
}

/// A name as it is kept: short, and without control characters, for it is shown on terminals.
fn short(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(NAME_LENGTH)
        .collect()
}
