//! `tfactl fleet leave`.

use std::path::Path;

use tfa_text::wrapped;

use super::MAX_WIDTH;

pub(crate) const LEAVE_HELP: &str = "\
A member no longer asks the verifiers. A verifier no longer has the accounts of
the fleet in etcd; another one must have them. The host keeps its own policy,
/etc/tfa/tfad.toml, and has no accounts: the command says what that means for
logins, and asks. It deletes the certificate of the host, its bound codes, and
the files that tfactl has written for the fleet. The sealing key of a verifier
is kept in /var/lib/tfa, as key.left-fleet. With --without-etcd, a verifier
leaves an etcd that does not answer: whether another one has the accounts is not
known then. Where etcd answers, the only verifier does not leave with it either.
An interrupted command can be run again. Only root can do that.";

pub(crate) const LEAVING_NEEDS_SYSTEMD: &str = "\
systemd does not run here, so the host cannot leave its fleet with this command.
Nothing was changed";

pub(crate) const LEAVING_NEEDS_YES: &str = "\
A host leaves its fleet after a question, and this is not a terminal.
Nothing was changed. To leave without the question, add --yes";

pub(crate) const IN_NO_FLEET: &str = "this host is in no fleet. Nothing was changed";

pub(crate) const HAS_THE_ACCOUNTS: &str = "\
this host has the accounts of its fleet in its database, and no other one has
them. It can leave when another verifier has them as well: tfactl store migrate
--to etcd, then tfactl fleet invite-verifier. Without further hosts, end the
fleet as tfa-fleet-setup(7) says: Leaving a fleet. Nothing was changed";

pub(crate) const IS_LAST_VERIFIER: &str = "\
this host is the only verifier with a certificate, so no other one may have the
accounts and their key: tfactl host list. Let another one join first: tfactl
fleet invite-verifier. Nothing was changed";

pub(crate) const MAY_BE_LAST_VERIFIER: &str = "\
the certificate of this host cannot be read, so the only verifier in the list of
hosts may be this one: tfactl host list. If another one stays, add
--without-etcd. Nothing was changed";

/// Follows [`leaving`].
pub(crate) const MAY_BE_LAST_UNLISTED: &str = "\
The fleet has not made its certificates itself, so it is not known whether
another verifier stays. If none does, the sealing key that is kept here may be
the only one.";

/// Follows [`leaving`].
pub(crate) const MAY_BE_LAST_UNKNOWN: &str = "\
The list of hosts in etcd cannot be read, so
it is not known whether another verifier stays. If none does, the sealing key
that is kept here may be the only one.";

/// Follows [`leaving`].
pub(crate) const MAY_BE_LAST_UNNAMED: &str = "\
The certificate of this host cannot be read, so the only verifier in the list of
hosts may be this one. Then the sealing key that is kept here is the only one.";

pub(crate) const ASK_TO_LEAVE: &str = "Leave the fleet? [y/N] ";

pub(crate) const NOT_LEFT: &str = "Nothing was changed.";

pub(crate) const LEAVE_AGAIN: &str = "\
The host has not left its fleet whole. Mend what follows, then run again:
tfactl fleet leave";

/// A file that `tfactl` has not written.
pub(crate) fn changed_by_hand(path: &Path) -> String {
    format!(
        "{} was not written by tfactl, or was changed: move its lines that name\n\
         the role or the store away first. Nothing was changed",
        path.display()
    )
}

/// What follows for logins on this host, and for its codes.
pub(crate) fn leaving(is_verifier: bool, mode: &str, has_rules: bool) -> String {
    let what = match is_verifier {
        true => "This verifier gives up the accounts of the fleet. They stay in etcd.",
        false => {
            "This member no longer asks the verifiers of its fleet. Codes that are bound to it are deleted."
        }
    };
    let then = match mode {
        "required" => "no user has enrolled here, and must, or is refused",
        "off" => "all users log in with the password alone",
        _ => "all users log in with the password alone until they enroll here",
    };
    let rules = match has_rules {
        true => "where none of its rules says otherwise, ",
        false => "",
    };
    let text = format!(
        "{what} Then /etc/tfa/tfad.toml of this host decides, with mode = \"{mode}\": {rules}{then}. See: tfactl policy check"
    );
    wrapped(&text, MAX_WIDTH)
}

/// What an interrupted command has left.
pub(crate) const LEAVING_THE_REST: &str = "\
This host is in no fleet, and has files of one. They are deleted.";

pub(crate) const LEFT: &str = "This host has left its fleet.";

/// The certificate of the host ends later.
pub(crate) fn still_in_the_list(host: Option<&str>) -> String {
    match host {
        Some(host) => {
            format!("On a verifier of that fleet, run, if you have not: tfactl host remove {host}")
        }
        None => "On a verifier of that fleet, run, if you have not: tfactl host remove NAME\n\
                 with the name that this host has in: tfactl host list"
            .to_owned(),
    }
}

/// The sealing key is kept.
pub(crate) fn sealing_key_kept(path: &str) -> String {
    format!(
        "The sealing key of the fleet is kept: {path}\n\
         When a user could log in on another verifier, delete it: shred -u {path}"
    )
}

/// etcd is beside tfa.
pub(crate) const STILL_A_NODE: &str = "\
This host can still read and write etcd. Take it out of it, if it does not join
again: tfa-fleet-setup(7), Leaving a fleet.";

/// A configuration that was written by hand.
pub(crate) fn config_kept(path: &Path, aside: &Path) -> String {
    format!(
        "{} was written by hand. It is kept: {}",
        path.display(),
        aside.display()
    )
}
