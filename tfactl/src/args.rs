//! The command line.

use clap::{Parser, Subcommand};

use crate::list::Which;
use crate::texts;

/// Two-factor login of this host's users, for administrators.
#[derive(Debug, Parser)]
#[command(version, about = texts::ABOUT, after_help = texts::AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the users who have a set-up, or have none
    #[command(after_help = texts::LIST_HELP)]
    List {
        /// Which of them
        #[command(flatten)]
        which: Filter,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show one user
    #[command(after_help = texts::JSON_HELP)]
    Show {
        /// The login name
        user: String,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Forget a user's keys, backup codes and remembered devices
    Reset {
        /// The login name
        user: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Clear a user's wrong codes and lock
    Unlock {
        /// The login name
        user: String,
    },
}

/// The filters of `list`, of which one at most.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Filter {
    /// Those whose two-factor login is on
    #[arg(long)]
    enabled: bool,
    /// People of this host who have not set it up
    #[arg(long)]
    disabled: bool,
    /// Those who have paused it
    #[arg(long)]
    paused: bool,
    /// Those who are locked after wrong codes
    #[arg(long)]
    locked: bool,
}

impl From<Filter> for Which {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter { enabled: true, .. } => Self::Enabled,
            Filter { disabled: true, .. } => Self::Disabled,
            Filter { paused: true, .. } => Self::Paused,
            Filter { locked: true, .. } => Self::Locked,
            Filter { .. } => Self::All,
        }
    }
}
