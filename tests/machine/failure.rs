//! Failures of the test machinery, and of the bench, end the test with a message.

use std::fmt::Display;

/// Panics with a message when a step of the machinery fails.
pub trait OrFail<T> {
    /// Returns the value. Panics with what could not be done, and the reason.
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
