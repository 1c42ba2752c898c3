//! The history of a run of a fleet under faults, and what must hold in it. Pure: the run is made by others.
//!
//! `event` is what a run writes down, `calls` pairs it, [`check()`] finds what must not be, and [`figures()`] counts. The
//! rules about codes are in `codes`, those about keys in `keys`, the others in `locks` and `quorum`.

mod calls;
mod check;
mod clock;
mod code;
mod codes;
mod event;
mod figures;
mod keys;
mod locks;
mod quorum;

pub use calls::{Call, calls};
pub use check::{Violation, check};
pub use code::{Code, CodeKind};
pub use event::{Event, Op, Outcome, What};
pub use figures::figures;
