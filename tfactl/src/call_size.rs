//! How much fits into one call to the daemon.

/// The longest body of a call, in bytes.
pub(crate) const MAX_BODY: usize = tfa_proto::MAX_CALL_BODY as usize;

/// Users in one call: the daemon looks up all of them before it answers.
pub(crate) const MAX_USERS: usize = 200;

/// What D-Bus adds to a string at most: its length, its end, and padding.
pub(crate) const STRING_OVERHEAD: usize = 16;

/// The bytes that a string takes in a call.
pub(crate) fn string(text: &str) -> usize {
    text.len().saturating_add(STRING_OVERHEAD)
}
