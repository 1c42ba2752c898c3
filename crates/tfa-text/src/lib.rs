//! Text that the daemon and the commands share: pages, QR codes, plurals, times, and what both parse.

pub mod duration;
pub mod moment;
pub mod pages;
mod plural;
pub mod policy_files;
pub mod qr;
pub mod shell;
pub mod task;
pub mod time;
mod wrap;

pub use duration::DurationError;
pub use moment::{Moment, MomentError};
pub use plural::plural;
pub use policy_files::DropIns;
pub use wrap::wrapped;
