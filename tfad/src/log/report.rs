//! Errors as the log tells them.

use std::borrow::Cow;
use std::fmt::Debug;

use super::Level;

/// An error that the log may tell.
pub trait Report: Debug {
    /// How much it matters; `None` where no administrator need act on it.
    fn level(&self) -> Option<Level>;

    /// What happened, and what to do.
    fn text(&self) -> Cow<'_, str>;
}
