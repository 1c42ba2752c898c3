//! The command line of `tfactl devices`.

use clap::Subcommand;

use crate::messages;

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum DevicesCommand {
    /// List the remembered devices of a user
    #[command(after_help = tfa_client::DEVICES_HELP)]
    List {
        /// The login name
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a device; its next login is asked for a code
    #[command(override_usage = messages::FORGET_USAGE)]
    Forget {
        /// The login name
        user: String,
        /// The id of the device, from the list
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<u32>,
        /// All devices of the user
        #[arg(long)]
        all: bool,
    },
}
