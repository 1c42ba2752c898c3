//! Codes that are bound to hosts of a fleet, as both commands show them.

use serde::Serialize;
use tfa_proto::{BoundCodes, Status};
use tfa_text::time::{date_time, rfc3339};

/// A [`BoundCodes`] as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct BoundCodesJson<'a> {
    host: &'a str,
    left: u32,
    made: String,
    confirmed: bool,
}

pub(crate) fn bound_codes_json(all: &[BoundCodes]) -> Vec<BoundCodesJson<'_>> {
    let json = all.iter().map(|one| BoundCodesJson {
        host: &one.host,
        left: one.left,
        made: rfc3339(one.made),
        confirmed: one.confirmed,
    });
    json.collect()
}

/// A line for each host to which codes of the user are bound.
pub fn bound_codes_lines(status: &Status) -> impl Iterator<Item = String> {
    status.bound_codes.iter().map(|one| {
        let BoundCodes { host, left, .. } = one;
        let made = date_time(one.made);
        match one.confirmed {
            true => format!("Codes bound to {host}: {left} left (made {made})"),
            false => format!("Codes bound to {host}: not confirmed by that host (made {made})"),
        }
    })
}
