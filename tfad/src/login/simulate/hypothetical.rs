//! The hypothetical login in the terms of the policy.

use tfa_core::{HostName, LoginOrigin};
use tfa_proto::HypotheticalLogin;

use crate::host::name_in_rules;
use crate::host::pam_files::SSHD;
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

/// Whether the login program is sshd, which alone tells PAM the keys of a login.
#[must_use]
pub fn names_keys(supposed: &HypotheticalLogin) -> bool {
    supposed.service == SSHD
}

/// Whether the login program runs as the user. Nothing that it says of the login is believed then.
pub(super) fn is_own(supposed: &HypotheticalLogin) -> bool {
    supposed.own == Some(true)
}

/// The host on which the user logs in: this one, if none is given.
pub(super) fn host(supposed: &HypotheticalLogin) -> Option<HostName> {
    match supposed.host.as_deref() {
        Some(name) => HostName::new(name).ok(),
        None => name_in_rules(),
    }
}

/// The host on which the user logs in, if it is given and is another one than this.
#[must_use]
pub fn other_host(supposed: &HypotheticalLogin) -> Option<HostName> {
    let host = HostName::new(supposed.host.as_deref()?).ok();
    host.filter(|host| Some(host) != name_in_rules().as_ref())
}

/// Where the login comes from. Without a remote host that is a console, unless it is said to be the
/// inside of a session, or a program of the user's own.
pub(super) fn origin(supposed: &HypotheticalLogin) -> LoginOrigin {
    let at_console = supposed.session != Some(true) && !is_own(supposed);
    LoginOrigin::new(&supposed.from, at_console, is_inside_session(supposed))
}
