//! The session line, which decides SSH logins by their method.

use tfa_pam_stack::{Line, Phase, Witness};

use super::skipped::{is_tfa, way_around};
use super::{Fault, Login, names_tfa};
use crate::messages;

/// The file to which the package adds the line.
const COMMON: &str = "/etc/pam.d/common-session";

/// Rules name methods, and the session phase cannot decide a login of sshd: the account line does not leave
/// logins to it, the line is missing, or a session opens without it or against it. The daemon then decides in
/// the account phase.
pub(super) fn cannot_decide(login: &Login<'_>) -> Vec<Fault> {
    let names_methods = login.policy().is_some_and(|policy| policy.names_methods);
    if !login.is_of_sshd() || !names_methods {
        return Vec::new();
    }
    let account = login.lines(Phase::Account).iter();
    let asked: Vec<&Line> = account.filter(|line| line.is_tfa()).collect();
    let [first, ..] = asked.as_slice() else {
        return Vec::new();
    };
    let is_gate = |line: &&Line| line.arguments.iter().any(|word| word == "session=gate");
    if !asked.iter().any(is_gate) {
        return vec![Fault::at(&messages::PAM_SESSION_GATE, &first.position)];
    }
    let session = login.lines(Phase::Session);
    if !session.iter().any(names_tfa) {
        let common = session.iter().find(|line| &*line.position.file == COMMON);
        let place = common.map_or_else(|| login.file(Phase::Session), |_| COMMON.to_owned());
        return vec![Fault::at(&messages::PAM_SESSION_MISSING, place)];
    }
    let path = login.service.session_undecided();
    let fault = |path: &Witness| {
        let refused = path.steps.iter().rfind(|step| is_tfa(step));
        let place = refused.map(|step| step.position.to_string());
        let place = place.unwrap_or_else(|| way_around(login, path));
        Fault::at(&messages::PAM_SESSION_SKIPPED, place).seen(path)
    };
    path.iter().map(fault).collect()
}
