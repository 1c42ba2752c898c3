//! What the modules of a stack can return.
//!
//! The table says which kinds of codes a module can return, not which errors exactly: releases differ in
//! these, and a set that is too large finds too much rather than too little. A module that is not in the
//! table can return anything.

use crate::code::{Code, Codes};
use crate::dispatch::forced;
use crate::options::{has, ignores_users, says_yes, takes_certificates};
use crate::stack::{Call, Line, Phase};

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
/// As before, or a service behind the module does not serve the phase: what it answers is passed on.
const REMOTE: Codes = SIN.and(NONE);
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
/// What a condition answers, without the codes of its errors.
const ANSWERS: Codes = SUCCESS.and(IGNORE).and(NONE).and(Codes::of(&[
    Code::AUTH_ERR,
    Code::PERM_DENIED,
    Code::SESSION_ERR,
]));
const ROOT: Codes = Codes::of(&[Code::SUCCESS, Code::AUTH_ERR]);
const TFA: Codes = TFA_REFUSALS.and(SUCCESS).and(IGNORE);
const TFA_SESSION: Codes =
    Codes::of(&[Code::SUCCESS, Code::IGNORE, Code::SESSION_ERR, Code::ABORT]);

/// The codes of known modules in the phases auth, account, session and password.
const TABLE: &[(&str, [Codes; 4])] = &[
    (crate::MODULE, [TFA, TFA, TFA_SESSION, NONE]),
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
    ("pam_sss.so", [REMOTE; 4]),
    ("pam_ldap.so", [REMOTE; 4]),
    ("pam_winbind.so", [REMOTE; 4]),
    ("pam_krb5.so", [REMOTE; 4]),
    ("pam_systemd_home.so", [REMOTE; 4]),
    ("pam_userdb.so", [SI, SI, NONE, NONE]),
    // Second factors of others.
    ("pam_u2f.so", [SI; 4]),
    ("pam_google_authenticator.so", [SI; 4]),
    ("pam_oath.so", [SI; 4]),
    ("pam_duo.so", [SI; 4]),
    ("pam_fprintd.so", [SI; 4]),
    // The ticket of an earlier login.
    ("pam_sss_gss.so", [SI; 4]),
    // Anonymous users.
    ("pam_ftp.so", [S, NONE, NONE, NONE]),
    // Earlier logins, and trusted hosts.
    ("pam_timestamp.so", [SI; 4]),
    ("pam_rhosts.so", [SI; 4]),
    // Conditions on a login.
    ("pam_faillock.so", [SI, SI, NONE, NONE]),
    // Success only with `successok`: see `possible_codes`.
    ("pam_nologin.so", [I, I, NONE, NONE]),
    ("pam_access.so", [SI; 4]),
    ("pam_securetty.so", [SI, SI, NONE, NONE]),
    ("pam_wheel.so", [SI, SI, NONE, NONE]),
    ("pam_shells.so", [S, S, NONE, NONE]),
    ("pam_localuser.so", [S; 4]),
    ("pam_usertype.so", [S; 4]),
    ("pam_listfile.so", [SI; 4]),
    ("pam_time.so", [NONE, SI, NONE, NONE]),
    ("pam_exec.so", [SI; 4]),
    // The environment of a session.
    ("pam_env.so", [I, F, SI, F]),
    ("pam_group.so", [I, NONE, NONE, NONE]),
    // Success also with the configuration of Debian, which grants nothing.
    ("pam_cap.so", [SI, NONE, NONE, NONE]),
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
    ("pam_sepermit.so", [SI, SI, NONE, NONE]),
    ("pam_setquota.so", [SI; 4]),
    ("pam_namespace.so", [SI; 4]),
    ("pam_tty_audit.so", [SI; 4]),
    ("pam_xauth.so", [SI; 4]),
    ("pam_pwhistory.so", [SI; 4]),
    ("pam_pwquality.so", [NONE, NONE, NONE, SI]),
    // What a terminal shows.
    ("pam_filter.so", [SI; 4]),
    // Texts.
    ("pam_echo.so", [SI; 4]),
    ("pam_issue.so", [SI; 4]),
    ("pam_warn.so", [SI; 4]),
    // What its arguments say.
    ("pam_debug.so", [Codes::ANY; 4]),
];

/// Services whose programs keep the real uid of the user who runs them, so that `pam_rootok` succeeds for root
/// alone: su(1), sudo(8), and the programs of users in shadow and util-linux. In all others the real uid may
/// be 0, as in sshd and login, and in the helper of polkit where systemd starts it.
const OF_THE_REAL_USER: [&str; 7] = ["su", "su-l", "sudo", "sudo-i", "chfn", "chsh", "passwd"];

/// The modules that verify the password.
const PASSWORD_MODULES: [&str; 7] = [
    "pam_unix.so",
    "pam_sss.so",
    "pam_ldap.so",
    "pam_winbind.so",
    "pam_krb5.so",
    "pam_systemd_home.so",
    "pam_userdb.so",
];

/// The modules that identify the user by something that the user has or is.
const OTHER_FACTORS: [&str; 8] = [
    "pam_u2f.so",
    "pam_google_authenticator.so",
    "pam_oath.so",
    "pam_duo.so",
    "pam_fprintd.so",
    "pam_sss_gss.so",
    "pam_timestamp.so",
    "pam_rhosts.so",
];

