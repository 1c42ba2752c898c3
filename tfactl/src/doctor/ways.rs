//! Ways into the host beside PAM.

use tfa_doctor::OtherWays;

use super::bounded::text;
use super::output::output;

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

/// Without systemd, the units are not known.
pub(super) fn collect() -> OtherWays {
    let call = [&["show", PROPERTIES, "--"], &UNITS[..]].concat();
    let units = output("systemctl", &call).map(|output| output.stdout);
    let rules = RULES_OF_POLKIT
        .iter()
        .flat_map(|pattern| glob::glob(pattern).into_iter().flatten());
    let rules = rules.flatten().filter_map(|path| {
        let text = text(&path)?;
        Some((path.into_os_string().into_string().ok()?, text))
    });
    OtherWays {
        units: String::from_utf8_lossy(&units.unwrap_or_default()).into_owned(),
        doas: text("/etc/doas.conf"),
        polkit: rules.collect(),
    }
}
