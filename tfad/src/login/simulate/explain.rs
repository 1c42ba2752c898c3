//! The explanation of one login, for people and programs.

use tfa_core::{
    Account, LockScope, LockState, LoginOrigin, PhaseAction, Policy, Source, Subject, Terms, Time,
};
use tfa_proto::{Explanation, HypotheticalLogin, OpenEnum, Outcome, Reason};
use tfa_text::wrapped;

use super::hypothetical::{lock_of, origin};
use super::phases::{Simulation, simulate};
use super::shown::Shown;
use crate::account::status;

/// The columns of what the user would see. `tfactl explain` indents it.
const WIDTH: usize = 78;

/// The host of a simulation.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedHost<'a> {
    /// Its name.
    pub name: &'a str,
    /// The PAM files of the service leave logins to the session phase.
    pub has_session_phase: bool,
}

/// What becomes of a login, for people and programs.
#[must_use]
pub fn explain(
    policy: &Policy,
    supposed: &HypotheticalLogin,
    user: &str,
    subject: &Subject,
    account: Option<&Account>,
    host: SimulatedHost<'_>,
    now: Time,
) -> Explanation {
    let SimulatedHost {
        name: host,
        has_session_phase,
    } = host;
    let groups = subject.unknown_groups();
    let mut unknown: Vec<String> = groups.iter().map(|g| format!("group {g}")).collect();
    if let LoginOrigin::Name(name) = origin(supposed) {
        unknown.push(format!("the address of {name}"));
    }
    let simulated =
        |policy: &Policy| simulate(policy, supposed, subject, account, has_session_phase, now);
    let simulation = simulated(policy);
    let (locked, lock_scope) = simulation.lock(account, lock_of(supposed), now);
    let (what, reason) = match locked {
        Some(_) => (Outcome::Refused, Some(Reason::Locked)),
        None => simulation.outcome(),
    };
    let no_rule_decides =
        locked.is_some() || simulation.stepped_over || simulation.whatever_the_policy;
    let Simulation {
        action,
        decision,
        phase,
        stepped_over,
        ..
    } = &simulation;
    let strict = decision.audited.map(|_| {
        let strict = policy.without_audit();
        simulated(&strict).outcome()
    });
    let audited = strict.filter(|strict| locked.is_none() && *strict != (what, reason));
    let source = if no_rule_decides {
        Source::default()
    } else {
        decision.source.clone()
    };
    let grace_until = match *action {
        _ if *stepped_over => None,
        PhaseAction::Grace(until) => Some(until),
        PhaseAction::SetUp(until) => until,
        _ => None,
    };
    let terms = match action {
        PhaseAction::Exempt(_) if !no_rule_decides => decision.terms.clone(),
        _ => Terms::default(),
    };
    let shown = Shown {
        simulation: &simulation,
        host,
        user,
        reason: terms.reason.as_deref(),
        lock: locked.map(|lock| (lock, lock_scope.unwrap_or(LockScope::UnknownOrigins))),
        now,
    };
    let shown = shown.text();
    Explanation {
        user: user.to_owned(),
        outcome: what.into(),
        reason: reason.map(OpenEnum::from),
        phase: (!stepped_over).then_some((*phase).into()),
        file: source.file,
        line: source.line,
        grace_until: grace_until.map(Time::as_secs),
        required: decision.required || decision.audited.is_some(),
        exempt_until: terms.until.map(Time::as_secs),
        exempt_reason: terms.reason,
        locked_until: match locked {
            Some(LockState::Until(until)) => Some(until.as_secs()),
            _ => None,
        },
        permanently_locked: locked == Some(LockState::Permanent),
        lock_scope: lock_scope.map(|scope| status::lock_scope_of(scope).into()),
        audited: audited.map(|(what, _)| what.into()),
        audited_reason: audited.and_then(|(_, why)| why).map(OpenEnum::from),
        state: status::state_of(account).into(),
        shown: wrapped(&shown, WIDTH),
        unknown,
    }
}
