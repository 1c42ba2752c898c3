//! The command line.

mod length;
mod login;
mod moment;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::list::Which;
use crate::messages;

pub(crate) use length::Length;
pub(crate) use login::{LOCAL, Login, OWN, SESSION, SSHD};
pub(crate) use moment::Moment;

/// Two-factor login of this host's users, for administrators.
#[derive(Debug, Parser)]
#[command(version, about = messages::ABOUT, after_help = messages::AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the users who have a set-up, or have none
    #[command(after_help = messages::LIST_HELP)]
    List {
        /// Which of them
        #[command(flatten)]
        which: Filter,
        /// Only the members of this group
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show one user
    #[command(after_help = messages::JSON_HELP)]
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
    /// Give a record to a user's new name or uid
    #[command(after_help = messages::RENAME_HELP, override_usage = messages::RENAME_USAGE)]
    Rename {
        /// The name that has the record
        #[arg(required_unless_present = "map")]
        old: Option<String>,
        /// The name of the user now; the same, where only the uid has changed
        #[arg(required_unless_present = "map")]
        new: Option<String>,
        /// Do it for each line of this file: OLD NEW
        #[arg(long, value_name = "FILE", conflicts_with_all = ["old", "new"])]
        map: Option<PathBuf>,
    },
    /// Clear a user's wrong codes and lock
    Unlock {
        /// The login name
        user: String,
    },
    /// Make an invitation, with which a user sets up two-factor login
    #[command(after_help = messages::INVITE_HELP)]
    Invite {
        /// The login name
        user: String,
        /// How long it is good: 12h, 3d, "2 weeks", ...
        #[arg(long = "for", value_name = "LENGTH", default_value = "3d")]
        length: Length,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Say what would become of a login, and by which rule
    #[command(after_help = messages::EXPLAIN_HELP)]
    Explain {
        /// The login name
        user: String,
        /// The login
        #[command(flatten)]
        login: Login,
        /// When: 2026-12-01, "2026-12-01 08:00", +3d, ...
        #[arg(long, value_name = "DATE")]
        at: Option<Moment>,
        /// A policy to come; FILE.d/*.toml is read after it
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Check a policy, or say what it means for the people of this host
    #[command(disable_help_subcommand = true)]
    Policy {
        /// What to do with it
        #[command(subcommand)]
        command: PolicyCommand,
    },
}

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy for errors, without the daemon
    #[command(after_help = messages::CHECK_HELP)]
    Check {
        /// The file; FILE.d/*.toml is read after it
        #[arg(default_value = messages::POLICY_FILE)]
        file: PathBuf,
        /// Fail where there is a warning, too
        #[arg(long)]
        strict: bool,
    },
    /// Say what a policy means for everybody on this host
    #[command(after_help = messages::IMPACT_HELP)]
    Impact {
        /// A policy that is to come; FILE.d/*.toml is read after it
        file: Option<PathBuf>,
        /// The login
        #[command(flatten)]
        login: Login,
        /// When: 2026-12-01, "2026-12-01 08:00", +3d, ...
        #[arg(long, value_name = "DATE")]
        at: Option<Moment>,
        /// Tell what audit mode noted instead
        #[arg(long, conflicts_with_all = ["file", "service", "from", "method", "at"])]
        seen: bool,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
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
    /// People of this host of whom the policy requires it
    #[arg(long)]
    required: bool,
}

impl From<Filter> for Which {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter { enabled: true, .. } => Self::Enabled,
            Filter { disabled: true, .. } => Self::Disabled,
            Filter { paused: true, .. } => Self::Paused,
            Filter { locked: true, .. } => Self::Locked,
            Filter { required: true, .. } => Self::Required,
            Filter { .. } => Self::All,
        }
    }
}
