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

/// Without systemd there are no units.
pub(super) fn collect(missed: &Missed) -> OtherWays {
    let units = systemd::is_running().then(|| systemd::show(PROPERTIES, &UNITS));
    let units = units.and_then(|shown| missed.known(shown));
    OtherWays {
        units: units.unwrap_or_default(),
        doas: missed.text(DOAS_FILE),
    }
}
