//! What a policy means for a user.

use tfa_core::{Account, Policy, Subject, Time};
use tfa_proto::{HypotheticalLogin, Impact, OpenEnum};

use super::phases::simulate;

/// Long enough for every grace to be over.
const LATER: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 3600);

/// What a policy would mean for a user, now and once every grace is over.
#[must_use]
pub fn impact(
    policy: &Policy,
    supposed: &HypotheticalLogin,
    user: &str,
    subject: &Subject,
    account: Option<&Account>,
    has_session_phase: bool,
    now: Time,
) -> Impact {
    // The impact of a policy is what it asks after audit mode.
    let policy = &policy.without_audit();
    let simulated = |account, now| {
        simulate(policy, supposed, subject, account, has_session_phase, now).outcome()
    };
    let (today, now_reason) = simulated(account, now);
    // The grace of a user who was never asked begins today.
    let mut waiting = account
        .cloned()
        .unwrap_or_else(|| Account::new(subject.uid));
    waiting.require(now);
    let (later, later_reason) = simulated(Some(&waiting), now.plus(LATER));
    Impact {
        user: user.to_owned(),
        now: today.into(),
        now_reason: now_reason.map(OpenEnum::from),
        later: later.into(),
        later_reason: later_reason.map(OpenEnum::from),
    }
}
