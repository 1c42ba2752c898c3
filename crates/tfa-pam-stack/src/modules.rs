//! What the modules of a stack can return.
//!
//! The table says which kinds of codes a module can return, not which errors exactly: releases differ in
//! these, and a set that is too large finds too much rather than too little. A module that is not in the
//! table can return anything.

use crate::code::{Code, Codes};
use crate::dispatch::forced;
use crate::stack::{Line, Phase};

const SUCCESS: Codes = Codes::of(&[Code::SUCCESS]);
const IGNORE: Codes = Codes::of(&[Code::IGNORE]);
/// Succeeds or fails.
const S: Codes = SUCCESS.and(Codes::REFUSALS);
/// Is ignored or fails.
const I: Codes = IGNORE.and(Codes::REFUSALS);
/// Succeeds, is ignored, or fails.
const SI: Codes = S.and(IGNORE);
/// As before, or the password has to be changed.
const SIN: Codes = SI.and(Codes::of(&[Code::NEW_AUTHTOK_REQD]));
/// Fails.
const F: Codes = Codes::REFUSALS;
/// Has no function for the phase.
const NONE: Codes = Codes::of(&[Code::MODULE_UNKNOWN]);
/// What `pam_tfa` returns to refuse, in any phase.
const TFA_REFUSALS: Codes = Codes::of(&[
    Code::SERVICE_ERR,
    Code::PERM_DENIED,
    Code::AUTH_ERR,
    Code::AUTHINFO_UNAVAIL,
    Code::USER_UNKNOWN,
    Code::MAXTRIES,
    Code::CONV_ERR,
    Code::ABORT,
]);
const ROOT: Codes = Codes::of(&[Code::SUCCESS, Code::AUTH_ERR]);
const TFA: Codes = TFA_REFUSALS.and(SUCCESS).and(IGNORE);
const TFA_SESSION: Codes =
    Codes::of(&[Code::SUCCESS, Code::IGNORE, Code::SESSION_ERR, Code::ABORT]);

/// The codes of known modules in the phases auth, account, session and password.
const TABLE: &[(&str, [Codes; 4])] = &[
    ("pam_tfa.so", [TFA, TFA, TFA_SESSION, NONE]),
    (
        "pam_deny.so",
        [
            Codes::of(&[Code::AUTH_ERR]),
            Codes::of(&[Code::AUTH_ERR]),
            Codes::of(&[Code::SESSION_ERR]),
            Codes::of(&[Code::AUTHTOK_ERR]),
        ],
    ),
    ("pam_permit.so", [SUCCESS; 4]),
    ("pam_rootok.so", [ROOT, ROOT, NONE, ROOT]),
    // Passwords and accounts.
    ("pam_unix.so", [S, SIN, S, SI]),
    ("pam_sss.so", [SIN; 4]),
    ("pam_ldap.so", [SIN; 4]),
    ("pam_winbind.so", [SIN; 4]),
    ("pam_krb5.so", [SIN; 4]),
    ("pam_systemd_home.so", [SIN; 4]),
    // Second factors of others.
    ("pam_u2f.so", [SI; 4]),
    ("pam_google_authenticator.so", [SI; 4]),
    ("pam_oath.so", [SI; 4]),
    ("pam_duo.so", [SI; 4]),
    ("pam_fprintd.so", [SI; 4]),
    // Conditions on a login.
    ("pam_faillock.so", [SI, SI, NONE, NONE]),
    ("pam_nologin.so", [SI, SI, NONE, NONE]),
    ("pam_access.so", [SI; 4]),
    ("pam_securetty.so", [SI, SI, NONE, NONE]),
    ("pam_wheel.so", [SI, SI, NONE, NONE]),
    ("pam_shells.so", [S, S, NONE, NONE]),
    ("pam_localuser.so", [S; 4]),
    ("pam_exec.so", [SI; 4]),
    // The environment of a session.
    ("pam_env.so", [I, F, SI, F]),
    ("pam_group.so", [I, NONE, NONE, NONE]),
    ("pam_cap.so", [I, NONE, NONE, NONE]),
    ("pam_faildelay.so", [I, NONE, NONE, NONE]),
    ("pam_mail.so", [I, NONE, SI, NONE]),
    ("pam_lastlog.so", [SI, SI, SI, NONE]),
    ("pam_limits.so", [NONE, NONE, SI, NONE]),
    ("pam_systemd.so", [NONE, NONE, SI, NONE]),
    ("pam_mkhomedir.so", [NONE, NONE, SI, NONE]),
    ("pam_motd.so", [NONE, NONE, I, NONE]),
    ("pam_loginuid.so", [NONE, SI, SI, NONE]),
    ("pam_keyinit.so", [SI, NONE, SI, NONE]),
    ("pam_selinux.so", [SI, NONE, SI, NONE]),
    ("pam_umask.so", [NONE, NONE, SI, NONE]),
];

/// The modules that verify the password.
const PASSWORD_MODULES: [&str; 6] = [
    "pam_unix.so",
    "pam_sss.so",
    "pam_ldap.so",
    "pam_winbind.so",
    "pam_krb5.so",
    "pam_systemd_home.so",
];

/// The codes that the line can have in the phase of a service.
#[must_use]
pub fn possible_codes(line: &Line, phase: Phase, service: &str) -> Codes {
    if let Some(code) = forced(line) {
        return Codes::of(&[code]);
    }
    if line.calls("pam_succeed_if.so") {
        return succeed_if(line, service);
    }
    let mut known = TABLE.iter().filter(|(module, _)| line.calls(module));
    let Some((_, [auth, account, session, password])) = known.next() else {
        return Codes::ANY;
    };
    *match phase {
        Phase::Auth => auth,
        Phase::Account => account,
        Phase::Session => session,
        Phase::Password => password,
    }
}

/// Whether the line calls a module that verifies the password.
#[must_use]
pub fn verifies_password(line: &Line) -> bool {
    PASSWORD_MODULES.iter().any(|module| line.calls(module))
}

/// The codes of `pam_succeed_if`. A single condition on the service has one answer. The module asks for
/// the user first, which can fail.
fn succeed_if(line: &Line, service: &str) -> Codes {
    let options = [
        "debug",
        "use_uid",
        "quiet",
        "quiet_fail",
        "quiet_success",
        "audit",
    ];
    let words = line.arguments.iter().map(String::as_str);
    let words: Vec<&str> = words.filter(|word| !options.contains(word)).collect();
    let holds = match words.as_slice() {
        ["service", "=", name] => service == *name,
        ["service", "!=", name] => service != *name,
        ["service", "in", names] => names.split(':').any(|name| name == service),
        ["service", "notin", names] => names.split(':').all(|name| name != service),
        _ => return S,
    };
    if holds { S } else { F }
}
