//! Rules of sudo that ask for nothing.

use super::HostFacts;
use crate::facts::PolicyFacts;
use crate::finding::Finding;
use crate::messages;

/// Rules that allow every command without a password, unless the policy guards sudo.
pub(super) fn without_password(host: &HostFacts, policy: Option<&PolicyFacts>) -> Vec<Finding> {
    if policy.is_none_or(|policy| policy.guards("sudo")) {
        return Vec::new();
    }
    let lines = host.sudoers.iter().flat_map(|(path, text)| {
        let lines = text.lines().zip(1..);
        lines.filter_map(move |(line, number)| {
            let who = allows_all(line)?;
            Some((format!("{path}:{number}"), who))
        })
    });
    let faults = lines.map(|(place, who)| {
        Finding::beside_pam(&messages::SUDO_NOPASSWD, &place, vec![who], String::new())
    });
    faults.collect()
}

/// Whom a line allows every command without a password.
fn allows_all(line: &str) -> Option<String> {
    let line = line.trim();
    let who = line.split_whitespace().next()?;
    if line.starts_with('#') || who.starts_with('@') {
        return None;
    }
    if who.starts_with("Defaults") {
        return line.contains("!authenticate").then(|| "ALL".to_owned());
    }
    let (_, commands) = line.split_once("NOPASSWD")?;
    let commands = commands.trim_start().strip_prefix(':')?;
    // Other tags may follow: SETENV:.
    let commands = commands.rsplit(':').next().unwrap_or_default();
    let mut commands = commands.split(',').map(str::trim);
    commands
        .any(|command| command == "ALL")
        .then(|| who.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rules_for_every_command_count() {
        for (line, expected) in [
            ("%sudo ALL=(ALL:ALL) NOPASSWD: ALL", Some("%sudo")),
            ("debian ALL=(ALL) NOPASSWD:ALL", Some("debian")),
            ("deploy ALL=NOPASSWD: SETENV: ALL", Some("deploy")),
            (
                "carol ALL = (root) NOPASSWD : /bin/true, ALL",
                Some("carol"),
            ),
            ("Defaults:carol !authenticate", Some("ALL")),
            ("Defaults env_reset", None),
            ("# debian ALL=(ALL) NOPASSWD:ALL", None),
            ("%sudo ALL=(ALL:ALL) ALL", None),
            ("backup ALL=(root) NOPASSWD: /usr/bin/rsync", None),
            ("@includedir /etc/sudoers.d", None),
            ("", None),
        ] {
            assert_eq!(allows_all(line).as_deref(), expected, "{line}");
        }
    }
}
