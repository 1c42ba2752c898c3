//! What a policy means for a user.

use std::time::Duration;

use tfa_core::{Account, Time};
use tfa_proto::{Impact, OpenEnum};

use super::hypothetical::login_name;
use super::phases::Simulator;

/// Long enough for every grace to be over.
const LATER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What a policy would mean for a user, now and once every grace is over.
#[must_use]
pub fn impact(simulator: &Simulator<'_>) -> Impact {
    // The impact of a policy is what it asks after audit mode.
    let policy = &simulator.policy.without_audit();
    let simulated = |account: Option<&Account>, now: Time| {
        let simulator = Simulator {
            policy,
            account,
            now,
            ..*simulator
        };
        simulator.run().outcome()
    };
    let now = simulator.now;
    let (today, now_reason) = simulated(simulator.account, now);
    // The grace of a user who was never asked begins today.
    let new = || Account::new(simulator.subject.uid);
    let mut waiting = simulator.account.cloned().unwrap_or_else(new);
    waiting.require(now);
    let (later, later_reason) = simulated(Some(&waiting), now.plus(LATER));
    Impact {
        user: login_name(simulator.user).to_owned(),
        now: today.into(),
        now_reason: now_reason.map(OpenEnum::from),
        later: later.into(),
        later_reason: later_reason.map(OpenEnum::from),
    }
}
