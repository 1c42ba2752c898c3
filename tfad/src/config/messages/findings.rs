//! Notes and warnings: the configuration can be used. And what `tfad --check` says besides.

use std::path::Path;

use tfa_core::{HostName, HostPattern, Source, Time};
use tfa_text::time::date_time;

use crate::log::quoted;

// The output of `tfad --check`.

pub(in crate::config) fn note(text: &str) -> String {
    format!("note: {text}")
}

pub(in crate::config) fn warning(text: &str) -> String {
    format!("warning: {text}")
}

/// The last line, where there are errors.
pub(in crate::config) fn errors_in(file: &Path, count: usize) -> String {
    let file = file.display();
    match count {
        1 => format!("{file}: 1 error"),
        _ => format!("{file}: {count} errors"),
    }
}

/// The last line, where there is no error.
pub(in crate::config) fn no_errors_in(file: &Path, warnings: usize) -> String {
    let file = file.display();
    match warnings {
        0 => format!("{file}: no errors, no warnings"),
        1 => format!("{file}: no errors, 1 warning"),
        _ => format!("{file}: no errors, {warnings} warnings"),
    }
}

pub(in crate::config) fn owners_not_checked() -> String {
    "owners and permissions of a draft are not checked. The daemon accepts only files that root \
     owns and that no other user can write to"
        .to_owned()
}

// The configuration as a whole.

pub(in crate::config) fn ignored_file(path: &Path) -> String {
    format!(
        "{} is not read, because its name does not end in .toml",
        quoted(&path.display().to_string())
    )
}

pub(in crate::config) fn ignored_rules(mode: &Source) -> String {
    format!("{mode}: the mode is off, so the rules are ignored")
}

pub(in crate::config) fn offline_without_fleet(source: &Source) -> String {
    format!("{source}: offline has no effect, because this host is in no fleet")
}

pub(in crate::config) fn grace_without_since(source: &Source) -> String {
    format!(
        "{source}: the grace period of a user begins with the first login on a verifier. A login on a member begins \
         none: who has not enrolled must do so there at once. With since, it has one end on all hosts"
    )
}

pub(in crate::config) fn offline_console_on_verifier(source: &Source) -> String {
    format!(
        "{source}: offline = \"console\" has no effect on a verifier. It is a key of the files of members"
    )
}

pub(in crate::config) fn offline_console_without_root(source: &Source) -> String {
    format!(
        "{source}: offline = \"console\" has no effect, because the rule does not apply to root, and no other user \
         is let in"
    )
}

pub(in crate::config) fn offline_codes_without_factor(source: &Source) -> String {
    format!(
        "{source}: offline = \"bound-codes\" has no effect, because the rule does not accept backup codes (factors)"
    )
}

pub(in crate::config) fn unguarded_sshd() -> String {
    "guard does not list sshd, so an SSH key alone is enough where a second factor is required"
        .to_owned()
}

pub(in crate::config) fn unguarded_service(service: &str) -> String {
    let name = quoted(service);
    format!(
        "the PAM service {name} has pam_tfa in its account lines and not in its auth lines: where \
         a second factor is required, its logins go on without. To refuse them, add {name} to guard"
    )
}

pub(in crate::config) fn session_line_missing(service: &str) -> String {
    let name = quoted(service);
    format!(
        "the PAM service {name} has session=gate in its account line, and its sessions can open without \
         pam_tfa or against its refusal: the account phase decides, and sshd_methods applies. Add the \
         session line with the control requisite, and no line that leads around it (man pam_tfa), or \
         remove session=gate"
    )
}

pub(in crate::config) fn trusts_failed_password(service: &str) -> String {
    let name = quoted(service);
    format!(
        "the auth lines of the PAM service {name} go on after a wrong password, and its sessions can open \
         without pam_tfa or against its refusal: a login by an SSH key after a wrong password can count \
         as verified. Add the session line with the control requisite, and no line that leads around it \
         (man pam_tfa)"
    )
}

