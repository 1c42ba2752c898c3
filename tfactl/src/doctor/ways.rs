//! Ways into the host beside PAM.

use tfa_doctor::{DOAS_FILE, OtherWays};

use super::missed::Missed;
use super::systemd;

/// The units of consoles, of dropbear and of the debug shell.
/// systemd looks for each that is named, and else for those that it has loaded: logind starts the consoles
/// when someone switches to them.
const UNITS: [&str; 14] = [
    "getty@*.service",
    "getty@tty1.service",
    "getty@tty2.service",
    "getty@tty3.service",
    "getty@tty4.service",
    "getty@tty5.service",
    "getty@tty6.service",
    "serial-getty@*.service",
    "container-getty@*.service",
    "autovt@*.service",
    "console-getty.service",
    "debug-shell.service",
    "dropbear.service",
    "dropbear.socket",
];
const PROPERTIES: &str = "Id,ActiveState,UnitFileState,ExecStart,DropInPaths";
const RULES_OF_POLKIT: [&str; 4] = [
    "/etc/polkit-1/rules.d/*.rules",
    "/run/polkit-1/rules.d/*.rules",
    "/usr/local/share/polkit-1/rules.d/*.rules",
    "/usr/share/polkit-1/rules.d/*.rules",
];

const ACTIONS_OF_POLKIT: [&str; 4] = [
    "/etc/polkit-1/actions/*.policy",
    "/run/polkit-1/actions/*.policy",
    "/usr/local/share/polkit-1/actions/*.policy",
    "/usr/share/polkit-1/actions/*.policy",
];
const POLKIT: &str = "/usr/share/polkit-1/actions/org.freedesktop.policykit.policy";
/// With what the names of the package's actions begin.
const OWN_ACTIONS: &str = "org.tfad.tfa1.";

/// The files that name actions of the package; `None` without polkit, which has a file of its own.
pub(super) fn polkit_actions(missed: &Missed) -> Option<Vec<(String, String)>> {
    missed.text(POLKIT)?;
    let mut files = missed.texts(&ACTIONS_OF_POLKIT);
    files.retain(|(_, text)| text.contains(OWN_ACTIONS));
    Some(files)
}

/// Without systemd there are no units.
pub(super) fn collect(missed: &Missed) -> OtherWays {
    let units = systemd::is_running().then(|| systemd::show(PROPERTIES, &UNITS));
    let units = units.and_then(|shown| missed.known(shown));
    OtherWays {
        units: units.unwrap_or_default(),
        doas: missed.text(DOAS_FILE),
        polkit: missed.texts(&RULES_OF_POLKIT),
    }
}
