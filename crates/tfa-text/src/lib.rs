//! Text that the daemon and the commands share: pages, QR codes, plurals, times.

pub mod pages;
mod plural;
pub mod qr;
pub mod time;
mod wrap;

pub use plural::plural;
pub use wrap::wrapped;
