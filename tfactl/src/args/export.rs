//! The command line of `tfactl export`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::messages;

/// The formats.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Write a key container of RFC 6030 (PSKC)
    #[command(after_help = messages::EXPORT_HELP)]
    Pskc {
        /// A file with the passphrase; encrypts the keys
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// What to export
        #[command(flatten)]
        options: ExportOptions,
    },
    /// Write otpauth:// URIs, one in each line
    #[command(after_help = messages::EXPORT_HELP)]
    Otpauth {
        /// What to export
        #[command(flatten)]
        options: ExportOptions,
    },
}

/// What both formats have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportOptions {
    /// The login names
    #[arg(required = true, value_name = "USER")]
    pub(crate) users: Vec<String>,
    /// The new file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
