//! What libpam cannot read or load.

use tfa_pam_host::Snapshot;
use tfa_pam_stack::{Call, Line, Phase, Position, Problem, ProblemKind, Step, Unreadable, Witness};

use super::{Fault, Login, names_tfa};
use crate::messages;

/// libpam refuses each login of the service. A file that other files include is the place.
pub(super) fn unreadable(service: &str, error: &Unreadable, files: &Snapshot) -> Fault {
    if let Unreadable::FailedInclude(position) = error
        && let Some(file) = unfinished_include(position, files)
    {
        return unreadable(service, &Unreadable::EndsInContinuation(file.into()), files);
    }
    let place = match error {
        Unreadable::NoFile => format!("/etc/pam.d/{service}"),
        Unreadable::EndsInContinuation(file)
        | Unreadable::Hang(file)
        | Unreadable::NotRegular(file)
        | Unreadable::TooLong(file) => file.to_string(),
        Unreadable::FailedInclude(position)
        | Unreadable::ModuleName(position)
        | Unreadable::IncludeWithoutName(position) => position.to_string(),
    };
    Fault {
        detail: messages::unreadable(error).to_owned(),
        ..Fault::at(&messages::PAM_UNREADABLE, place)
    }
}

/// The file that a line includes, if it ends in a backslash.
fn unfinished_include(position: &Position, files: &Snapshot) -> Option<String> {
    let text = files.text(&position.file)?;
    let line = text.lines().nth(position.line.checked_sub(1)?)?;
    let file = format!("/etc/pam.d/{}", line.split_whitespace().next_back()?);
    let is_unfinished = files.text(&file)?.trim_end().ends_with('\\');
    is_unfinished.then_some(file)
}

/// libpam cannot load pam_tfa, and a line names it: logins are refused, unless its control lets one pass.
pub(super) fn module_missing(login: &Login<'_>) -> Vec<Fault> {
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    let mut lines = phases.flat_map(|phase| login.lines(phase));
    let line = lines.find(|line| line.call == Call::MissingModule && names_tfa(line));
    let line = line.filter(|_| paths_past_missing(login).next().is_none());
    let fault = |line: &Line| Fault::at(&messages::PAM_MODULE_MISSING, &line.position);
    line.map(fault).into_iter().collect()
}

/// As before, and a login passes the line.
pub(super) fn missing_module_ignored(login: &Login<'_>) -> Vec<Fault> {
    let fault = |(path, place): (Witness, Position)| {
        Fault::at(&messages::PAM_MODULE_IGNORED, place).seen(&path)
    };
    paths_past_missing(login).map(fault).collect()
}

/// The logins that pass a phase by a line of pam_tfa that calls nothing, with its place. A login that passes
/// the auth phase so may still be refused in the account phase.
fn paths_past_missing(login: &Login<'_>) -> impl Iterator<Item = (Witness, Position)> {
    let is_let_in = login.service.bypass_of_user(Phase::Account).is_some();
    let phases = [Phase::Auth, Phase::Account].into_iter();
    let phases = phases.filter(move |_| is_let_in);
    phases.filter_map(|phase| {
        let path = login.service.bypass_of_user(phase)?;
        let calls_nothing = |step: &&Step| {
            let line = login.line_of(phase, step);
            line.is_some_and(|line| line.call == Call::MissingModule && names_tfa(line))
        };
        let place = path.steps.iter().find(calls_nothing)?.position.clone();
        Some((path, place))
    })
}

/// An error in the files of a service that asks for codes, which libpam reads past.
pub(super) fn problems(login: &Login<'_>) -> Vec<Fault> {
    if !login.asks(Phase::Auth) && !login.asks(Phase::Account) {
        return Vec::new();
    }
    // Lines for modules that are not installed are usual.
    let problems = login.service.problems.iter();
    let problems = problems.filter(|problem| problem.kind != ProblemKind::MissingModule);
    let fault = |problem: &Problem| Fault {
        detail: messages::problem(&problem.kind).to_owned(),
        ..Fault::at(&messages::PAM_ERROR, &problem.position)
    };
    problems.map(fault).collect()
}
