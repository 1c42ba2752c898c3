//! A line that takes the password of an earlier module, where none has asked for it.

use tfa_pam_stack::{Phase, Witness, verifies_password};

use super::{Fault, Login};
use crate::messages;

/// The users whom such a line verifies are refused with the right password.
pub(super) fn password_not_asked(login: &Login<'_>) -> Vec<Fault> {
    let paths = login.service.password_not_asked();
    let fault = |path: &Witness| {
        let taker = path.steps.last()?;
        let line = login.line_of(Phase::Auth, taker)?;
        let fault = Fault {
            detail: match verifies_password(line) {
                true => String::new(),
                false => messages::TAKES_CODE.to_owned(),
            },
            ..Fault::at(&messages::PAM_PASSWORD_NOT_ASKED, &taker.position)
        };
        Some(fault.seen(path))
    };
    paths.iter().filter_map(fault).collect()
}
