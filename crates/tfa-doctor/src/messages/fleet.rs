//! Faults of a member or a verifier of a fleet.

use tfa_text::time::rfc3339;

use super::{list, remedy, sentence};
use crate::finding::{Kind, Severity};
use crate::fleet::FleetRole;
use crate::shell::quoted;

/// The file that shows that verifiers have the accounts.
pub(crate) const MEMBER_MARK: &str = "fleet.member";
/// The file that shows that etcd has the accounts.
pub(crate) const ETCD_MARK: &str = "etcd.id";
/// The socket at which the daemon of a verifier takes the calls of members.
pub(crate) const MEMBER_SOCKET: &str = "/run/tfa/fleet";
/// Where tfa-fleet keeps the certificates that the fleet has made.
pub(crate) const FLEET_STATE: &str = "/var/lib/tfa-fleet/";
/// The name of a finding about a file that the fleet has made.
pub(crate) const BY_FLEET: &str = "the fleet";
/// The detail of a unit that is masked.
pub(crate) const FLEET_MASKED: &str = "masked";

/// The role as a key of tfad.toml.
pub(crate) const fn role(role: Option<FleetRole>) -> &'static str {
    match role {
        None => "no role",
        Some(FleetRole::Member) => "role = \"member\"",
        Some(FleetRole::Verifier) => "role = \"verifier\"",
    }
}

/// The detail of a certificate that has ended.
pub(crate) fn ended(end: u64) -> String {
    format!("its time was over at {}", rfc3339(end))
}

/// The detail of a certificate that will end.
pub(crate) fn ends(end: u64) -> String {
    rfc3339(end)
}

pub(super) const LOG: &str = "journalctl -u tfa-fleet -n 50";
pub(super) const RESTART: &str = "systemctl restart tfa-fleet";
const START: &str = "systemctl enable --now tfa-fleet";
const UNMASK: &str = "systemctl unmask tfa-fleet";

pub(crate) const FLEET_NOT_INSTALLED: Kind = Kind {
    id: "fleet-not-installed",
    severity: Severity::LockOut,
    why: "Without tfa-fleet a member reaches no verifier, and a verifier neither its members nor etcd: these logins are \
          refused.",
    what: |_| "This host is in a fleet, and the program tfa-fleet is not installed.".to_owned(),
    remedy: |_| {
        remedy(
            "Install the package, and start its unit.",
            &["apt-get install tfa-fleet", START],
        )
    },
};

pub(crate) const FLEET_NOT_RUNNING: Kind = Kind {
    id: "fleet-not-running",
    severity: Severity::LockOut,
    why: FLEET_NOT_INSTALLED.why,
    what: |subject| match subject.detail.as_str() {
        FLEET_MASKED => "The unit of tfa-fleet is masked, and does not run.".to_owned(),
        _ => "The program tfa-fleet does not run.".to_owned(),
    },
    remedy: |subject| match subject.detail.as_str() {
        FLEET_MASKED => remedy("Unmask and start it.", &[UNMASK, START]),
        _ => remedy(
            "Start it, and read the log if it does not start.",
            &[START, LOG],
        ),
    },
};

pub(crate) const FLEET_NOT_ENABLED: Kind = Kind {
    id: "fleet-not-enabled",
    severity: Severity::LockOut,
    why: "After the next boot tfa-fleet does not run, and the logins that need it are refused.",
    what: |_| "The program tfa-fleet runs, and the boot does not start it.".to_owned(),
    remedy: |subject| match subject.detail.as_str() {
        FLEET_MASKED => remedy("Unmask and enable its unit.", &[UNMASK, START]),
        _ => remedy("Enable its unit.", &[START]),
    },
};

pub(crate) const FLEET_CONFIG_ERROR: Kind = Kind {
    id: "fleet-config-error",
    severity: Severity::LockOut,
    why: "tfa-fleet does not start with it. One that runs goes on until its next start.",
    what: |subject| {
        let (place, why) = (&subject.place, sentence(&subject.detail));
        format!("{place} cannot be used: {why}")
    },
    remedy: |subject| {
        remedy(
            "Correct it as tfa-fleet(8) says. The user tfa-fleet must be able to read it.",
            &[&format!("ls -l {}", quoted(&subject.place)), RESTART],
        )
    },
};

pub(crate) const FLEET_CERTIFICATE_UNUSABLE: Kind = Kind {
    id: "fleet-certificate-unusable",
    severity: Severity::LockOut,
    why: FLEET_CONFIG_ERROR.why,
    what: |subject| {
        let (place, why) = (&subject.place, sentence(&subject.detail));
        format!("The certificate or key {place} cannot be used: {why}")
    },
    remedy: |subject| match subject.names.is_empty() {
        true => remedy(
            "Put the file right: the user tfa-fleet must read it, and others must not read a key.",
            &[&format!("ls -l {}", quoted(&subject.place)), RESTART],
        ),
        false => remedy(JOIN_AGAIN, JOIN),
    },
};

/// How a host gets a new certificate of its fleet.
const JOIN_AGAIN: &str = "Have the host join again, as tfa-fleet-setup(7) says: \"tfactl host invite NAME\" on a verifier prints a \
                          token. A verifier joins with \"tfactl fleet join-verifier\", the first one with \"tfactl fleet \
                          init\".";
const JOIN: &[&str] = &["ls -l /var/lib/tfa-fleet", "tfactl join"];

