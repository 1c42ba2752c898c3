//! A store in one SQLite database.
//!
//! A change is committed on the thread of a caller: `group_commit` decides which one, and `writer` has
//! the connection. Reads run on the callers' threads too, with that connection or with one of
//! `reader_pool`. A thread keeps the log short (`checkpoint`). `schema` describes the tables, and
//! `database` opens them.

mod accounts;
mod apply;
mod change;
mod checkpoint;
mod checksum;
mod compile_options;
mod connection;
mod database;
mod db_file;
mod documents;
mod error;
mod first_names;
mod group_commit;
mod index;
mod kept_documents;
mod meta;
mod migrate;
mod moved;
mod names_ahead;
mod new_database;
mod one_statement;
mod reader;
mod reader_pool;
mod replace;
mod revisions;
mod row;
mod rows;
mod schema;
mod snapshot;
mod store;
mod writer;

pub(crate) use change::{NewDocument, Resealed};
pub(crate) use database::{DATABASE, Database, EVIDENCE};
pub(crate) use kept_documents::KeptDocuments;
pub(crate) use migrate::Migrated;
pub(crate) use moved::mark_moved;
pub(crate) use new_database::NewDatabase;
pub(crate) use replace::{Aside, close_log, put_aside};
pub(crate) use schema::FORMAT;
pub use store::SqliteStore;
