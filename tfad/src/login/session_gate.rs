//! Which logins the account phase may leave to the session phase, the first in which sshd names its
//! method.

use tfa_core::Policy;
use tfa_proto::{Context, Phase};

use crate::host::pam_files;

/// Whether the session phase can decide a login whose account phase runs now. The module states that a
/// session line follows; the PAM files of the service must have one as well.
pub(super) fn can_decide(context: &Context, policy: &Policy) -> bool {
    context.phase == Phase::Account
        && context.session_follows
        && context.is_ssh()
        && context.auth_result.is_none()
        && policy.names_own_methods()
        && pam_files::has_session_line(&context.service)
}
