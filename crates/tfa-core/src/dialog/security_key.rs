//! A login in which sshd has accepted a security key of the user. Nothing is asked.

use super::{Message, Next, Turn, Verdict};
use crate::{Account, Client, Factor, PhaseInput, PolicyDecision, SshKey, Time};

/// Verifies a login by the active security key among the keys that sshd has accepted. `None` if there is
/// none of the user's. The account may have changed: when the key was used last, and what is reported to
/// the owner now.
#[must_use]
pub fn verify_by_security_key(
    account: &mut Account,
    keys: &[SshKey],
    client: Client<'_>,
    now: Time,
) -> Option<Turn> {
    let id = account.accept_security_key(keys, now)?;
    let factor = Factor::SecurityKey(id);
    Some(Turn {
        says: None,
        report: account.report(factor.into(), client, now),
        next: Next::End(Verdict::Verified(factor)),
    })
}

/// Activates the pending first security key, if this login has used it and may confirm it. The caller
/// evaluates the policy on the account as it is stored, and stores the account before the turn is shown.
#[must_use]
pub fn confirm_by_security_key(
    account: &mut Account,
    decision: &PolicyDecision,
    phase: PhaseInput,
    keys: &[SshKey],
    now: Time,
) -> Option<Turn> {
    let is_active = decision.confirms_key(phase) && account.activate_pending_key(keys, now);
    is_active.then_some(Turn {
        says: Some(Message::SecurityKeyActive),
        report: None,
        next: Next::End(Verdict::Enrolled),
    })
}
