//! The hypothetical login in the terms of the policy.

use tfa_core::{Account, Authenticator, Login, LoginOrigin, ThrottleScope};
use tfa_proto::{HypotheticalLogin, SECURITY_KEY_METHOD};

use crate::host::users::User;
use crate::login::pam_context;

/// The name that logs in: the one that was given.
#[must_use]
pub fn login_name(user: &User) -> &str {
    user.aliases.first().unwrap_or(&user.name)
}

/// Whether the login comes from inside a session.
#[must_use]
pub fn is_inside_session(supposed: &HypotheticalLogin) -> bool {
    pam_context::is_inside_session(!is_own(supposed), &supposed.service)
}

/// Whether the login program runs as the user. Nothing that it says of the login is believed then.
pub(super) fn is_own(supposed: &HypotheticalLogin) -> bool {
    supposed.own == Some(true)
}

/// Where the login comes from. Without a remote host that is a console, unless it is said to be the
/// inside of a session, or a program of the user's own.
pub(super) fn origin(supposed: &HypotheticalLogin) -> LoginOrigin {
    let at_console = supposed.session != Some(true) && !is_own(supposed);
    LoginOrigin::new(&supposed.from, at_console, is_inside_session(supposed))
}

/// What the wrong codes count on. A login without a remote host is taken for one at a console.
pub(super) fn lock_of(supposed: &HypotheticalLogin) -> ThrottleScope {
    if is_own(supposed) {
        ThrottleScope::OwnProgram
    } else {
        pam_context::scope_of_origin(&origin(supposed), &[])
    }
}

/// Adds the security key that the user has enrolled, as sshd names it before PAM asks for the password.
pub(super) fn add_security_key(login: &mut Login, account: Option<&Account>) {
    let mut all = account.iter().flat_map(|account| account.authenticators());
    let Some(key) = all.find_map(Authenticator::ssh_key) else {
        return;
    };
    let methods = pam_context::methods_named(SECURITY_KEY_METHOD).passed;
    login.methods.passed.extend(methods);
    login.keys.push(key);
}
