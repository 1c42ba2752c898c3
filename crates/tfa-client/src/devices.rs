//! Remembered devices, as both commands show them.

use serde::Serialize;
use tfa_proto::Device;
use tfa_text::time::{date_time, rfc3339};

/// The list of devices, for the help of both commands.
pub const DEVICES_HELP: &str = "\
A device is an SSH key, shown by its fingerprint as ssh-keygen -l does, or an
address. UNTIL is when it is asked for a code again. LAST-USED is updated once a
day.
The JSON output is an array of objects: id, kind (key or address), mark (the
fingerprint or the address), key_type (null for an address), first_used,
last_used and until (times in RFC 3339 format, in UTC), and current (true for
the device of this login session).";

/// In seconds. An end that is nearer than this is shown with its time of day.
const NEAR: u64 = 48 * 3600;

/// A [`Device`] as JSON.
#[derive(Debug, Serialize)]
pub struct DeviceJson<'a> {
    id: u32,
    kind: &'a str,
    mark: &'a str,
    key_type: Option<&'a str>,
    first_used: String,
    last_used: String,
    until: String,
    current: bool,
}

/// The devices as JSON.
#[must_use]
pub fn devices_json(all: &[Device]) -> Vec<DeviceJson<'_>> {
    let json = all.iter().map(|one| DeviceJson {
        id: one.id,
        kind: one.kind.name(),
        mark: &one.mark,
        key_type: one.key_type.as_deref(),
        first_used: rfc3339(one.first_used),
        last_used: rfc3339(one.last_used),
        until: rfc3339(one.until),
        current: one.current,
    });
    json.collect()
}

/// The devices in plain columns, which fit 80.
#[must_use]
pub fn device_list(all: &[Device], now: u64) -> String {
    let head = format!("{:<3}  {:<11}  {:<10}  DEVICE", "ID", "UNTIL", "LAST-USED");
    let rows = all.iter().map(|one| {
        format!(
            "{:<3}  {:<11}  {:<10}  {}",
            one.id,
            end(one.until, now),
            day(one.last_used),
            one.mark
        )
    });
    let lines: Vec<_> = std::iter::once(head).chain(rows).collect();
    lines.join("\n")
}

/// The day, or month, day and time of day of an end that is near.
fn end(at: u64, now: u64) -> String {
    if at.saturating_sub(now) >= NEAR {
        return day(at);
    }
    let text = date_time(at).replace(' ', "T");
    let without_year = text.split_once('-').map(|(_, rest)| rest.to_owned());
    without_year.unwrap_or(text)
}

fn day(at: u64) -> String {
    let text = date_time(at);
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_fits_80_columns_and_shows_the_time_of_a_near_end() {
        let device = |until| Device {
            id: 120,
            mark: format!("SHA256:{}", "x".repeat(43)),
            until,
            ..Device::default()
        };
        let list = device_list(&[device(2_000_000), device(100)], 0);
        let rows: Vec<&str> = list.lines().collect();
        assert!(rows.iter().all(|row| row.len() <= 80), "{list}");
        assert!(rows[1].starts_with("120  1970-01-24 "), "{list}");
        assert!(rows[2].starts_with("120  01-01T00:01 "), "{list}");
    }
}
