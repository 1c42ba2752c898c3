//! The command line of `tfactl key`.

use clap::Subcommand;

use crate::messages;

/// The commands.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum KeyCommand {
    /// Seal all records with a new key, and destroy the old one
    #[command(after_help = messages::ROTATE_HELP)]
    Rotate {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
