//! The command line of `tfactl import`.

use std::ffi::OsString;

use clap::Subcommand;

use crate::messages;

/// The formats.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Import the files of google-authenticator
    #[command(after_help = messages::IMPORT_GOOGLE_HELP, override_usage = messages::IMPORT_GOOGLE_USAGE)]
    GoogleAuthenticator {
        /// The files of one user each: FILE or USER=FILE
        #[arg(
            value_name = "FILE",
            required_unless_present = "homes",
            conflicts_with = "homes"
        )]
        files: Vec<OsString>,
        /// The files in the homes of all users
        #[arg(long)]
        homes: bool,
        /// What to do
        #[command(flatten)]
        options: ImportOptions,
    },
}

/// What all formats have in common.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ImportOptions {
    /// Import; without it, only print what would happen
    #[arg(long)]
    pub(crate) apply: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
