//! The history of a run of a fleet under faults, and what must hold in it. Pure: the run is made by others.
//!
//! `event` is what a run writes down, `calls` pairs it, [`check()`] finds what must not be, and [`figures()`] counts.

mod calls;
mod check;
mod event;
mod figures;
mod locks;

pub use calls::{Call, calls};
pub use check::{Violation, check};
pub use event::{Code, Event, Op, Outcome, What};
pub use figures::figures;