pub(in crate::config) fn absent_console(name: &str) -> String {
    format!("consoles: this machine has no terminal {}", quoted(name))
}

pub(in crate::config) fn no_host_name(name: &str) -> String {
    format!(
        "no rule can name this host, because {} is not a DNS name. Rules with hosts are undetermined: \
         give the host another name",
        quoted(name)
    )
}

pub(in crate::config) fn domain_missed(
    rule: &Source,
    pattern: &HostPattern,
    host: &HostName,
) -> String {
    format!(
        "{rule}: the rule does not apply here: the name of this host is {host}, and {pattern} does not match it, \
         because only one of the two has a domain. Write the name that hostname(1) prints"
    )
}

pub(in crate::config) fn no_look_up() -> String {
    "the name service does not answer, so the groups and users of the rules were not looked up"
        .to_owned()
}

pub(in crate::config) fn groups_unavailable() -> String {
    "a source of groups in /etc/nsswitch.conf does not answer. Until it does, it is unknown which \
     users are in none of the rules' groups"
        .to_owned()
}

pub(in crate::config) fn unknown_administrators(group: &str) -> String {
    format!(
        "administrators: this host does not know the group {}, so none of its members can use the \
         recovery code",
        quoted(group)
    )
}

// Rules.

pub(in crate::config) fn unknown_group(rule: &Source, group: &str) -> String {
    format!(
        "{rule}: this host does not know the group {}. Until it does, every user who has not \
         enrolled, root included, is refused where this rule would make a difference",
        quoted(group)
    )
}

pub(in crate::config) fn unknown_user(rule: &Source, user: &str) -> String {
    format!(
        "{rule}: this host does not know the user {}, so the rule matches no login by that name",
        quoted(user)
    )
}

/// A user name in a rule that is not the name that the system has for the uid.
pub(in crate::config) fn alias(rule: &Source, name: &str, canonical: &str, uid: u32) -> String {
    let (name, canonical) = (quoted(name), quoted(canonical));
    format!(
        "{rule}: {name} is another name of {canonical} (uid {uid}). This rule applies to logins as \
         {name}. The rules for {canonical} apply to them as well, and the stricter result takes \
         effect. This rule does not apply to logins as {canonical}, except inside a session (su, \
         sudo, polkit), where the name that was typed is not known"
    )
}

pub(in crate::config) fn absent_service(rule: &Source, service: &str) -> String {
    format!("{rule}: this host has no file /etc/pam.d/{service}, so no login has that service")
}

pub(in crate::config) fn ended_rule(rule: &Source, until: Time) -> String {
    let until = date_time(until.as_secs());
    format!("{rule}: the exemption has ended on {until}, so the rule matches no login. Remove it")
}

pub(in crate::config) fn exemption_without_end(rule: &Source) -> String {
    format!(
        "{rule}: the rule exempts logins from the second factor that is otherwise required, and has \
         no end. To set one, add until and reason"
    )
}

/// For a rule that accepts security keys only.
pub(in crate::config) fn keys_beyond_sshd(rule: &Source) -> String {
    format!(
        "{rule}: the rule accepts security keys only, which are used over SSH only. It refuses logins \
         at the console, in sudo, in su and in polkit, and the unlocking of screens. To limit it, set \
         services = [\"sshd\"]; to accept backup codes too, add \"backup-code\" to factors"
    )
}

pub(in crate::config) fn exempt_kind_of_key(rule: &Source) -> String {
    format!(
        "{rule}: the rule requires less of a kind of key (publickey:sk, publickey:cert) than of other \
         logins. The kind is what the user's own authorized_keys makes of a key. Let root alone \
         decide which keys sshd accepts, with AuthorizedKeysFile and TrustedUserCAKeys (man tfad.toml)"
    )
}

pub(in crate::config) fn local_without_session(rule: &Source) -> String {
    format!(
        "{rule}: \"local\" is a console or a seat of this machine. The rule does not exempt logins \
         inside a session (su, sudo, polkit). To exempt them too, add \"session\""
    )
}
