//! Contexts of a login that the daemon does not accept.

use tfa_proto::ContextError;

use crate::log::quoted;

/// Why the context is not accepted, and what to do.
#[must_use]
pub fn bad_context(error: &ContextError) -> String {
    match error {
        ContextError::Missing(key) => format!(
            "the context of the login has no {key}: pam_tfa and tfad have different versions. Finish \
             the upgrade of the package, then run: systemctl restart tfad"
        ),
        ContextError::Invalid(key) => format!(
            "the context of the login has an unknown value of {key}: pam_tfa and tfad have different \
             versions. Finish the upgrade of the package, then run: systemctl restart tfad"
        ),
        ContextError::Unknown(key) => format!(
            "the context of the login has the unknown key {}: pam_tfa and tfad have different \
             versions. Finish the upgrade of the package, then run: systemctl restart tfad",
            quoted(key)
        ),
    }
}
