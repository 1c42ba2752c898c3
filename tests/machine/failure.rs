//! How the machine's own steps, and the bench's, fail: at once, with what was being done.

use std::fmt::Display;

/// Ends the test with a sentence when a step of the machinery itself fails.
pub trait OrFail<T> {
    /// The value, or a panic that says what could not be done and why.
    fn or_fail(self, doing: &str) -> T;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, doing: &str) -> T {
        match self {
            Ok(value) => value,
            Err(reason) => panic!("cannot {doing}: {reason}"),
        }
    }
}

impl<T> OrFail<T> for Option<T> {
    #[track_caller]
    fn or_fail(self, doing: &str) -> T {
        match self {
            Some(value) => value,
            None => panic!("cannot {doing}"),
        }
    }
}
