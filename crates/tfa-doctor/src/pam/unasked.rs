//! A line that takes the password of an earlier module, where none has asked for it.

use tfa_pam_stack::{Phase, Refusal, verifies_password};

use super::{Fault, Login};
use crate::messages;

/// The users whom such a line verifies are refused with the right password.
pub(super) fn password_not_asked(login: &Login<'_>) -> Vec<Fault> {
    let fault = |refusal: Refusal| {
        let line = login.line_of(Phase::Auth, &refusal.line)?;
        let detail = match verifies_password(line) {
            true => "",
            false => messages::TAKES_CODE,
        };
        Some(Fault::of(
            &messages::PAM_PASSWORD_NOT_ASKED,
            detail,
            refusal,
        ))
    };
    let found = login.service.password_not_asked().into_iter();
    found.filter_map(fault).collect()
}
