//! A login in which each module that can succeed does: one with the right password and the right code.

use tfa_pam_stack::{
    Action, Call, Code, Line, Phase, Run, Service, User, Witness, possible_codes, run,
};

use super::{Fault, Login, errors, names_tfa, services};
use crate::messages;

/// Whether such a login passes if `pam_tfa` returns this code.
pub(super) fn lets_in(service: &Service, tfa: Code) -> bool {
    let passes = |phase| run_of(service, phase, tfa).result == Code::SUCCESS;
    passes(Phase::Auth) && passes(Phase::Account)
}

fn run_of(service: &Service, phase: Phase, tfa: Code) -> Run {
    run(service.stack(phase), |line| match line.is_tfa() {
        true => tfa,
        false => best_code(line, phase, &service.name),
    })
}

/// What a module returns that lets the login go on, if it can.
pub(super) fn best_code(line: &Line, phase: Phase, service: &str) -> Code {
    let codes = possible_codes(line, phase, service);
    // Root needs no login.
    let is_root = line.calls("pam_rootok.so");
    let mut best = [Code::SUCCESS, Code::IGNORE].into_iter();
    let best = best.find(|code| codes.contains(*code) && !is_root);
    let other = || codes.iter().find(|code| *code != Code::SUCCESS);
    best.or_else(other).unwrap_or(Code::SUCCESS)
}

/// A phase that no login with the right password and code passes. An error that is a finding of its own is left to
/// that, and so is a service that was closed.
pub(super) fn refuses(login: &Login<'_>) -> Vec<Fault> {
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    let closed = phases.filter(|phase| !login.service.can_pass(*phase));
    let faults = closed.filter_map(|phase| {
        let run = run_of(login.service, phase, Code::SUCCESS);
        let line = deciding_line(login, phase, &run)?;
        let is_missing = line.call == Call::MissingModule && names_tfa(line);
        if is_missing || has_error(login, line) || is_closed(login, phase, line) {
            return None;
        }
        let fault = Fault {
            detail: phase.name().to_owned(),
            ..Fault::at(&messages::PAM_REFUSES, &line.position)
        };
        Some(fault.seen(&witness(login, phase, &run)))
    });
    faults.collect()
}

/// A phase that refuses a login although nothing in it fails: a jump leads it past the lines that would let it in.
pub(super) fn refused_by_jump(login: &Login<'_>) -> Vec<Fault> {
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    // Where no login passes, that is the fault.
    let open = phases.filter(|phase| login.service.can_pass(*phase));
    let faults = open.filter_map(|phase| {
        let (path, jump) = login.service.refused_by_jump(phase)?;
        let fault = Fault {
            detail: phase.name().to_owned(),
            ..Fault::at(&messages::PAM_JUMP_REFUSES, &jump.position)
        };
        Some(fault.seen(&path))
    });
    faults.collect()
}

/// A phase that refuses users because of what pam_tfa returns for them: those who have entered a right code, or those
/// of whom the policy asks for none. Users of the other kind pass.
pub(super) fn refuses_users(login: &Login<'_>) -> Vec<Fault> {
    let kinds = [
        (User::NotAsked, &messages::PAM_EXEMPT_REFUSED),
        (User::Verified, &messages::PAM_CODE_REFUSED),
    ];
    let phases = [Phase::Auth, Phase::Account].into_iter();
    let asked = phases.filter(|phase| login.asks(*phase));
    let cases = asked.flat_map(|phase| kinds.map(|(user, kind)| (phase, user, kind)));
    let faults = cases.filter_map(|(phase, user, kind)| {
        // A method of the program takes the place of the password.
        let has_own_method =
            services::has_own_method(login.name) || login.context.follows_own_method(login.name);
        let refusal = login.service.refuses_user(phase, user, !has_own_method)?;
        Some(Fault::of(kind, phase.name(), refusal))
    });
    faults.collect()
}

/// The line that refuses: the first one that fails, or else a jump over all lines that could succeed, or else the
/// last one.
fn deciding_line<'a>(login: &'a Login<'_>, phase: Phase, run: &Run) -> Option<&'a Line> {
    let lines = login.lines(phase);
    let steps = run.lines.iter();
    let mut steps = steps.filter_map(|(index, code)| {
        let line = lines.get(*index)?;
        Some((line, line.control.action(*code)))
    });
    let fails = |action: &Action| matches!(action, Action::Bad | Action::Die);
    let jumps = |action: &Action| matches!(action, Action::Jump(_));
    let mut failing = steps.clone().filter(|(_, action)| fails(action));
    let mut jumping = steps.clone().filter(|(_, action)| jumps(action));
    let found = failing.next().or_else(|| jumping.next_back());
    found.or_else(|| steps.next_back()).map(|(line, _)| line)
}

/// Whether the line has an error that is reported as such.
fn has_error(login: &Login<'_>, line: &Line) -> bool {
    let mut problems = errors::problems(login).into_iter();
    problems.any(|problem| problem.place == line.position.to_string())
}

/// Whether the service was closed on purpose: its own file denies every login and asks for no code, or libpam
/// takes the lines of the service `other`, as for a program that does not use the phase.
fn is_closed(login: &Login<'_>, phase: Phase, line: &Line) -> bool {
    let file = &*line.position.file;
    let is_own = file == format!("/etc/pam.d/{}", login.name);
    let denies = is_own && line.calls("pam_deny.so") && !login.asks(phase);
    denies || file == "/etc/pam.d/other"
}

fn witness(login: &Login<'_>, phase: Phase, run: &Run) -> Witness {
    Witness::of(phase, login.lines(phase), &run.lines, Some(run.result))
}
