//! The texts of the findings. Each is a whole text with named arguments. Commands are for root.

mod accounts;
mod bus;
mod connections;
mod daemon;
mod environment;
mod fleet;
mod host;
mod pam;
mod sshd;
mod state;
mod ways;

pub(crate) use accounts::*;
pub(crate) use bus::*;
pub(crate) use connections::*;
pub(crate) use daemon::*;
pub(crate) use environment::*;
pub(crate) use fleet::*;
pub(crate) use host::*;
pub(crate) use pam::*;
pub(crate) use sshd::*;
pub(crate) use state::*;
pub(crate) use ways::*;

use tfa_text::time::rfc3339;

use crate::facts::Later;
use crate::finding::{Kind, Remedy, Subject};
use crate::shell::{printable, quoted};

/// Every fault that the doctor knows.
pub const KINDS: &[&Kind] = &[
    &DAEMON_DOWN,
    &DAEMON_NEXT_START,
    &DAEMON_SILENT,
    &DAEMON_REFUSES,
    &POLICY_ERROR,
    &POLICY_NOT_LOADED,
    &POLICY_OFF,
    &ENROLLED_NONE,
    &MOVING_UNFINISHED,
    &MOVING_BREAKS,
    &AUDIT_MODE,
    &PAM_OFF,
    &PAM_NOT_ASKED,
    &PAM_TWIN,
    &PAM_OWN_STACK,
    &PAM_NULLOK,
    &PAM_AUTH_MISSING,
    &PAM_ACCOUNT_MISSING,
    &PAM_SKIPPED,
    &PAM_AFTER_PUBLICKEY,
    &PAM_ACCOUNT_SKIPPED,
    &PAM_REFUSAL_IGNORED,
    &PAM_REFUSAL_LATE,
    &PAM_MODULE_FIRST,
    &PAM_WRONG_PASSWORD,
    &PAM_PASSWORD_SKIPPED,
    &PAM_PASSWORD_NOT_ASKED,
    &PAM_CANNOT_ASK,
    &PAM_TWICE,
    &PAM_SESSION_GATE,
    &PAM_SESSION_MISSING,
    &PAM_SESSION_SKIPPED,
    &PAM_UNKNOWN_OPTION,
    &PAM_CANNOT_ENROLL,
    &PAM_UNREADABLE,
    &PAM_REFUSES,
    &PAM_JUMP_REFUSES,
    &PAM_EXEMPT_REFUSED,
    &PAM_CODE_REFUSED,
    &PAM_MODULE_MISSING,
    &PAM_MODULE_IGNORED,
    &PAM_ERROR,
    &PAM_PROFILE_CHANGED,
    &SSHD_REFUSES,
    &SSHD_NOT_LOADED,
    &SSHD_NOT_READ,
    &SSHD_PASSWORD_METHOD,
    &SSHD_WITHOUT_PAM,
    &SSHD_NO_QUESTIONS,
    &SSHD_PASSWORDS,
    &SSHD_METHODS,
    &SSHD_KEYS_NOT_GUARDED,
    &SSHD_KEYS_ONLY,
    &SSHD_MATCH_WEAKER,
    &SSHD_GRACE_TIME,
    &SSHD_CODE_TIME,
    &SSHD_ONE_TRY,
    &SSHD_TOUCH,
    &SSHD_EMPTY_PASSWORDS,
    &SSHD_PARTLY_EXAMINED,
    &SSHD_OTHER_FILES,
    &SSHD_NOT_EXAMINED,
    &LOGIN_TIMEOUT,
    &FILE_WRITABLE,
    &LINK_WRITABLE,
    &NAMED_WRITABLE,
    &STATE_READABLE,
    &UNIT_WEAKENED,
    &KEY_LOST,
    &STORE_FULL,
    &STORE_NEARLY_FULL,
    &STORE_READ_ONLY,
    &STORE_LOG,
    &KEY_BESIDE_DATABASE,
    &BUS_NAME_TAKEN,
    &BUS_NAME_OPEN,
    &BUS_NAME_DENIED,
    &BUS_CALLS_DENIED,
    &BUS_ACTIVATION,
    &SOCKET_TAKEN,
    &SOCKET_MISSING,
    &SOCKET_SILENT,
    &SOCKET_CLOSED,
    &GROUPS_CACHED,
    &SELINUX_DENIED,
    &MODULE_OTHER,
    &MODULE_VERSION,
    &MODULE_COPIES,
    &CLOCK,
    &DAEMON_VERSION,
    &SUDO_NOPASSWD,
    &SUDO_ACCOUNT_SKIPPED,
    &SUDO_TICKETS,
    &SUDO_OTHER_PASSWORD,
    &SUDO_NOT_EXAMINED,
    &NOT_EXAMINED,
    &DEBUG_SHELL,
    &DROPBEAR,
    &CONSOLE_AUTOLOGIN,
    &CONSOLE_OTHER,
    &DOAS_NOPASS,
    &POLKIT_OPEN,
    &POLKIT_MISSING,
    &POLKIT_ALLOWS,
    &POLKIT_YES,
    &POLKIT_NOT_READ,
    &RECORD_UNUSABLE,
    &ACCOUNT_LOCKED,
    &RECORD_RENAMED,
    &KEY_ONLY,
    &KEY_ONLY_ROOT,
    &KEY_UNKNOWN,
    &KEY_MISSING,
    &SECURITY_KEY_UNUSED,
    &SECURITY_KEY_ONLY,
    &POLICY_WARNING,
    &GROUP_UNKNOWN,
    &EXEMPTION_ENDLESS,
    &KEY_WEAK,
    &ADMINISTRATORS_NONE,
    &ADMINISTRATORS_ONE,
    &RECOVERY_MISSING,
    &BACKUP_CODES_NONE,
    &FLEET_NOT_INSTALLED,
    &FLEET_NOT_RUNNING,
    &FLEET_NOT_ENABLED,
    &FLEET_CONFIG_ERROR,
    &FLEET_CERTIFICATE_UNUSABLE,
    &FLEET_CERTIFICATE_ENDED,
    &FLEET_CERTIFICATE_EARLY,
    &FLEET_CERTIFICATE_ENDS,
    &FLEET_FILE_WRITABLE,
    &FLEET_NAME_DIFFERS,
    &FLEET_MARK_DIFFERS,
    &FLEET_ROLE_NOT_IN_FORCE,
    &FLEET_OLD_ACCOUNTS,
    &FLEET_NO_VERIFIER,
    &FLEET_SOME_VERIFIERS,
    &FLEET_VERIFIER_NOT_IN_FLEET,
    &FLEET_HOST_REFUSED,
    &FLEET_CLOCK,
    &FLEET_CLOCK_FAR,
    &FLEET_NOT_LISTENING,
    &FLEET_SOCKET_MISSING,
    &FLEET_STORES_APART,
    &ETCD_UNREACHABLE,
    &ETCD_PARTLY_REACHED,
    &ETCD_FULL,
    &ETCD_OPEN,
];

