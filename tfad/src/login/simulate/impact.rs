//! What a policy means for a user.

use std::time::Duration;

use tfa_core::{Account, Policy, Time};
use tfa_proto::{Impact, OpenEnum, Outcome, Reason};

use super::hypothetical::login_name;
use super::phases::{Simulation, Simulator};

/// Long enough for every grace to be over.
const LATER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What a policy would mean for a user, now and once every grace is over.
#[must_use]
pub fn impact(simulator: &Simulator<'_>) -> Impact {
    // The impact of a policy is what it asks after audit mode.
    let policy = &simulator.policy.without_audit();
    let now = simulator.now;
    let today = run(policy, simulator, simulator.account, now);
    // The grace of a user who was never asked begins today.
    let new = || Account::new(simulator.subject.uid);
    let mut waiting = simulator.account.cloned().unwrap_or_else(new);
    waiting.require(now);
    let at = |time: Time| run(policy, simulator, Some(&waiting), time);
    let later = at(now.plus(LATER)).outcome();
    let changes = Changes::of(&today, later, &at, || {
        policy.times_of_change(Some(&waiting), now)
    });
    let was_asked = simulator.account.and_then(Account::first_required);
    let (outcome, reason) = today.outcome();
    Impact {
        user: login_name(simulator.user).to_owned(),
        now: outcome.into(),
        now_reason: reason.map(OpenEnum::from),
        later: later.0.into(),
        later_reason: later.1.map(OpenEnum::from),
        changes_at: changes.first.map(Time::as_secs),
        later_from: changes.last.map(Time::as_secs),
        after_first_login: (changes.begin_with_login && was_asked.is_none()).then_some(true),
    }
}

fn run<'a>(
    policy: &'a Policy,
    simulator: &Simulator<'a>,
    account: Option<&'a Account>,
    now: Time,
) -> Simulation<'a> {
    let simulator = Simulator {
        policy,
        account,
        now,
        ..*simulator
    };
    simulator.run()
}

/// When the outcome changes.
#[derive(Default)]
struct Changes {
    /// The first time.
    first: Option<Time>,
    /// The time from which on it is the last outcome.
    last: Option<Time>,
    /// Before that, the grace period begins with the first login.
    begin_with_login: bool,
}

impl Changes {
    fn of<'a>(
        today: &Simulation<'_>,
        later: (Outcome, Option<Reason>),
        at: &impl Fn(Time) -> Simulation<'a>,
        times: impl FnOnce() -> Vec<Time>,
    ) -> Self {
        let now = today.outcome();
        if now == later {
            return Self::default();
        }
        let mut begin_with_login = today.records_first_login();
        let (mut first, mut last) = (None, None);
        for time in times() {
            let simulation = at(time);
            let outcome = simulation.outcome();
            if outcome != now {
                first = first.or(Some(time));
            }
            if outcome == later {
                last = last.or(Some(time));
            } else {
                last = None;
                begin_with_login = simulation.records_first_login();
            }
        }
        Self {
            first,
            last,
            begin_with_login,
        }
    }
}
