//! The command line of `tfactl store`.

use clap::{Subcommand, ValueEnum};

use crate::messages;

/// The commands.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum StoreCommand {
    /// Move the accounts from the database to etcd, or back
    #[command(after_help = messages::MIGRATE_HELP)]
    Migrate {
        /// Where to
        #[arg(long, value_name = "KIND")]
        to: StoreKind,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// The etcd of a fleet
    Etcd,
    /// A database of this host
    Sqlite,
}

impl StoreKind {
    /// As in tfad.toml.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Sqlite => "sqlite",
        }
    }
}
