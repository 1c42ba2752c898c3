//! The session line, which decides SSH logins by their method.

use tfa_pam_stack::{Line, Phase};

use super::{Fault, Login};
use crate::messages;

/// The file to which the package adds the line.
const COMMON: &str = "/etc/pam.d/common-session";

/// Rules name methods, and no session line can refuse a login of sshd, or the account line does not leave
/// logins to it.
pub(super) fn line_missing(login: &Login<'_>) -> Vec<Fault> {
    let names_methods = login.policy().is_some_and(|policy| policy.names_methods);
    if login.name != "sshd" || !names_methods {
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
    if login.service.can_refuse_session().is_none() {
        let mut lines = login.lines(Phase::Session).iter();
        let common = lines.find(|line| &*line.position.file == COMMON);
        let place = common.map_or_else(|| login.file(Phase::Session), |_| COMMON.to_owned());
        return vec![Fault::at(&messages::PAM_SESSION_MISSING, place)];
    }
    Vec::new()
}
