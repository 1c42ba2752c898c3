//! The command line of `tfactl recovery`.

use clap::Subcommand;

use crate::messages;

/// The commands.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum RecoveryCommand {
    /// Create the recovery code of this host, and make an earlier one void
    #[command(after_help = messages::RECOVERY_HELP)]
    Create {
        /// Do not ask before a code that was not used becomes void
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show whether there is a recovery code, and whether it was used
    #[command(after_help = messages::RECOVERY_STATUS_HELP)]
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
