//! Remembered devices.

pub(crate) const FORGET_USAGE: &str =
    "tfa-enroll devices forget ID\n       tfa-enroll devices forget --all";

pub(crate) const NO_DEVICES: &str = "No device is remembered. Every login is asked for a code.";

pub(crate) fn current_device(id: u32) -> String {
    format!("The device of this login session: {id}")
}

pub(crate) fn device_forgotten(id: u32) -> String {
    format!("Device {id} was forgotten. Its next login is asked for a code.")
}

pub(crate) fn devices_forgotten(count: u32) -> String {
    match count {
        0 => "No other device is remembered.".to_owned(),
        1 => "One device was forgotten. Its next login is asked for a code.".to_owned(),
        _ => format!("{count} devices were forgotten. Their next logins are asked for a code."),
    }
}

pub(crate) fn current_device_stays(id: u32) -> String {
    format!("The device of this login session stays remembered: {id}")
}
