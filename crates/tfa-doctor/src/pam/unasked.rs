//! A line that takes the password of an earlier module, where none has asked for it.

use tfa_pam_stack::Witness;

use super::{Fault, Login};
use crate::messages;

/// The users whom such a line verifies are refused with the right password.
pub(super) fn password_not_asked(login: &Login<'_>) -> Vec<Fault> {
    let paths = login.service.password_not_asked();
    let fault = |path: &Witness| {
        let taker = path.steps.last()?;
        let fault = Fault::at(&messages::PAM_PASSWORD_NOT_ASKED, &taker.position);
        Some(fault.seen(path))
    };
    paths.iter().filter_map(fault).collect()
}
