//! `tfactl devices`.

pub(crate) const FORGET_USAGE: &str =
    "tfactl devices forget USER ID\n       tfactl devices forget USER --all";

pub(crate) fn no_devices(user: &str) -> String {
    format!("No device of {user} is remembered.")
}

pub(crate) fn device_forgotten(user: &str, id: u32) -> String {
    format!("Device {id} of {user} was forgotten. Its next login is asked for a code.")
}

pub(crate) fn devices_forgotten(user: &str, count: u32) -> String {
    match count {
        0 => no_devices(user),
        1 => format!("One device of {user} was forgotten. Its next login is asked for a code."),
        _ => format!(
            "{count} devices of {user} were forgotten. Their next logins are asked for a code."
        ),
    }
}