/// The modules of conditions, whose answers differ between users and times.
const CONDITIONS: [&str; 11] = [
    "pam_access.so",
    "pam_exec.so",
    "pam_faillock.so",
    "pam_listfile.so",
    "pam_localuser.so",
    "pam_nologin.so",
    "pam_securetty.so",
    "pam_succeed_if.so",
    "pam_time.so",
    "pam_usertype.so",
    "pam_wheel.so",
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
    if line.calls("pam_nologin.so") && has(line, "successok") {
        return S;
    }
    let mut known = TABLE.iter().filter(|(module, _)| line.calls(module));
    let Some((_, [auth, account, session, password])) = known.next() else {
        return Codes::ANY;
    };
    let codes = *match phase {
        Phase::Auth => auth,
        Phase::Account => account,
        Phase::Session => session,
        Phase::Password => password,
    };
    match says_yes(line, phase) {
        true => codes.without(IGNORE),
        false => codes,
    }
}

/// As [`possible_codes`], in a login that root has not begun.
#[must_use]
pub fn possible_codes_of_user(line: &Line, phase: Phase, service: &str) -> Codes {
    let codes = possible_codes(line, phase, service);
    match line.calls("pam_rootok.so") && OF_THE_REAL_USER.contains(&service) {
        true => codes.without(SUCCESS),
        false => codes,
    }
}

/// As [`possible_codes_of_user`], in a login in which nothing fails: a module that identifies the user, or may do
/// so, refuses none. A condition may hold or not, and no module reports an error.
pub(crate) fn codes_without_failure(line: &Line, phase: Phase, service: &str) -> Codes {
    let codes = possible_codes_of_user(line, phase, service);
    let holds = || line.calls("pam_succeed_if.so") && of_service(line, service) == Some(true);
    if line.call != Call::Module {
        codes
    } else if (verifies_password(line) || asks_for_code(line)) && !ignores_users(line) || holds() {
        codes.only(SUCCESS)
    } else if line.is_tfa() || identifies(line) {
        codes.only(SUCCESS.and(IGNORE))
    } else if line.calls("pam_faillock.so") {
        // It says yes to a user who is not locked, and counts a failure without an answer.
        codes.only(if has(line, "authfail") {
            IGNORE
        } else {
            SUCCESS
        })
    } else {
        codes.only(ANSWERS)
    }
}

/// Whether the line calls the module of a condition, whose answers differ between users and times.
#[must_use]
pub fn is_condition(line: &Line) -> bool {
    CONDITIONS.iter().any(|module| line.calls(module))
}

/// Whether the line calls a module that verifies the password.
#[must_use]
pub fn verifies_password(line: &Line) -> bool {
    let is_checked_by_program = || line.calls("pam_exec.so") && has(line, "expose_authtok");
    let is_called = || PASSWORD_MODULES.iter().any(|module| line.calls(module));
    (is_called() && !takes_certificates(line)) || is_checked_by_program()
}

/// Whether the line calls another module that asks each user for a code, unless an option lets it ignore some.
pub(crate) fn asks_for_code(line: &Line) -> bool {
    line.calls("pam_oath.so") || line.calls("pam_google_authenticator.so")
}

/// Whether the line calls a module that is not in the table, and so may verify the password.
pub(crate) fn may_verify_password(line: &Line) -> bool {
    let is_known = |(module, _): &(&str, _)| line.calls(module);
    line.call == Call::Module && !line.calls("pam_succeed_if.so") && !TABLE.iter().any(is_known)
}

/// Whether the line calls a module that identifies the user by something else than the password.
pub(crate) fn identifies_otherwise(line: &Line) -> bool {
    OTHER_FACTORS.iter().any(|module| line.calls(module)) || takes_certificates(line)
}

/// Whether the line calls a module that identifies the user, or one that may.
#[must_use]
pub fn identifies(line: &Line) -> bool {
    verifies_password(line) || may_verify_password(line) || identifies_otherwise(line)
}

/// The codes of `pam_succeed_if`. The module asks for the user first, which can fail.
fn succeed_if(line: &Line, service: &str) -> Codes {
    match of_service(line, service) {
        Some(false) => F,
        _ => S,
    }
}

/// Whether the condition of a line of `pam_succeed_if` holds, if it is a single one on the service.
fn of_service(line: &Line, service: &str) -> Option<bool> {
    match conditions(line).as_slice() {
        ["service", "=", name] => Some(service == *name),
        ["service", "!=", name] => Some(service != *name),
        ["service", "in", names] => Some(names.split(':').any(|name| name == service)),
        ["service", "notin", names] => Some(names.split(':').all(|name| name != service)),
        _ => None,
    }
}

/// The arguments of a line of `pam_succeed_if`, without those that do not decide.
pub(crate) fn conditions(line: &Line) -> Vec<&str> {
    let options = [
        "debug",
        "use_uid",
        "quiet",
        "quiet_fail",
        "quiet_success",
        "audit",
    ];
    let words = line.arguments.iter().map(String::as_str);
    words.filter(|word| !options.contains(word)).collect()
}
