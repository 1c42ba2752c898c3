//! Starts `tfa-fleet` for one thing, as the user that it always has. Only then does anything reach the network.

use std::fs::{self, DirBuilder};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::process::{Command, Stdio};

use nix::unistd::User;
use tfa_client::Failure;

use crate::messages;

const PROGRAM: &str = "/usr/sbin/tfa-fleet";
const SETSID: &str = "/usr/bin/setsid";
const SETPRIV: &str = "/usr/bin/setpriv";
const USER: &str = "tfa-fleet";
/// Where it keeps the key and the certificate of this host. systemd makes the same at the first start.
const STATE: &str = "/var/lib/tfa-fleet";
/// The files that it replaces when this host joins.
pub(super) const FILES: [&str; 2] = ["/var/lib/tfa-fleet/host.pem", "/var/lib/tfa-fleet/ca.pem"];

/// Has it do this, with an input that may hold a secret. Returns the lines of its output.
///
/// # Errors
/// Why it was not done, as it says.
pub(super) fn run(task: &str, input: &str) -> Result<Vec<String>, Failure> {
    let unusable = |why: &dyn std::fmt::Display| Failure::Refused(messages::no_fleet_program(why));
    let user = User::from_name(USER).map_err(|error| unusable(&error))?;
    let user = user.ok_or_else(|| unusable(&format!("there is no user {USER}")))?;
    let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
    make_folder(uid, gid).map_err(|error| unusable(&format!("{STATE}: {error}")))?;
    // Of a user without privileges, before its first instruction: in a session of its own, without the terminal and the
    // groups of root, and without a privilege that it could get back.
    let mut child = Command::new(SETSID)
        .args(["--wait", SETPRIV])
        .args([format!("--reuid={uid}"), format!("--regid={gid}")])
        .args(["--clear-groups", "--no-new-privs", "--inh-caps=-all"])
        .args(["--ambient-caps=-all", "--bounding-set=-all", "--"])
        .args([PROGRAM, task])
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| unusable(&format!("{SETSID}: {error}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| unusable(&error))?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return Ok(text.lines().map(str::to_owned).collect());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(match errors.lines().find(|line| !line.is_empty()) {
        Some(why) => Failure::Refused(why.to_owned()),
        None => unusable(&output.status),
    })
}

/// Makes the folder, if there is none. Its parent is root's alone.
fn make_folder(uid: u32, gid: u32) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(STATE) {
        Ok(()) => chown(STATE, Some(uid), Some(gid)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(STATE)?.is_dir() {
                true => Ok(()),
                false => Err(ErrorKind::NotADirectory.into()),
            }
        }
        Err(error) => Err(error),
    }
}
