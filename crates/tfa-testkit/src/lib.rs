//! What the tests of several crates share. No program depends on this crate.
//!
//! - [`MemoryStore`]: a store in memory, to stand in for the real one.
//! - [`store_contract!`]: the tests that every store must pass.
//! - [`skip_without_root`] and [`skip_without_uid`]: skip a test that needs privileges.

mod memory_store;
mod privileges;
pub mod store_contract;

pub use memory_store::MemoryStore;
pub use privileges::{NOBODY, skip_without_root, skip_without_uid};
