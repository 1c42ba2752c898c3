//! Stacks with a line of pam_tfa that a login passes without it, or against its refusal.

use tfa_pam_stack::{Action, Code, Line, Phase, Step, Witness};

use super::{Fault, Login, services};
use crate::{MODULE, messages};

/// A login passes a phase, and no line of pam_tfa decided: it stands behind `sufficient`, a jump leads over it, or
/// it asks after a public key only.
pub(super) fn skipped(login: &Login<'_>) -> Vec<Fault> {
    let kinds = [
        (Phase::Auth, &messages::PAM_SKIPPED),
        (Phase::Account, &messages::PAM_ACCOUNT_SKIPPED),
    ];
    let is_meant =
        |phase| phase == Phase::Auth && login.is_guarded() && services::has_own_method(login.name);
    let asked = kinds
        .into_iter()
        .filter(|(phase, _)| login.asks(*phase) && !is_meant(*phase));
    let faults = asked.filter_map(|(phase, kind)| {
        let path = login.service.bypass_of_user(phase)?;
        let mut asked = path.steps.iter().filter(|step| is_tfa(step));
        match asked.next() {
            None => Some(Fault::at(kind, way_around(login, &path)).seen(&path)),
            Some(first) if exempts_all(login, &path) => after_public_key(login, &path, first),
            Some(_) => None,
        }
    });
    faults.collect()
}

/// Whether each line of pam_tfa in a path asks after a public key only, and was ignored.
fn exempts_all(login: &Login<'_>, path: &Witness) -> bool {
    let mut asked = path.steps.iter().filter(|step| is_tfa(step));
    asked.all(|step| {
        let line = login.line_of(path.phase, step);
        step.code == Code::IGNORE && line.is_some_and(Line::asks_after_public_key)
    })
}

/// A login without a public key passes a line that asks after one only. That is meant where sshd demands a key
/// of each connection. Where another line asks without a key, the fault is the way around that.
fn after_public_key(login: &Login<'_>, path: &Witness, first: &Step) -> Option<Fault> {
    let context = login.context;
    if context.of_sshd.contains(login.name) && context.demands_public_key {
        return None;
    }
    let mut lines = login.lines(path.phase).iter();
    let fault = match lines.any(|line| line.is_tfa() && !line.asks_after_public_key()) {
        true => Fault::at(&messages::PAM_SKIPPED, way_around(login, path)),
        false => Fault::at(&messages::PAM_AFTER_PUBLICKEY, &first.position),
    };
    Some(fault.seen(path))
}

/// A login passes a phase that a line of pam_tfa refused.
pub(super) fn refusal_ignored(login: &Login<'_>) -> Vec<Fault> {
    let account_refuses = login.asks(Phase::Account)
        && login.service.bypass_of_user(Phase::Account).is_none()
        && login.service.refusal_swallowed(Phase::Account).is_none();
    let auth = if account_refuses {
        &messages::PAM_REFUSAL_LATE
    } else {
        &messages::PAM_REFUSAL_IGNORED
    };
    let kinds = [
        (Phase::Auth, auth),
        (Phase::Account, &messages::PAM_REFUSAL_IGNORED),
    ];
    let faults = kinds.into_iter().filter_map(|(phase, kind)| {
        let path = login.service.refusal_swallowed(phase)?;
        let refused = path.steps.iter().rfind(|step| is_tfa(step))?;
        Some(Fault::at(kind, &refused.position).seen(&path))
    });
    faults.collect()
}

pub(super) fn is_tfa(step: &Step) -> bool {
    step.module.rsplit('/').next() == Some(MODULE)
}

/// The line of a path that leads around the others: the last one that jumps or ends the stack.
pub(super) fn way_around(login: &Login<'_>, path: &Witness) -> String {
    let leads = |step: &&Step| {
        let line = login.line_of(path.phase, step);
        let action = line.map(|line| line.control.action(step.code));
        matches!(action, Some(Action::Done | Action::Jump(_)))
    };
    let step = path.steps.iter().rfind(leads).or(path.steps.last());
    step.map(|step| step.position.to_string())
        .unwrap_or_default()
}
