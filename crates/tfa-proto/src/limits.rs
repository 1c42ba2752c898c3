//! Limits that the daemon enforces and its callers respect.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest body of a call, in bytes.
pub const MAX_CALL_BODY: u32 = 32 * 1024;

/// The longest call with its header, in bytes. The longest real one is a `Begin` with the public keys
/// of a login.
pub const MAX_CALL: u32 = 36 * 1024;

/// How long the daemon takes for `Users` or `Members` at most. A directory may take that long.
pub const ENUMERATION_TIME_LIMIT: Duration = Duration::from_secs(120);

/// How long an invitation can be valid, in seconds: one minute to 90 days.
pub const INVITATION_SECONDS: RangeInclusive<u64> = 60..=90 * 24 * 3600;

/// How long a user can be exempt, in seconds: one minute to 90 days.
pub const EXEMPTION_SECONDS: RangeInclusive<u64> = 60..=90 * 24 * 3600;

/// How long the invitation of a host can be valid, in seconds: one minute to 7 days.
pub const HOST_INVITATION_SECONDS: RangeInclusive<u64> = 60..=7 * 24 * 3600;
