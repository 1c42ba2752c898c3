//! The table `[remember]`: which logins are not asked for a code again, and for how long.

use tfa_core::DeviceKind;
use toml::de::DeValue;

use super::messages::errors::{self, Expected};
use super::problem::Problem;
use super::values::{Value, number, word};

/// The maximum number of days.
pub(super) const MAX_DAYS: u32 = 365;
/// The maximum number of minutes, a day.
pub(super) const MAX_MINUTES: u32 = 24 * 60;

/// Reads what identifies a device.
pub(super) fn device_kind(value: Value<'_, '_>) -> Result<DeviceKind, Problem> {
    word(
        value,
        &[("key", DeviceKind::Key), ("address", DeviceKind::Address)],
    )
}

/// Reads a number of days or minutes up to a maximum.
pub(super) fn at_most(value: Value<'_, '_>, most: u32) -> Result<u32, Problem> {
    let written = match value.toml() {
        DeValue::Integer(written) => written,
        other => return Err(errors::wrong_type(Expected::Number, other)),
    };
    match number(written) {
        Ok(count) if count <= most => Ok(count),
        _ => Err(errors::above(&written.to_string(), most)),
    }
}
