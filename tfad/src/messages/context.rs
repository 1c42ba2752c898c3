//! Contexts of a login that the daemon does not accept.

use tfa_proto::ContextError;

/// The characters of an unknown key that are shown. The key is foreign text.
const MAX_CHARS: usize = 64;

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
        ContextError::Unknown(key) => {
            let key: String = key.chars().take(MAX_CHARS).collect();
            format!(
                "the context of the login has the unknown key {key:?}: pam_tfa and tfad have different \
                 versions. Finish the upgrade of the package, then run: systemctl restart tfad"
            )
        }
    }
}
