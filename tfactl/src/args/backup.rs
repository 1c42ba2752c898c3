//! The command lines of `tfactl backup` and `tfactl restore`.

use std::path::PathBuf;

/// The arguments of `tfactl backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The file, which must not exist
    pub(crate) file: PathBuf,
    /// Add the sealing key, encrypted to a passphrase
    #[arg(long)]
    pub(crate) with_key: bool,
    /// Read the passphrase (first line) from this file
    #[arg(long, value_name = "FILE", requires = "with_key")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `tfactl restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    pub(crate) file: PathBuf,
    /// Read the passphrase (first line) from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Replace records of this host that differ
    #[arg(long)]
    pub(crate) force: bool,
    /// Delete all backup codes, used or not
    #[arg(long)]
    pub(crate) void_backup_codes: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
