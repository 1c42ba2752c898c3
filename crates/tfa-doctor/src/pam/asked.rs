//! Services in which a phase has no line of pam_tfa.

use tfa_pam_stack::{Line, Phase, Service, Step, Witness};

use super::skipped::is_tfa;
use super::{Fault, Login, services};
use crate::finding::Kind;
use crate::messages;

/// The kinds of [`not_asked`].
pub(super) const NOT_ASKED: [&Kind; 4] = [
    &messages::PAM_OWN_STACK,
    &messages::PAM_TWIN,
    &messages::PAM_NOT_ASKED,
    &messages::PAM_NULLOK,
];

/// Neither phase has a line, and a login passes both. An account with an empty password then gets in
/// with nothing, if `pam_unix` has the option `nullok`.
pub(super) fn not_asked(login: &Login<'_>) -> Vec<Fault> {
    if login.asks(Phase::Auth) || login.asks(Phase::Account) {
        return Vec::new();
    }
    let passes = |phase| login.service.bypass_of_user(phase);
    let (Some(path), Some(_)) = (passes(Phase::Auth), passes(Phase::Account)) else {
        return Vec::new();
    };
    let kind = if services::may_take_password(login.name) {
        &messages::PAM_OWN_STACK
    } else if is_twin_asked(login) {
        &messages::PAM_TWIN
    } else {
        &messages::PAM_NOT_ASKED
    };
    let fault = Fault::at(kind, login.file(Phase::Auth)).seen(&path);
    let mut lines = path
        .steps
        .iter()
        .filter_map(|step| login.line_of(Phase::Auth, step));
    let allows_empty = |line: &&Line| {
        line.calls("pam_unix.so") && line.arguments.iter().any(|word| word == "nullok")
    };
    let empty = lines.find(allows_empty);
    let empty = empty.map(|line| Fault::at(&messages::PAM_NULLOK, &line.position).seen(&path));
    [Some(fault), empty].into_iter().flatten().collect()
}

fn is_twin_asked(login: &Login<'_>) -> bool {
    let twin = services::twin(login.name).and_then(|name| login.pam.services.get(name));
    let asks = |service: &Service| service.stack(Phase::Auth).lines.iter().any(Line::is_tfa);
    twin.is_some_and(|twin| twin.any(asks))
}

/// The account phase has a line and the auth phase none. A display manager that lets a user in by another
/// method than the password asks for no code; there the account phase refuses, if the policy guards it.
pub(super) fn auth_missing(login: &Login<'_>) -> Vec<Fault> {
    let is_asked = login.asks(Phase::Auth) || !login.asks(Phase::Account);
    if is_asked || (login.is_guarded() && services::has_own_method(login.name)) {
        return Vec::new();
    }
    // Such a program often runs no account phase, as most screen lockers.
    let kind = if services::may_take_password(login.name) {
        &messages::PAM_OWN_STACK
    } else {
        &messages::PAM_AUTH_MISSING
    };
    let path = login.service.bypass_of_user(Phase::Auth);
    let fault = |path| Fault::at(kind, login.file(Phase::Auth)).seen(path);
    path.iter().map(fault).collect()
}

/// The auth phase has a line and the account phase none.
pub(super) fn account_missing(login: &Login<'_>) -> Vec<Fault> {
    if !login.asks(Phase::Auth) || login.asks(Phase::Account) {
        return Vec::new();
    }
    let path = login.service.bypass_of_user(Phase::Account);
    let kind = &messages::PAM_ACCOUNT_MISSING;
    let fault = |path| Fault::at(kind, login.file(Phase::Account)).seen(path);
    path.iter().map(fault).collect()
}

/// A login is asked for two codes: two lines of the auth phase ask.
pub(super) fn twice(login: &Login<'_>) -> Vec<Fault> {
    let path = login.service.asks_twice();
    let fault = |path: &Witness| {
        let asked: Vec<&Step> = path.steps.iter().filter(|step| is_tfa(step)).collect();
        let [.., first, second] = asked.as_slice() else {
            return None;
        };
        let fault = Fault {
            detail: first.position.to_string(),
            ..Fault::at(&messages::PAM_TWICE, &second.position)
        };
        Some(fault.seen(path))
    };
    path.iter().filter_map(fault).collect()
}

/// The program of the service cannot ask for a code, and the line has no option for that.
pub(super) fn cannot_ask(login: &Login<'_>) -> Vec<Fault> {
    let asks =
        |line: &&Line| line.is_tfa() && !line.arguments.iter().any(|word| word == "forward_pass");
    let line = login.lines(Phase::Auth).iter().find(asks);
    let line = line.filter(|_| services::cannot_ask(login.name));
    let fault = |line: &Line| Fault::at(&messages::PAM_CANNOT_ASK, &line.position);
    line.map(fault).into_iter().collect()
}