/// The kinds with which the report is incomplete: without them, other findings may appear.
pub(crate) const INCOMPLETE: &[&Kind] = &[
    &DAEMON_DOWN,
    &DAEMON_SILENT,
    &DAEMON_REFUSES,
    &DAEMON_VERSION,
    &BUS_NAME_DENIED,
    &BUS_CALLS_DENIED,
    &PAM_OFF,
    &PAM_UNREADABLE,
    &SSHD_REFUSES,
    &SSHD_NOT_LOADED,
    &SSHD_PARTLY_EXAMINED,
    &SSHD_OTHER_FILES,
    &SSHD_NOT_EXAMINED,
    &SUDO_NOT_EXAMINED,
    &NOT_EXAMINED,
    &FLEET_NOT_INSTALLED,
    &FLEET_NOT_RUNNING,
];

/// The faults that are none before a second factor is required of some login.
pub(crate) const WHERE_REQUIRED: &[&Kind] = &[
    &PAM_CANNOT_ENROLL,
    &SSHD_KEYS_NOT_GUARDED,
    &SSHD_KEYS_ONLY,
    &SSHD_GRACE_TIME,
    &LOGIN_TIMEOUT,
    &SUDO_ACCOUNT_SKIPPED,
    &ADMINISTRATORS_NONE,
    &RECOVERY_MISSING,
];

