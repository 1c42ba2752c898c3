//! What libpam cannot read or load.

use tfa_pam_stack::{Call, Line, Phase, Problem, ProblemKind, Unreadable};

use super::{Fault, Login, names_tfa};
use crate::messages;

/// libpam refuses each login of the service.
pub(super) fn unreadable(service: &str, error: &Unreadable) -> Fault {
    let place = match error {
        Unreadable::NoFile => format!("/etc/pam.d/{service}"),
        Unreadable::EndsInContinuation(file)
        | Unreadable::Hang(file)
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

/// The file of pam_tfa is missing, and a line names it.
pub(super) fn module_missing(login: &Login<'_>) -> Vec<Fault> {
    let is_missing = |line: &&Line| line.call == Call::MissingModule && names_tfa(line);
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    let lines = phases.flat_map(|phase| login.lines(phase)).find(is_missing);
    let fault = |line: &Line| Fault::at(&messages::PAM_MODULE_MISSING, &line.position);
    lines.map(fault).into_iter().collect()
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
