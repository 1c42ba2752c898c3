//! Which logins the account phase may leave to the session phase, the first in which sshd names its
//! method.

use tfa_core::{Policy, Time};
use tfa_proto::{Context, Next, PASSWORD_METHOD, Phase, Turn, Verdict};

use crate::host::pam_files;
use crate::login::sessions::LoginAttempt;

/// Whether the session phase can decide a login whose account phase runs now. The module states that a
/// session line follows; the PAM files of the service must have one as well. A login with a verified
/// second factor is decided, unless a rule on methods accepts certain factors only: sshd may have accepted
/// a key after the password.
pub(super) fn can_decide(context: &Context, policy: &Policy) -> bool {
    let depends_on_method = match context.auth_result {
        None => policy.names_own_methods(),
        Some(Verdict::NotRequired) => policy.names_methods(),
        Some(result) => result.is_verified() && policy.names_factors_by_method(),
    };
    context.phase == Phase::Account
        && context.session_follows
        && context.is_ssh()
        && depends_on_method
        && pam_files::has_session_line(&context.service)
}

/// Whether the session phase may decide otherwise than an account phase that follows an auth phase
/// without a question. sshd may have accepted a key after it, or instead of a wrong password; the
/// session phase knows.
pub(super) fn may_decide_otherwise(attempt: &LoginAttempt, policy: &Policy, now: Time) -> bool {
    attempt.context.session_follows && policy.may_depend_on_methods(&attempt.login, now)
}

/// Whether this is a session phase after an account phase that could show messages to the user.
pub(super) fn account_phase_spoke(attempt: &LoginAttempt) -> bool {
    let mut passed = attempt.login.methods.passed.iter();
    attempt.context.phase == Phase::Session && passed.any(|method| method == PASSWORD_METHOD)
}

/// The turn of an account phase, where it lets a login go on that the session phase may refuse.
pub(super) fn left_to_session(
    turn: Turn,
    attempt: &LoginAttempt,
    policy: &Policy,
    now: Time,
) -> Turn {
    match turn.next {
        Next::Verdict(Verdict::NotRequired) if may_decide_otherwise(attempt, policy, now) => Turn {
            next: Next::Verdict(Verdict::LeftToSession),
            ..turn
        },
        _ => turn,
    }
}