/// Those of them that are none before a user must enroll, which is when the grace period is over.
pub(crate) const WHERE_MUST_ENROLL: &[&Kind] = &[
    &PAM_CANNOT_ENROLL,
    &SSHD_GRACE_TIME,
    &LOGIN_TIMEOUT,
    &ADMINISTRATORS_NONE,
];

/// From when on a second factor is required, to stand behind that, with a blank; empty if it is required now.
fn later(subject: &Subject) -> String {
    match subject.later {
        None => String::new(),
        Some(Later::From(time)) => format!(" from {} on", rfc3339(time)),
        Some(Later::NotBefore(time)) => format!(" from {} on at the earliest", rfc3339(time)),
        Some(Later::AfterAudit) => " when audit mode ends".to_owned(),
        Some(Later::AfterGrace) => " after the grace period".to_owned(),
    }
}

/// A reason at the end of a text, with a full stop unless it ends with a mark of its own.
fn sentence(why: &str) -> String {
    match why.ends_with(['.', '?', '!']) {
        true => why.to_owned(),
        false => format!("{why}."),
    }
}

/// How many names a text has.
const MAX_NAMES: usize = 12;

/// Names in a row: `login, sshd and su`, or the first of many.
#[must_use]
pub fn list(names: &[String]) -> String {
    match names {
        [..] if names.len() > MAX_NAMES => {
            let shown: Vec<&str> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
            let others = names.len() - MAX_NAMES;
            format!("{} and {others} others", shown.join(", "))
        }
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// What to do, and the commands for it.
fn remedy(text: impl Into<String>, commands: &[&str]) -> Remedy {
    Remedy {
        text: text.into(),
        commands: commands
            .iter()
            .map(|command| (*command).to_owned())
            .collect(),
    }
}

/// Puts the policy of the files in force, unless it has an error.
const CHECKED_RELOAD: &str = "tfactl policy check && systemctl reload tfad";

/// The same of a daemon that refuses each login.
const CHECKED_RESTART: &str = "tfactl policy check && systemctl restart tfad";

/// The command that changes the line with a script of sed(1), or the file to edit if the place has none.
fn sed(subject: &Subject, script: &str) -> String {
    match subject.line() {
        Some((file, line)) => format!("sed -i '{line}{script}' {}", quoted(file)),
        None => edit(subject),
    }
}

/// The drop-in of the daemon's unit that systemd reads last.
const UNIT_FOLDER: &str = "/etc/systemd/system/tfad.service.d";
const UNIT_FILE: &str = "zz-tfad.conf";

/// The commands that set properties of the daemon's unit, whatever other drop-ins say.
fn set_in_unit<'a>(settings: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let write = |setting| format!("printf '[Service]\\n{setting}\\n' >>{UNIT_FOLDER}/{UNIT_FILE}");
    let folder = format!("mkdir -p {UNIT_FOLDER}");
    let load = ["systemctl daemon-reload", "systemctl restart tfad"].map(str::to_owned);
    let writes = settings.into_iter().map(write);
    [folder].into_iter().chain(writes).chain(load).collect()
}

/// Where a file is changed by hand, as a comment among the commands: a minimal Debian has no editor.
fn edit(subject: &Subject) -> String {
    match subject.line() {
        Some((file, line)) => format!("{}, line {line}", edit_file(file)),
        None => edit_file(&subject.place),
    }
}

/// As [`edit`], without a line.
pub(crate) fn edit_file(file: &str) -> String {
    format!("# edit {}", printable(file))
}
