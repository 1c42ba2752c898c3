//! Text for terminals that the daemon and the commands share.

pub mod qr;
mod wrap;

pub use wrap::wrapped;
