//! The place of pam_tfa beside the modules that verify the password.

use tfa_pam_stack::{Line, Phase, Step, Witness, verifies_password};

use super::{Fault, Login, services};
use crate::messages;

/// The options with which the line belongs before the password.
const FIRST: [&str; 2] = ["forward_pass", "after_publickey"];

/// The code is asked for before the password.
pub(super) fn module_first(login: &Login<'_>) -> Vec<Fault> {
    let path = login.service.before_password();
    let last = path.as_ref().and_then(|path| path.steps.last());
    let line = last.and_then(|step| login.line_of(Phase::Auth, step));
    let is_meant = |line: &Line| {
        line.arguments
            .iter()
            .any(|word| FIRST.contains(&word.as_str()))
    };
    match (path, line) {
        (Some(path), Some(line)) if !is_meant(line) => {
            vec![Fault::at(&messages::PAM_MODULE_FIRST, &line.position).seen(&path)]
        }
        _ => Vec::new(),
    }
}

/// The code is asked for after a wrong password.
pub(super) fn goes_on_after_wrong_password(login: &Login<'_>) -> Vec<Fault> {
    let path = login.service.goes_on_after_wrong_password();
    let fault = |path: tfa_pam_stack::Witness| {
        let password = path.steps.iter().rfind(|step| {
            let line = login.line_of(Phase::Auth, step);
            line.is_some_and(tfa_pam_stack::verifies_password)
        });
        let place = password.map(|step| step.position.to_string());
        let place = place.unwrap_or_else(|| login.file(Phase::Auth));
        Fault::at(&messages::PAM_WRONG_PASSWORD, place).seen(&path)
    };
    path.map(fault).into_iter().collect()
}

/// A login passes the auth phase with a code alone, or with nothing where its user is exempt: no line requires
/// that the password is right.
pub(super) fn password_skipped(login: &Login<'_>) -> Vec<Fault> {
    if services::has_own_method(login.name) || login.context.follows_own_method(login.name) {
        return Vec::new();
    }
    let path = login.service.by_code_alone();
    let fault = |path: &Witness| {
        let line = |step: &&Step| login.line_of(Phase::Auth, step);
        let is_password = |step: &&Step| line(step).is_some_and(verifies_password);
        let is_asked = |step: &&Step| line(step).is_some_and(Line::is_tfa);
        let steps = path.steps.iter();
        let step = steps
            .clone()
            .rfind(is_password)
            .or(steps.clone().rfind(is_asked));
        let place = step.map_or_else(|| login.file(Phase::Auth), |step| step.position.to_string());
        Fault::at(&messages::PAM_PASSWORD_SKIPPED, place).seen(path)
    };
    path.iter().map(fault).collect()
}
