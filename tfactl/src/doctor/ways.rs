//! Ways into the host beside PAM.

use std::ops::RangeInclusive;

use tfa_doctor::{DOAS_FILE, OtherWays};

use super::missed::Missed;
use super::systemd;

/// The units of consoles, of dropbear and of the debug shell.
const UNITS: [&str; 9] = [
    "getty@*.service",
    "autovt@*.service",
    "serial-getty@*.service",
    "container-getty@*.service",
    "console-getty.service",
    "debug-shell.service",
    "dropbear.service",
    "dropbear.socket",
    "dropbear@*.service",
];
/// systemd looks for a unit that is named, and for a pattern among those that it has loaded: logind starts the units of
/// consoles when someone switches to them. There are no more consoles that it starts.
const CONSOLES: RangeInclusive<u32> = 1..=12;
const PROPERTIES: &str = "Id,ActiveState,UnitFileState,ExecStart,DropInPaths";

/// Without systemd there are no units.
pub(super) fn collect(missed: &Missed) -> OtherWays {
    let of_console = |number| ["getty", "autovt"].map(|unit| format!("{unit}@tty{number}.service"));
    let consoles: Vec<String> = CONSOLES.flat_map(of_console).collect();
    let units: Vec<&str> = UNITS
        .into_iter()
        .chain(consoles.iter().map(String::as_str))
        .collect();
    let units = systemd::is_running().then(|| systemd::show(PROPERTIES, &units));
    let units = units.and_then(|shown| missed.known(shown));
    OtherWays {
        units: units.unwrap_or_default(),
        doas: missed.text(DOAS_FILE),
    }
}
