//! Ways into the host beside PAM.

use tfa_doctor::{DOAS_FILE, OtherWays};

use super::host::has_systemd;
use super::missed::Missed;
use super::output::printed;

/// The units of consoles, of dropbear and of the debug shell.
const UNITS: [&str; 8] = [
    "getty@*.service",
    "serial-getty@*.service",
    "container-getty@*.service",
    "autovt@*.service",
    "console-getty.service",
    "debug-shell.service",
    "dropbear.service",
    "dropbear.socket",
];
const PROPERTIES: &str = "--property=Id,ActiveState,UnitFileState,ExecStart,DropInPaths";
const RULES_OF_POLKIT: [&str; 4] = [
    "/etc/polkit-1/rules.d/*.rules",
    "/run/polkit-1/rules.d/*.rules",
    "/usr/local/share/polkit-1/rules.d/*.rules",
    "/usr/share/polkit-1/rules.d/*.rules",
];

/// Without systemd there are no units.
pub(super) fn collect(missed: &Missed) -> OtherWays {
    let call = [&["show", PROPERTIES, "--"], &UNITS[..]].concat();
    let units = has_systemd().then(|| printed("systemctl", &call));
    let units = units.and_then(|shown| missed.known(shown));
    OtherWays {
        units: units.unwrap_or_default(),
        doas: missed.text(DOAS_FILE),
        polkit: missed.texts(&RULES_OF_POLKIT),
    }
}
