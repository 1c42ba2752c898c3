//! The command lines of `tfactl fleet` and `tfactl host`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Length;
use crate::messages;

/// The port of a verifier, which the unit of tfa-fleet allows.
const PORT: &str = "7443";

/// The commands of `tfactl fleet`.
#[derive(Debug, Subcommand)]
pub(crate) enum FleetCommand {
    /// Make this host the first verifier of a fleet
    #[command(after_help = messages::FLEET_INIT_HELP)]
    Init {
        /// The name of this host, as members reach it
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The TCP port for members
        #[arg(long, value_name = "PORT", default_value = PORT,
              value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
        /// Keep the accounts in etcd: the URLs of its members
        #[arg(long, value_name = "URL", value_delimiter = ',')]
        etcd: Vec<String>,
    },
    /// Write the files with which further verifiers join
    #[command(after_help = messages::INVITE_VERIFIER_HELP)]
    InviteVerifier(InviteVerifierArgs),
    /// Make this host a further verifier of a fleet
    #[command(after_help = messages::JOIN_VERIFIER_HELP)]
    JoinVerifier(JoinVerifierArgs),
    /// Take this host out of its fleet
    #[command(after_help = messages::LEAVE_HELP)]
    Leave {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Leave while etcd does not answer
        #[arg(long)]
        without_etcd: bool,
    },
}

/// The arguments of `tfactl fleet invite-verifier`.
#[derive(Debug, clap::Args)]
pub(crate) struct InviteVerifierArgs {
    /// The names of those hosts
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// The file, instead of NAME.invite
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Validity: 10m, 1h, 3d, up to 7d
    #[arg(long = "for", value_name = "LENGTH", default_value = "1h",
          value_parser = Length::of_host_invitation)]
    pub(crate) length: Length,
    /// Its TCP port for members
    #[arg(long, value_name = "PORT", default_value = PORT,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// Read the passphrase (first line) from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// The arguments of `tfactl fleet join-verifier`.
#[derive(Debug, clap::Args)]
pub(crate) struct JoinVerifierArgs {
    /// The file of tfactl fleet invite-verifier
    pub(crate) file: PathBuf,
    /// Read the passphrase (first line) from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// The commands of `tfactl host`.
#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// Make a token, with which a host joins the fleet
    #[command(after_help = messages::HOST_INVITE_HELP)]
    Invite {
        /// The name of the host
        name: String,
        /// Validity: 10m, 1h, 3d, ... up to 7d
        #[arg(long = "for", value_name = "LENGTH", default_value = "1h",
              value_parser = Length::of_host_invitation)]
        length: Length,
        /// Invite a verifier, which is as trusted as this one
        #[arg(long)]
        verifier: bool,
        /// The TCP port of that verifier for members
        #[arg(long, value_name = "PORT", default_value = PORT, requires = "verifier",
              value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the hosts of the fleet, and the open invitations
    #[command(after_help = messages::HOST_LIST_HELP)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a host: it is refused at once
    #[command(after_help = messages::HOST_REMOVE_HELP)]
    Remove {
        /// The name of the host
        name: String,
        /// Do not ask about this host, or a name that is not in the list
        #[arg(long)]
        yes: bool,
    },
    /// Admit a removed host again, with its certificate
    #[command(after_help = messages::HOST_READMIT_HELP)]
    Readmit {
        /// The name of the host
        name: String,
    },
}
