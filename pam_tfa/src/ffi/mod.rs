//! The boundary to libpam: the only folder with `unsafe`.
//!
//! `exports` has the functions that libpam calls. `handle` is the transaction; `conversation`, `data`
//! and `syslog` are what the module asks of it. Values of libpam are copied at once.

#![expect(unsafe_code, reason = "libpam is a C library")]

pub(crate) mod answer;
mod c_string;
pub(crate) mod conversation;
mod data;
mod exports;
pub(crate) mod handle;
mod syslog;
mod version;
