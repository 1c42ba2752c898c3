//! Properties of units, with their types. What systemctl(1) prints cannot be split into words for certain.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::output::output;
use crate::messages;

/// The object of a unit.
pub(super) fn path(unit: &str) -> String {
    let escaped = unit.bytes().map(|byte| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("_{byte:02x}"),
    });
    let name: String = escaped.collect();
    format!("/org/freedesktop/systemd1/unit/{name}")
}

#[derive(Deserialize)]
struct Property<T> {
    data: T,
}

pub(super) fn property<T: DeserializeOwned>(
    path: &str,
    interface: &str,
    name: &str,
) -> Result<T, String> {
    let interface = format!("org.freedesktop.systemd1.{interface}");
    let arguments = [
        "--json=short",
        "get-property",
        "org.freedesktop.systemd1",
        path,
        &interface,
        name,
    ];
    let output = output("busctl", &arguments)?;
    let property: Option<Property<T>> = serde_json::from_slice(&output.stdout).ok();
    let property = property.map(|property| property.data);
    property.ok_or_else(|| messages::program_failed("busctl", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_of_a_unit_has_its_name() {
        let expected = "/org/freedesktop/systemd1/unit/ssh_40tfa_2eservice";
        assert_eq!(path("ssh@tfa.service"), expected);
    }
}
