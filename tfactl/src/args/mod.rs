//! The command line.

mod authenticator;
mod backup;
mod devices;
mod export;
mod fleet;
mod import;
mod key;
mod length;
mod login;
mod moment;
mod recovery;
mod since;
mod store;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::doctor;
use crate::filter::Filter;
use crate::messages;

pub(crate) use authenticator::{AuthenticatorCommand, Token};
pub(crate) use backup::{BackupArgs, RestoreArgs};
pub(crate) use devices::DevicesCommand;
pub(crate) use export::{ExportCommand, ExportOptions};
pub(crate) use fleet::{FleetCommand, HostCommand, InviteVerifierArgs, JoinVerifierArgs};
pub(crate) use import::{ImportCommand, ImportOptions};
pub(crate) use key::KeyCommand;
pub(crate) use length::Length;
pub(crate) use login::{LOCAL, Login, OWN, SESSION, SSHD};
pub(crate) use moment::Moment;
pub(crate) use recovery::RecoveryCommand;
pub(crate) use since::Since;
pub(crate) use store::{StoreCommand, StoreKind};

/// Administer the two-factor login of users.
#[derive(Debug, Parser)]
#[command(version, about = messages::ABOUT, after_help = messages::AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// The command
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List users and the state of their two-factor login
    #[command(after_help = messages::LIST_HELP)]
    List {
        /// The filter
        #[command(flatten)]
        filter: FilterArgs,
        /// Only list members of this group
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the record of one user
    #[command(after_help = tfa_client::STATUS_JSON_HELP)]
    Show {
        /// The login name
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete the authenticators and backup codes of a user
    Reset {
        /// The login name
        user: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Assign a record to the new name or uid of a user
    #[command(after_help = messages::RENAME_HELP, override_usage = messages::RENAME_USAGE)]
    Rename {
        /// The name of the record
        #[arg(required_unless_present = "map")]
        old: Option<String>,
        /// The present name of the user; the same if only the uid has changed
        #[arg(required_unless_present = "map")]
        new: Option<String>,
        /// The uid on members, if they alone know the user
        #[arg(long, value_name = "UID")]
        uid: Option<u32>,
        /// Do the same for each line of this file: OLD NEW
        #[arg(long, value_name = "FILE", conflicts_with_all = ["old", "new", "uid"])]
        map: Option<PathBuf>,
    },
    /// Reset the wrong codes of a user and remove the locks
    Unlock {
        /// The login name
        user: String,
    },
    /// Add, list or remove the authenticators of a user
    #[command(disable_help_subcommand = true)]
    Authenticator {
        /// The command
        #[command(subcommand)]
        command: AuthenticatorCommand,
    },
    /// Export the keys of users for another program
    #[command(disable_help_subcommand = true, after_help = messages::EXPORT_HELP)]
    Export {
        /// The command
        #[command(subcommand)]
        command: ExportCommand,
    },
    /// Import the enrollments of another program
    #[command(disable_help_subcommand = true, after_help = messages::IMPORT_HELP)]
    Import {
        /// The command
        #[command(subcommand)]
        command: ImportCommand,
    },
    /// List or forget the remembered devices of a user
    #[command(disable_help_subcommand = true)]
    Devices {
        /// The command
        #[command(subcommand)]
        command: DevicesCommand,
    },
    /// Create an invitation code, with which a user can enroll
    #[command(after_help = messages::INVITE_HELP)]
    Invite {
        /// The login name
        user: String,
        /// Validity: 12h, 3d, "2 weeks", ...
        #[arg(long = "for", value_name = "LENGTH", default_value = "3d",
              value_parser = Length::of_invitation)]
        length: Length,
        /// The uid on members, if they alone know the user
        #[arg(long, value_name = "UID")]
        uid: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Do not ask a user for codes for some time
    #[command(after_help = messages::EXEMPT_HELP, override_usage = messages::EXEMPT_USAGE)]
    Exempt {
        /// The login name
        user: String,
        /// How long: 12h, 2d, "2 weeks", ... up to 90d
        #[arg(long = "for", value_name = "LENGTH", value_parser = Length::of_exemption,
              required_unless_present = "end")]
        length: Option<Length>,
        /// The reason, which the log and the user see
        #[arg(long, value_name = "TEXT", required_unless_present = "end")]
        reason: Option<String>,
        /// The uid on members, if they alone know the user
        #[arg(long, value_name = "UID")]
        uid: Option<u32>,
        /// End the exemption
        #[arg(long, conflicts_with_all = ["length", "reason", "uid", "json"])]
        end: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List what lets logins in without a second factor
    #[command(after_help = messages::EXEMPTIONS_HELP)]
    Exemptions {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Pause the two-factor login of a user
    #[command(after_help = messages::DISABLE_HELP)]
    Disable {
        /// The login name
        user: String,
        /// Exempt the user for this time instead: 12h, 2d, ...
        #[arg(long = "for", value_name = "LENGTH", value_parser = Length::of_exemption,
              requires = "reason")]
        length: Option<Length>,
        /// The reason for the exemption
        #[arg(long, value_name = "TEXT", requires = "length")]
        reason: Option<String>,
        /// The uid on members, if they alone know the user
        #[arg(long, value_name = "UID", requires = "length")]
        uid: Option<u32>,
    },
    /// End a pause and an exemption of a user
    Enable {
        /// The login name
        user: String,
    },
    /// Create the recovery code of this host, or show its state
    #[command(disable_help_subcommand = true)]
    Recovery {
        /// The command
        #[command(subcommand)]
        command: RecoveryCommand,
    },
    /// Write all records to a new file
    #[command(after_help = messages::BACKUP_HELP)]
    Backup(BackupArgs),
    /// Replace all records by those of a backup
    #[command(after_help = messages::RESTORE_HELP)]
    Restore(RestoreArgs),
    /// Make a fleet, and add verifiers to it
    #[command(disable_help_subcommand = true, after_help = messages::FLEET_HELP)]
    Fleet {
        /// The command
        #[command(subcommand)]
        command: FleetCommand,
    },
    /// Invite, list or remove the hosts of the fleet
    #[command(disable_help_subcommand = true, after_help = messages::FLEET_HELP)]
    Host {
        /// The command
        #[command(subcommand)]
        command: HostCommand,
    },
    /// Make this host a member of a fleet
    #[command(after_help = messages::JOIN_HELP)]
    Join {
        /// The token of tfactl host invite
        token: Option<String>,
        /// Do not ask whether a token for another name is meant
        #[arg(long)]
        yes: bool,
    },
    /// Find what is wrong with the two-factor login of this host
    #[command(after_help = messages::DOCTOR_HELP)]
    Doctor {
        /// Only report this finding; tfa-doctor(7) lists the ids
        #[arg(long, value_name = "ID", value_parser = doctor::known_id)]
        only: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Rotate the key that seals the records
    #[command(disable_help_subcommand = true)]
    Key {
        /// The command
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Move the accounts to another kind of store
    #[command(disable_help_subcommand = true)]
    Store {
        /// The command
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Print what the daemon has logged about logins and changes
    #[command(after_help = messages::LOG_HELP)]
    Log {
        /// Only entries about this user
        user: Option<String>,
        /// Only entries from this time on: 2d, 12h, 2026-12-01, ...
        #[arg(long, value_name = "TIME")]
        since: Option<Since>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Simulate a login, and print its outcome and the reason
    #[command(after_help = messages::EXPLAIN_HELP)]
    Explain {
        /// The login name
        user: String,
        /// The login
        #[command(flatten)]
        login: Login,
        /// SSH key (FILE.pub or SHA256:...), then the password
        #[arg(long, value_name = "KEY", conflicts_with = "security_key")]
        key: Option<PathBuf>,
        /// Time: 2026-12-01, "2026-12-01 08:00", +3d, ...
        #[arg(long, value_name = "DATE")]
        at: Option<Moment>,
        /// The uid on members, if they alone know the user
        #[arg(long, value_name = "UID", requires = "host")]
        uid: Option<u32>,
        /// The groups of the user, separated by commas
        #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
        groups: Option<Vec<String>>,
        /// Use this policy; FILE.d/*.toml is read after it
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check, simulate or publish a policy
    #[command(disable_help_subcommand = true)]
    Policy {
        /// The command
        #[command(subcommand)]
        command: PolicyCommand,
    },
}

/// The commands of `tfactl policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy for errors, without the daemon
    #[command(after_help = messages::CHECK_HELP)]
    Check {
        /// The file; FILE.d/*.toml is read after it
        #[arg(default_value = messages::POLICY_FILE)]
        file: PathBuf,
        /// Also fail if there is a warning
        #[arg(long)]
        strict: bool,
    },
    /// Print the outcome of a login for each user
    #[command(after_help = messages::IMPACT_HELP)]
    Impact {
        /// Use this policy; FILE.d/*.toml is read after it
        file: Option<PathBuf>,
        /// The login
        #[command(flatten)]
        login: Login,
        /// Time: 2026-12-01, "2026-12-01 08:00", +3d, ...
        #[arg(long, value_name = "DATE")]
        at: Option<Moment>,
        /// Print the logins that audit mode recorded instead
        #[arg(long, conflicts_with_all = ["file", "service", "from", "method", "at"])]
        recorded: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Publish a policy for all verifiers of the fleet
    #[command(after_help = messages::PUBLISH_HELP)]
    Publish {
        /// The file
        file: PathBuf,
        /// Do not ask before it is published
        #[arg(long)]
        yes: bool,
    },
    /// Print the published policy
    #[command(after_help = messages::SHOW_POLICY_HELP)]
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove the published policy
    #[command(after_help = messages::UNPUBLISH_HELP)]
    Unpublish {
        /// Do not ask before it is removed
        #[arg(long)]
        yes: bool,
    },
}

/// The filters of `list`, at most one.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(multiple = false)]
pub(crate) struct FilterArgs {
    /// Only list users who are asked for codes
    #[arg(long)]
    enabled: bool,
    /// Only list users who have not enrolled
    #[arg(long)]
    disabled: bool,
    /// Only list users who have paused two-factor login
    #[arg(long)]
    paused: bool,
    /// Only list users who are locked after wrong codes
    #[arg(long)]
    locked: bool,
    /// Only list users for whom two-factor login is required
    #[arg(long)]
    required: bool,
}

impl From<FilterArgs> for Filter {
    fn from(filter: FilterArgs) -> Self {
        match filter {
            FilterArgs { enabled: true, .. } => Self::Enabled,
            FilterArgs { disabled: true, .. } => Self::Disabled,
            FilterArgs { paused: true, .. } => Self::Paused,
            FilterArgs { locked: true, .. } => Self::Locked,
            FilterArgs { required: true, .. } => Self::Required,
            FilterArgs { .. } => Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_manual_has_every_command_and_option_and_no_others() {
        let page = include_str!("../../../man/tfactl.8");
        tfa_testkit::assert_manual_page(&super::Args::command(), page);
    }

    #[test]
    fn the_help_of_every_command_fits_80_columns() {
        tfa_testkit::assert_help_fits(super::Args::command());
    }
}
