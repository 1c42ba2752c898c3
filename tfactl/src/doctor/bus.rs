//! What is known of the system bus.

use tfa_doctor::BusFacts;

use super::missed::Missed;
use super::output::{failure, output};
use crate::messages;

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

/// `None` if the configuration of the bus is not known, which is noted.
pub(super) fn collect(missed: &Missed) -> Option<BusFacts> {
    let files = missed.texts(&FILES);
    let [main, ..] = FILES;
    if !files.iter().any(|(path, _)| path == main) {
        missed.note(messages::absent(main));
        return None;
    }
    let services = SERVICES.map(|folder| format!("{folder}/{NAME}.service"));
    let services = services
        .into_iter()
        .filter_map(|path| Some((path.clone(), missed.text(&path)?)));
    Some(BusFacts {
        files,
        activation: services.collect(),
        owner: missed.known(owner()).flatten(),
    })
}

/// The uid of the process that owns the name, if there is one. Asking starts no daemon.
fn owner() -> Result<Option<u32>, String> {
    const PROGRAM: &str = "busctl";
    const BUS: &str = "org.freedesktop.DBus";
    /// What it says of a name without an owner.
    const NO_OWNER: &str = "no such name";
    let call = [
        "--system",
        "--timeout=10",
        "call",
        BUS,
        "/org/freedesktop/DBus",
        BUS,
        "GetConnectionUnixUser",
        "s",
        NAME,
    ];
    let output = output(PROGRAM, &call)?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return match errors.contains(NO_OWNER) {
            true => Ok(None),
            false => Err(failure(PROGRAM, &output)),
        };
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let uid = text.trim().strip_prefix("u ");
    let uid = uid.and_then(|uid| uid.parse().ok());
    uid.map(Some)
        .ok_or_else(|| messages::unexpected(PROGRAM, text.trim()))
}
