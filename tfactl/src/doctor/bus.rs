//! What is known of the system bus.

use std::path::PathBuf;

use tfa_doctor::BusFacts;

use super::bounded::text;
use super::output::output;

/// The files of the bus, in the order in which it reads them. The first one includes the others.
const FILES: [&str; 5] = [
    "/usr/share/dbus-1/system.conf",
    "/etc/dbus-1/system.conf",
    "/usr/share/dbus-1/system.d/*.conf",
    "/etc/dbus-1/system.d/*.conf",
    "/etc/dbus-1/system-local.conf",
];
/// The folders of files for activation, in the order in which the bus looks there.
const SERVICES: [&str; 5] = [
    "/etc/dbus-1/system-services",
    "/run/dbus-1/system-services",
    "/usr/local/share/dbus-1/system-services",
    "/usr/share/dbus-1/system-services",
    "/lib/dbus-1/system-services",
];
const NAME: &str = "org.tfad.Tfa1";

/// `None` if the host has no bus of which the configuration is known.
pub(super) fn collect() -> Option<BusFacts> {
    let files = FILES
        .iter()
        .flat_map(|pattern| glob::glob(pattern).into_iter().flatten());
    let files: Vec<(String, String)> = files.flatten().filter_map(read).collect();
    files
        .first()
        .filter(|(path, _)| path == "/usr/share/dbus-1/system.conf")?;
    let services = SERVICES
        .iter()
        .map(|folder| format!("{folder}/{NAME}.service"));
    Some(BusFacts {
        files,
        activation: services.filter_map(|path| read(path.into())).collect(),
        owner: owner(),
    })
}

fn read(path: PathBuf) -> Option<(String, String)> {
    let text = text(&path)?;
    Some((path.into_os_string().into_string().ok()?, text))
}

/// The uid of the process that owns the name. Asking starts no daemon.
fn owner() -> Option<u32> {
    const BUS: &str = "org.freedesktop.DBus";
    let call = [
        "--system",
        "--timeout=10",
        "call",
        BUS,
        "/org/freedesktop/DBus",
        BUS,
    ];
    let output = output(
        "busctl",
        &[&call[..], &["GetConnectionUnixUser", "s", NAME]].concat(),
    );
    let text = String::from_utf8_lossy(&output.ok()?.stdout).into_owned();
    text.trim().strip_prefix("u ")?.parse().ok()
}
