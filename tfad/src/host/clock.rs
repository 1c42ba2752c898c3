//! The host's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_core::Time;

/// Now. A clock before 1970 reads as 1970: no code is right then, so logins fail closed.
#[must_use]
pub fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_secs(since.as_secs())
}
