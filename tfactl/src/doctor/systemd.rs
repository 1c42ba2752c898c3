//! What systemd tells.

use std::path::Path;

use tfa_doctor::Unit;

use super::output::printed;

/// Whether systemd runs here. Without it there are no units.
pub(super) fn is_running() -> bool {
    Path::new("/run/systemd/system").exists()
}

/// The units with these properties, separated by commas, as systemctl(1) prints them; or why they are not known.
pub(super) fn show(properties: &str, units: &[&str]) -> Result<String, String> {
    let properties = format!("--property={properties}");
    printed("systemctl", &[&["show", &properties, "--"], units].concat())
}

/// As [`show`], as units.
pub(super) fn units(properties: &str, units: &[&str]) -> Result<Vec<Unit>, String> {
    Ok(Unit::parse_all(&show(properties, units)?))
}
