//! The explanation of one login, for people and programs.

use tfa_core::{
    Device, LockState, LoginOrigin, PhaseAction, RememberRules, Source, Terms, ThrottleScope, Time,
};
use tfa_proto::{Explanation, Offline, OpenEnum, Outcome, Reason};
use tfa_text::wrapped;

use super::hypothetical::login_name;
use super::phases::{Simulation, Simulator};
use super::shown::Shown;
use crate::account::status;

/// The columns of what the user would see. `tfactl explain` indents it.
const WIDTH: usize = 78;

/// What becomes of a login to the host of this name, for people and programs.
#[must_use]
pub fn explain(simulator: &Simulator<'_>, host: &str) -> Explanation {
    let Simulator {
        policy,
        account,
        now,
        ..
    } = *simulator;
    let user = login_name(simulator.user);
    let simulation = simulator.run();
    let step = &simulation.step;
    let lock = simulation.lock();
    let (what, reason) = match lock {
        Some(_) => (Outcome::Refused, Some(Reason::Locked)),
        None => simulation.outcome(),
    };
    let no_rule_decides = lock.is_some() || simulation.stepped_over || step.whatever_the_policy;
    let strict = step.decision.audited.map(|_| {
        let policy = &policy.without_audit();
        Simulator {
            policy,
            ..*simulator
        }
        .run()
        .outcome()
    });
    let audited = strict.filter(|strict| lock.is_none() && *strict != (what, reason));
    let source = if no_rule_decides {
        Source::default()
    } else {
        step.decision.source.clone()
    };
    let terms = match step.action {
        PhaseAction::Exempt(_) if !no_rule_decides && step.confirmed.is_none() => {
            step.decision.terms.clone()
        }
        _ => Terms::default(),
    };
    let offline = simulator.offline();
    let shown = Shown {
        simulation: &simulation,
        host,
        is_member: offline.is_some(),
        user,
        reason: terms.reason.as_deref(),
        now,
    };
    let rules = &simulator.config.remember;
    Explanation {
        user: user.to_owned(),
        outcome: what.into(),
        reason: reason.map(OpenEnum::from),
        phase: (!simulation.stepped_over).then_some(step.phase.into()),
        file: source.file,
        line: source.line,
        grace_until: grace_until(&simulation).map(Time::as_secs),
        required: step.decision.required || step.decision.audited.is_some(),
        exempt_until: terms.until.map(Time::as_secs),
        shown: wrapped(&shown.text(), WIDTH),
        exempt_reason: terms.reason,
        locked_until: match lock {
            Some(LockState::Until(until)) => Some(until.as_secs()),
            _ => None,
        },
        permanently_locked: lock == Some(LockState::Permanent),
        key: simulator.key.map(|shown| shown.key.fingerprint.to_string()),
        device: simulation.device().map(|device| device.id().number()),
        device_until: simulation.device().map(|device| end_of(device, rules)),
        session_minutes: session_minutes(&simulation),
        recovery_code: takes_recovery_code(simulator, &simulation),
        lock_scope: account
            .filter(|_| simulation.is_asked_for_code())
            .map(|account| account.lock_scope(step.throttle_scope, now))
            .map(|scope| status::lock_scope_of(scope).into()),
        audited: audited.map(|(what, _)| what.into()),
        audited_reason: audited.and_then(|(_, why)| why).map(OpenEnum::from),
        state: status::state_of(account).into(),
        unknown: unknown(simulator, &simulation),
        offline: offline.map(|offline| {
            match offline {
                tfa_core::Offline::Deny => Offline::Deny,
                tfa_core::Offline::Console => Offline::Console,
                tfa_core::Offline::BoundCodes => Offline::BoundCodes,
            }
            .into()
        }),
    }
}

fn grace_until(simulation: &Simulation<'_>) -> Option<Time> {
    match simulation.step.action {
        _ if simulation.stepped_over || simulation.step.confirmed.is_some() => None,
        PhaseAction::Grace(until) => Some(until),
        PhaseAction::SetUp(until) => until,
        _ => None,
    }
}

fn end_of(device: &Device, rules: &RememberRules) -> u64 {
    device.until(rules).as_secs()
}

/// Whether the recovery code of the host is accepted, in place of a code or of a refusal.
fn takes_recovery_code(simulator: &Simulator<'_>, simulation: &Simulation<'_>) -> bool {
    let is_at_console = simulation.step.throttle_scope == ThrottleScope::Console;
    let replaces_code = is_at_console && simulation.open_prompt().is_some();
    let replaces_refusal = || !simulation.stepped_over && simulator.is_asked_to_recover();
    (replaces_code && simulator.may_recover()) || replaces_refusal()
}

fn session_minutes(simulation: &Simulation<'_>) -> Option<u32> {
    let length = simulation.open_prompt()?.session_code?;
    u32::try_from(length.as_secs() / 60).ok()
}

/// What could not be determined.
fn unknown(simulator: &Simulator<'_>, simulation: &Simulation<'_>) -> Vec<String> {
    let groups = simulator.subject.unknown_groups().into_iter();
    let mut unknown: Vec<String> = groups.map(|group| format!("group {group}")).collect();
    if simulator.policy.names_hosts() && simulator.host().is_none() {
        unknown.push("the name of the host".to_owned());
    }
    if let LoginOrigin::Name(name) = simulator.origin() {
        unknown.push(format!("the address of {name}"));
    }
    if let Some(shown) = simulator.key.filter(|_| simulation.step.needs_kind_of_key) {
        unknown.push(format!("the type of the key {}", shown.key.fingerprint));
    }
    unknown
}
