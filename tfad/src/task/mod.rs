//! Tasks that `tfactl` starts this program for, beside the daemon: `tfad --task NAME ...`.
//!
//! A task needs the store and its key, which `tfactl` does not know, and files of the administrator,
//! which the daemon's sandbox does not show. It reports as in [`tfa_text::task`].

mod backup;
mod credentials;
mod leave;
mod migrate;
mod report;
mod restore;
mod rotate_key;
mod service;
mod store_drop_in;
mod verifier;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tfa_store::{KeptIn, StateDir, etcd, is_member, is_migrating};
use tfa_text::task::OPTION;

use crate::config::{Config, StoreKind, Trust};
use crate::host::hardening;
use report::Report;

/// The state directory of the daemon.
const STATE: &str = "/var/lib/tfa";

/// The configuration of the daemon.
const CONFIG: &str = "/etc/tfa/tfad.toml";

const IN_ETCD: &str = "the accounts of this host are in etcd, and this version backs up, restores and seals \
                       anew only those of a database. Save a snapshot of etcd (etcdctl snapshot save) and \
                       the sealing key";

const WITH_VERIFIERS: &str = "this host is a member of a fleet, and the verifiers keep its accounts. Run the command \
                              on a verifier";

const MIGRATING: &str = "a migration of the accounts is under way. End it with the command that was begun: tfactl store \
                         migrate. One to etcd is given up with: tfactl store migrate --to sqlite";

/// Whether the configuration names etcd for the accounts, or the state directory shows that they are there:
/// a configuration with an error does not tell.
fn is_in_etcd(state_dir: &StateDir) -> bool {
    if is_migrating(state_dir) {
        return etcd::is_used(state_dir);
    }
    let config = Config::read(Path::new(CONFIG), &Trust::own());
    config.is_ok_and(|config| config.store == StoreKind::Etcd) || etcd::is_used(state_dir)
}

/// What the command line asks for.
#[derive(Debug, Default)]
struct Request {
    name: String,
    state: PathBuf,
    file: PathBuf,
    with_key: bool,
    force: bool,
    void_backup_codes: bool,
    /// A token follows the passphrase on the standard input.
    with_token: bool,
    /// Checks the way to etcd.
    reach: bool,
    /// Leaves the store without a question to etcd.
    without_etcd: bool,
    /// The name of the invited verifier.
    host: String,
    /// Its TCP port.
    port: u16,
    /// What the key file was before.
    key_before: String,
    /// Where accounts are moved to.
    to: Option<KeptIn>,
}

/// Does the task that these arguments ask for, if they do: all that follow the name of the program.
#[must_use]
pub fn run(arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.peekable();
    arguments.next_if(|first| first == OPTION)?;
    // Secrets are in this memory for seconds. Where it cannot be locked, the task goes on.
    let _ = hardening::protect_memory();
    let request = request(arguments);
    let has_token = request.as_ref().is_some_and(|request| request.with_token);
    let mut report = Report::begin(has_token);
    let Some(request) = request else {
        report.refuse(
            "usage",
            "this task is not known: tfad and tfactl differ in version",
        );
        return Some(ExitCode::from(2));
    };
    let state_dir = StateDir {
        path: request.state.clone(),
        credentials: credentials::directory(),
    };
    let left = leave::run(&state_dir, &request, &report);
    if let Some(done) = left.or_else(|| verifier::run(&state_dir, &request, &mut report)) {
        return Some(if done {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    if request.name != "migrate" && is_in_etcd(&state_dir) {
        report.refuse("refused", IN_ETCD);
        return Some(ExitCode::FAILURE);
    }
    if is_member(&state_dir) {
        report.refuse("refused", WITH_VERIFIERS);
        return Some(ExitCode::FAILURE);
    }
    if matches!(request.name.as_str(), "restore" | "rotate-key") && is_migrating(&state_dir) {
        report.refuse("refused", MIGRATING);
        return Some(ExitCode::FAILURE);
    }
    let done = match request.name.as_str() {
        "backup" => backup::run(&state_dir, &request, &mut report),
        "migrate" => migrate::run(&state_dir, &request, &mut report),
        "restore" => restore::run(&state_dir, &request, &mut report),
        "rotate-key" => rotate_key::run(&state_dir, &mut report),
        _ => {
            report.refuse(
                "usage",
                "this task is not known: tfad and tfactl differ in version",
            );
            return Some(ExitCode::from(2));
        }
    };
    Some(if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn request(mut arguments: impl Iterator<Item = OsString>) -> Option<Request> {
    let mut request = Request {
        name: arguments.next()?.into_string().ok()?,
        state: PathBuf::from(STATE),
        ..Request::default()
    };
    while let Some(argument) = arguments.next() {
        match argument.to_str()? {
            "--state" => request.state = PathBuf::from(arguments.next()?),
            "--file" => request.file = PathBuf::from(arguments.next()?),
            "--with-key" => request.with_key = true,
            "--with-token" => request.with_token = true,
            "--reach" => request.reach = true,
            "--without-etcd" => request.without_etcd = true,
            "--host" => request.host = arguments.next()?.into_string().ok()?,
            "--port" => request.port = arguments.next()?.to_str()?.parse().ok()?,
            "--key-before" => request.key_before = arguments.next()?.into_string().ok()?,
            "--force" => request.force = true,
            "--to" => {
                request.to = match arguments.next()?.to_str()? {
                    "etcd" => Some(KeptIn::Etcd),
                    "sqlite" => Some(KeptIn::Database),
                    _ => return None,
                }
            }
            "--void-backup-codes" => request.void_backup_codes = true,
            _ => return None,
        }
    }
    Some(request)
}
