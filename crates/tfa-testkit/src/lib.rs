//! What the tests of several crates share. No program depends on this crate.
//!
//! - [`daemon`]: a double of the daemon, with one account and fixed codes.
//! - [`MemoryStore`]: a double of the store, in memory. [`MemoryKv`]: a double of etcd, whose faults are
//!   a script of [`Fault`]s; [`KvServer`]: its keys.
//! - [`EtcdServer`]: a real etcd for one test.
//! - [`PrivateBus`]: a message bus for one test. [`NotifySocket`]: waits until a service is ready.
//! - [`TestHost`] runs a command where that bus is the system bus, on a [`Terminal`] or without.
//! - [`assert_manual_page`] compares a manual page with the command line of its program.
//!   [`assert_help_fits`] checks the width of its help.
//! - [`store_contract!`] and [`document_contract!`]: the tests that every store must pass.
//! - [`skip_without_root`] and [`skip_without_uid`]: skip a test that needs privileges.
//!   [`skip_without_program`]: skip one that needs a program which is not installed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

pub mod daemon;
pub mod document_contract;
mod etcd_server;
mod help;
mod kv_server;
mod manual_page;
mod memory_kv;
mod memory_store;
mod notify_socket;
mod private_bus;
mod privileges;
pub mod store_contract;
mod terminal;
mod test_host;

/// How long a test waits for an event. Only a test that fails waits that long, even on a busy host.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

pub use etcd_server::EtcdServer;
pub use help::assert_help_fits;
pub use kv_server::KvServer;
pub use manual_page::assert_manual_page;
pub use memory_kv::{Fault, MemoryKv};
pub use memory_store::MemoryStore;
pub use notify_socket::NotifySocket;
pub use private_bus::PrivateBus;
pub use privileges::{NOBODY, skip_without_program, skip_without_root, skip_without_uid};
pub use terminal::Terminal;
pub use test_host::{Run, TestHost, finished};
