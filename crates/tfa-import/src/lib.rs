//! Reads the enrollments that other programs keep: text in, authenticators or problems out. Writes two of
//! the formats, for a host that leaves again.
//!
//! It does no I/O. All input is hostile: its size, the length of its lines and the number of its entries
//! are bounded, and no problem quotes the input, which has keys and codes.

mod csv;
mod entry;
mod google_authenticator;
mod key;
mod lines;
mod migration;
mod oath;
mod otpauth;
mod problem;
mod protobuf;
mod pskc;
mod write;

pub use csv::oath_csv;
pub use entry::{Algorithm, Entry, Means, Note, Used};
pub use google_authenticator::google_authenticator;
pub use lines::{MAX_ENTRIES, MAX_LINE};
pub use migration::otpauth_migration;
pub use oath::oath;
pub use otpauth::otpauth;
pub use problem::{Problem, What};
pub use pskc::{Unlock, pskc};
pub use write::{Lock, write_otpauth, write_pskc};

/// The largest file of one user, in bytes.
pub const MAX_USER_FILE: usize = 64 * 1024;
/// The largest file of many users, in bytes.
pub const MAX_FILE: usize = 32 * 1024 * 1024;
