//! What SELinux denied to the daemon, and to logins that call it.

use std::collections::BTreeSet;

use super::HostFacts;
use crate::finding::Finding;
use crate::messages;

const DENIED: &str = "avc:  denied  { ";
/// The folders of the daemon.
const FOLDERS: [&str; 3] = ["/run/tfa", "/var/lib/tfa", "/etc/tfa"];

/// Each program that was denied something, with what it was.
pub(super) fn denials(host: &HostFacts) -> Option<Finding> {
    let log = host.selinux_log.as_ref()?;
    let names: BTreeSet<String> = log.lines().filter_map(denial).collect();
    let names: Vec<String> = names.into_iter().collect();
    let detail = String::new();
    (!names.is_empty()).then(|| Finding::beside_pam(&messages::SELINUX_DENIED, "", names, detail))
}

/// What a line of the audit log says: `sshd (sshd_t): connectto`.
fn denial(line: &str) -> Option<String> {
    let (_, rest) = line.split_once(DENIED)?;
    let (permissions, rest) = rest.split_once('}')?;
    // Only logged, because the domain or the host is permissive.
    if rest.contains("permissive=1") {
        return None;
    }
    let value = |key: &str| {
        let mut words = rest.split_ascii_whitespace();
        let word = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
        let word = word.trim_matches(['"', '\'']);
        // The kernel writes other names in hexadecimal.
        let is_plain = |one: char| one.is_ascii_alphanumeric() || "/._-:".contains(one);
        word.chars().all(is_plain).then_some(word)
    };
    let program = value("comm")
        .or_else(|| value("exe"))
        .unwrap_or("a process");
    let is_daemon = program == "tfad";
    let is_ours = |path: &str| {
        let mut folders = FOLDERS.iter();
        folders.any(|folder| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let is_socket = value("name") == Some("login") && value("tclass") == Some("sock_file");
    let on_bus = rest.contains("org.tfad.Tfa1");
    if !(is_daemon || is_socket || on_bus || value("path").is_some_and(is_ours)) {
        return None;
    }
    let domain = value("scontext").and_then(|context| context.split(':').nth(2));
    let permissions = permissions.trim();
    let is_name = |one: char| one.is_ascii_alphanumeric() || one == '_' || one == ' ';
    let domain = domain.unwrap_or("an unknown domain");
    permissions
        .chars()
        .all(is_name)
        .then(|| format!("{program} ({domain}): {permissions}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXTS: &str = "scontext=system_u:system_r:sshd_t:s0-s0:c0.c1023 \
                            tcontext=system_u:system_r:unconfined_service_t:s0";

    fn avc(rest: &str, class: &str) -> String {
        format!(
            "type=AVC msg=audit(1700000000.1:42): avc:  denied  {rest} {CONTEXTS} tclass={class} permissive=0"
        )
    }

    #[test]
    fn denials_of_the_daemon_and_towards_it_are_found() {
        for (line, expected) in [
            (
                avc(
                    "{ connectto } for  pid=1 comm=\"sshd\" path=\"/run/tfa/login\"",
                    "unix_stream_socket",
                ),
                Some("sshd (sshd_t): connectto"),
            ),
            (
                avc(
                    "{ write } for  pid=1 comm=\"login\" name=\"login\" dev=\"tmpfs\" ino=9",
                    "sock_file",
                ),
                Some("login (sshd_t): write"),
            ),
            (
                avc(
                    "{ read open } for  pid=1 comm=\"tfad\" path=\"/etc/group\"",
                    "file",
                ),
                Some("tfad (sshd_t): read open"),
            ),
            (
                format!(
                    "type=USER_AVC msg=audit(1.1:2): pid=1 uid=81 msg='avc:  denied  {{ send_msg }} for \
                     msgtype=method_call interface=org.tfad.Tfa1.Login member=Begin {CONTEXTS} tclass=dbus \
                     permissive=0 exe=\"/usr/bin/dbus-broker\" sauid=81'"
                ),
                Some("/usr/bin/dbus-broker (sshd_t): send_msg"),
            ),
            (
                avc(
                    "{ read } for  pid=1 comm=\"sshd\" path=\"/etc/tfarm\"",
                    "file",
                ),
                None,
            ),
            (
                avc(
                    "{ read } for  pid=1 comm=\"sshd\" name=\"login\" dev=\"sda\"",
                    "file",
                ),
                None,
            ),
            (
                avc(
                    "{ read } for  pid=1 comm=\"tfad\" path=\"/etc/group\"",
                    "file",
                )
                .replace("permissive=0", "permissive=1"),
                None,
            ),
            ("avc:  denied  { read for comm=\"tfad\"".to_owned(), None),
            ("Accepted password for tfad".to_owned(), None),
        ] {
            assert_eq!(denial(&line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_name_with_control_characters_is_not_shown() {
        let line = avc(
            "{ read } for  pid=1 comm=\"\u{1b}[2J\" path=\"/run/tfa/login\"",
            "file",
        );
        assert_eq!(denial(&line).as_deref(), Some("a process (sshd_t): read"));
        let line = avc("{ re\u{1b}ad } for  pid=1 comm=\"tfad\"", "file");
        assert_eq!(denial(&line), None);
    }
}
