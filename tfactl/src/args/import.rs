//! The command line of `tfactl import`.

use std::ffi::OsString;
use std::path::PathBuf;

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
        /// Import although the policy wants invitations
        #[arg(long)]
        without_invitation: bool,
        /// What to do
        #[command(flatten)]
        options: ImportOptions,
    },
    /// Import users.oath, the file of pam_oath
    #[command(after_help = messages::IMPORT_LIST_HELP)]
    Oath {
        /// The file
        file: PathBuf,
        /// What to do
        #[command(flatten)]
        options: ImportOptions,
    },
    /// Import otpauth:// URIs, one in each line
    #[command(after_help = messages::IMPORT_URI_HELP)]
    Otpauth {
        /// The file; - reads the standard input
        file: PathBuf,
        /// What to do
        #[command(flatten)]
        options: ImportOptions,
    },
    /// Import the export of the app Google Authenticator
    #[command(after_help = messages::IMPORT_MIGRATION_HELP)]
    OtpauthMigration {
        /// otpauth-migration://...; - reads the standard input
        uri: OsString,
        /// What to do
        #[command(flatten)]
        options: ImportOptions,
    },
    /// Import a key container of RFC 6030 (PSKC)
    #[command(after_help = messages::IMPORT_PSKC_HELP)]
    Pskc {
        /// The file
        file: PathBuf,
        /// A file with the passphrase
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// A file with the key of the container, in hex
        #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
        key_file: Option<PathBuf>,
        /// A file with the user of each token: SERIAL USER
        #[arg(long, value_name = "FILE")]
        users: Option<PathBuf>,
        /// What to do
        #[command(flatten)]
        options: ImportOptions,
    },
    /// Import the keys of tokens from a CSV file
    #[command(after_help = messages::IMPORT_CSV_HELP)]
    OathCsv {
        /// The file
        file: PathBuf,
        /// A file with the user of each token: SERIAL USER
        #[arg(long, value_name = "FILE")]
        users: Option<PathBuf>,
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
