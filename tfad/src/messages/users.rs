//! Users whom the name service does not know.

use std::fmt::Display;

/// No user has the name.
#[must_use]
pub fn no_user_named(name: &str) -> String {
    format!("this system knows no user {name:?}")
}

/// No user has the uid.
#[must_use]
pub fn no_user_of(uid: u32) -> String {
    format!("this system knows no user with the uid {uid}")
}

/// The name service did not say whether a user has the name.
#[must_use]
pub fn name_service_failed_for(name: &str, error: &dyn Display) -> String {
    format!("this system knows no user {name:?}, or the name service fails: {error}")
}

/// The name service has not told in time who a user is.
#[must_use]
pub fn look_up_takes_too_long(name: &str) -> String {
    format!("the user {name:?} cannot be looked up: the name service takes too long")
}

/// The name service did not say whether a user has the uid.
#[must_use]
pub fn name_service_failed_for_uid(uid: u32, error: &dyn Display) -> String {
    format!("this system knows no user with the uid {uid}, or the name service fails: {error}")
}
