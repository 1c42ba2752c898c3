//! A store in one SQLite database.
//!
//! Two threads have a connection each: `writer` commits in groups, and `checkpoint` keeps the log
//! short. The connections of `reader_pool` read on the callers' threads. `schema` describes the tables,
//! and `database` opens them.

mod accounts;
mod apply;
mod change;
mod checkpoint;
mod checksum;
mod compile_options;
mod connection;
mod database;
mod db_file;
mod error;
mod first_names;
mod index;
mod meta;
mod migrate;
mod reader;
mod reader_pool;
mod revisions;
mod row;
mod schema;
mod store;
mod writer;

pub(crate) use database::{DATABASE, Database, EVIDENCE};
pub(crate) use migrate::Migrated;
pub(crate) use schema::FORMAT;
pub use store::SqliteStore;
