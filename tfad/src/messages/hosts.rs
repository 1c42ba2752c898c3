//! The hosts of a fleet, and their certificates.

use std::fmt::Display;
use std::path::Path;

use tfa_core::{HostRefusal, JoinRefusal};
use tfa_proto::Error;

use crate::fleet::REMOVALS_FILE;

/// The fleet has certificates of the organisation, or is none yet.
pub const NO_AUTHORITY: &str = "this fleet has no authority of its own. To make one, run on a verifier: \
     tfactl fleet init";
/// This host has made no fleet, and has joined none.
pub const IN_NO_FLEET: &str = "this host is in no fleet. To make one, run: tfactl fleet init";
/// The signature does not fit the key.
pub const NO_PROOF: &str = "the host has not proved that it has the key";
/// The quota of a host for certificates is used up.
pub const CERTIFIED_TOO_OFTEN: &str =
    "this host has had several certificates within a minute; try again in a minute";
/// Too many certificates are being signed.
pub const CA_BUSY: &str = "other certificates are being signed; try again";
/// The program that signs certificates is of another version.
pub const CA_OTHER_REPLY: &str =
    "tfa-fleet-ca is of another version than tfad: install both packages anew";
/// The documents of the fleet change all the time.
pub const HOSTS_CONTENDED: &str = "other calls change the hosts of the fleet; try again";
/// No document of a verifier has a port.
pub const NO_VERIFIER_TO_NAME: &str = "no verifier is known at which the host could join. Run on a verifier: \
     tfactl fleet init";

/// A verifier accepts hosts nowhere.
pub const NO_PORT: &str = "a port is 1 to 65535";

/// The time of an invitation is out of range.
#[must_use]
pub fn bad_host_invitation_time() -> Error {
    Error::InvalidArgument("the invitation of a host is valid for one minute to 7 days".to_owned())
}

/// A name that no host has.
#[must_use]
pub fn not_a_host_name(why: &dyn Display) -> Error {
    Error::InvalidArgument(format!("this is not the name of a host: {why}"))
}

/// A host may not speak. The text is for the log of that host.
#[must_use]
pub fn host_refused(why: &HostRefusal) -> String {
    format!(
        "the verifier refuses this host, because {why}. To let it join: tfactl host invite, on a verifier"
    )
}

/// A host may not join.
#[must_use]
pub fn join_refused(why: &JoinRefusal) -> String {
    format!(
        "the verifier refuses the invitation: {why}. Make a new one: tfactl host invite, or for a verifier: \
         tfactl fleet invite-verifier"
    )
}

/// A document of the fleet cannot be decoded.
#[must_use]
pub fn damaged_document(document: &dyn Display) -> String {
    format!(
        "the document \"{document}\" of the fleet is damaged, or a later version has written it"
    )
}

/// The file of removals has other contents.
#[must_use]
pub fn removals_damaged() -> String {
    format!(
        "{REMOVALS_FILE} in the state directory is damaged. Members are refused here. Compare `tfactl host list` with \
         the hosts that were removed, remove again what is missing, and then delete the file"
    )
}

/// A removal is not on the disk of this verifier.
#[must_use]
pub fn removals_not_kept(why: &dyn Display) -> String {
    format!(
        "a removal of a host cannot be kept in {REMOVALS_FILE} of the state directory: {why}. It holds until tfad \
         ends, and is written with a later call"
    )
}

/// The program that signs certificates cannot be used.
#[must_use]
pub fn ca_failed(program: &Path, error: &dyn Display) -> String {
    let program = program.display();
    format!("{program} failed: {error}. It is part of the package tfa-fleet")
}

/// The program that signs certificates does not sign.
#[must_use]
pub fn ca_refused(why: &dyn Display) -> String {
    format!("the certificate cannot be made: {why}")
}

/// A key in etcd that `tfad` has not written. Bytes that are not ASCII text are escaped.
#[must_use]
pub fn key_left_out(key: &str) -> String {
    format!(
        "etcd has a key that tfad has not written, and that is left out: {key}. Find out who can write to \
         etcd, and remove the key"
    )
}

/// The host is not refused.
#[must_use]
pub fn host_was_not_removed(host: &str) -> String {
    format!("{host} was not removed")
}

/// In a fleet with an authority, a host that was removed joins again.
#[must_use]
pub fn readmitted_by_invitation(host: &str) -> String {
    format!(
        "{host} joins again with a token: tfactl host invite {host}, or, if it was a verifier, with a file: \
         tfactl fleet invite-verifier {host}"
    )
}

/// The last verifier stays.
#[must_use]
pub fn last_verifier(host: &str) -> String {
    format!("{host} is the only verifier of the fleet. Let another one join first")
}