pub(crate) const FLEET_CERTIFICATE_ENDED: Kind = Kind {
    id: "fleet-certificate-ended",
    severity: Severity::LockOut,
    why: "Other hosts refuse the connections of this host.",
    what: |subject| {
        let (place, why) = (&subject.place, sentence(&subject.detail));
        format!("The certificate {place} has ended: {why}")
    },
    remedy: |subject| match subject.names.is_empty() {
        true => remedy(
            "Check the clock. Then replace the certificate, and have tfa-fleet read it.",
            &["timedatectl", RESTART],
        ),
        false => remedy(JOIN_AGAIN, &["timedatectl", "tfactl join"]),
    },
};

pub(crate) const FLEET_CERTIFICATE_EARLY: Kind = Kind {
    id: "fleet-certificate-early",
    severity: Severity::LockOut,
    why: FLEET_CERTIFICATE_ENDED.why,
    what: |subject| {
        let (place, why) = (&subject.place, sentence(&subject.detail));
        format!("The certificate {place} is not valid yet by the clock of this host: {why}")
    },
    remedy: |_| remedy("Set the clock of this host.", &["timedatectl", RESTART]),
};

pub(crate) const FLEET_CERTIFICATE_ENDS: Kind = Kind {
    id: "fleet-certificate-ends",
    severity: Severity::Risk,
    why: "When it has ended, other hosts refuse the connections of this host.",
    what: |subject| {
        let (place, end) = (&subject.place, &subject.detail);
        match subject.names.is_empty() {
            true => format!("The certificate {place} ends at {end}."),
            false => format!(
                "The certificate {place} ends at {end}, and tfa-fleet has not renewed it, which it does ten days before."
            ),
        }
    },
    remedy: |subject| match subject.names.is_empty() {
        true => remedy(
            "Replace the certificate, and have tfa-fleet read it.",
            &["systemctl reload tfa-fleet"],
        ),
        false => remedy(
            "The log says why. If no verifier renews it before its end, the host must join again.",
            &[
                "journalctl -u tfa-fleet -g renew",
                "systemctl restart tfa-fleet",
            ],
        ),
    },
};

pub(crate) const FLEET_FILE_WRITABLE: Kind = Kind {
    id: "fleet-file-writable",
    severity: Severity::Hole,
    why: "A user who can write it decides which verifiers answer the logins of this host, or who speaks for it.",
    what: |subject| {
        let (path, owner) = (&subject.place, &subject.detail);
        format!("{path} can be written by others than root and tfa-fleet ({owner}).")
    },
    remedy: |subject| {
        let path = quoted(&subject.place);
        remedy(
            "Look at what it contains. Give it to root; a key belongs to tfa-fleet, with mode 600.",
            &[&format!("chmod go-w {path}"), &format!("ls -ld {path}")],
        )
    },
};

pub(crate) const FLEET_NAME_DIFFERS: Kind = Kind {
    id: "fleet-name-differs",
    severity: Severity::Advice,
    why: "Rules with hosts apply by the name in the certificate on verifiers, and by the name of the host here.",
    what: |subject| {
        let (certified, name) = (&subject.detail, list(&subject.names));
        format!("The certificate of this host names {certified}, and its host name is {name}.")
    },
    remedy: |subject| {
        remedy(
            "Set the host name; or have the host join again with its present name.",
            &[&format!("hostnamectl hostname {}", quoted(&subject.detail))],
        )
    },
};

pub(crate) const FLEET_MARK_DIFFERS: Kind = Kind {
    id: "fleet-mark-differs",
    severity: Severity::LockOut,
    why: "With accounts of its own, a user who has enrolled in the fleet would be asked for no code. So the daemon \
          refuses all logins at its next start.",
    what: |subject| match subject.place.ends_with(ETCD_MARK) {
        true => format!(
            "{} shows that the accounts of this host are in etcd, and tfad.toml does not have kind = \"etcd\" in [store].",
            subject.place
        ),
        false => format!(
            "{} shows that this host is a member of a fleet, and tfad.toml does not have role = \"member\" in [fleet].",
            subject.place
        ),
    },
    remedy: |_| {
        remedy(
            "Set the key again, in tfad.toml or a drop-in, and restart the daemon. If the host has left for good, the mark is \
             what is wrong: decide that before you remove it.",
            &["# edit /etc/tfa/tfad.toml", "systemctl restart tfad"],
        )
    },
};

pub(crate) const FLEET_ROLE_NOT_IN_FORCE: Kind = Kind {
    id: "fleet-role-not-in-force",
    severity: Severity::Risk,
    why: "The next start of the daemon, as at the next boot, gives the host this role, perhaps unexpectedly.",
    what: |subject| {
        format!(
            "The configuration on disk has {}, and the daemon has another role since its start.",
            subject.detail
        )
    },
    remedy: |_| {
        remedy(
            "Restart the daemon while a session is open, or correct [fleet].",
            &["systemctl restart tfad"],
        )
    },
};

pub(crate) const FLEET_OLD_ACCOUNTS: Kind = Kind {
    id: "fleet-old-accounts",
    severity: Severity::Risk,
    why: "A member uses no database of its own. It has the secrets of the users who had enrolled on the host where it was made.",
    what: |subject| {
        format!(
            "This host is a member of a fleet, and {} was changed since it became one.",
            subject.place
        )
    },
    remedy: |_| {
        remedy(
            "Put the database aside, to a place that only root can read, or remove it.",
            &[
                "install -d -m 700 /root/old-tfa",
                "mv /var/lib/tfa/accounts.db* /root/old-tfa/",
            ],
        )
    },
};
