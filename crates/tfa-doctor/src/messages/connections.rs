//! Faults of what a host of a fleet is connected to: verifiers, members, etcd.

use super::fleet::{LOG, RESTART};
use super::{list, remedy, sentence};
use crate::finding::{Kind, Severity};

/// The detail of a member without verifiers.
pub(crate) const NO_VERIFIERS: &str = "tfa-fleet.toml names none";
/// The detail of a store in etcd without etcd.
pub(crate) const NO_ETCD: &str = "tfa-fleet.toml has no [etcd]";
/// The detail of a peer that was not tried yet.
pub(crate) const NO_CONNECTION_YET: &str = "no connection is open yet";

/// The detail of clocks that differ.
pub(crate) fn seconds_apart(ms: i64) -> String {
    let seconds = ms.unsigned_abs() / 1000;
    match ms < 0 {
        true => format!("{seconds} seconds behind"),
        false => format!("{seconds} seconds ahead"),
    }
}

pub(crate) const FLEET_NO_VERIFIER: Kind = Kind {
    id: "fleet-no-verifier",
    severity: Severity::LockOut,
    why: "Verifiers answer the logins of a member. While none does, logins are refused, but for those that the policy of the \
          member lets in offline.",
    what: |subject| {
        let why = sentence(&subject.detail);
        match subject.names.is_empty() {
            true => format!("This host has no verifier: {why}"),
            false => format!("No verifier is connected ({}): {why}", list(&subject.names)),
        }
    },
    remedy: |subject| match subject.names.is_empty() {
        true => remedy(
            "Name the verifiers of the fleet, as tfa-fleet(8) says.",
            &["# edit /etc/tfa/tfa-fleet.toml", RESTART],
        ),
        false => remedy(
            "Look at the network, and at tfa-fleet on the verifiers. If a certificate is refused, look at both.",
            &[LOG],
        ),
    },
};

pub(crate) const FLEET_SOME_VERIFIERS: Kind = Kind {
    id: "fleet-some-verifiers",
    severity: Severity::Risk,
    why: "Logins go on with the others. Where these fail too, logins are refused.",
    what: |subject| {
        let (names, why) = (list(&subject.names), sentence(&subject.detail));
        format!("Some verifiers are not connected ({names}): {why}")
    },
    remedy: FLEET_NO_VERIFIER.remedy,
};

/// Asks each member of etcd, with the certificates of the script for etcd.
const ETCD_HEALTH: &str = "etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/ca.pem --cert /etc/etcd/host.pem \
                           --key /etc/etcd/key.pem endpoint health --cluster";

/// The line of tfa-fleet.toml that names these verifiers, each as `NAME:PORT`.
pub(crate) fn line_of_verifiers(addresses: &[&String]) -> String {
    let quoted: Vec<String> = addresses.iter().map(|one| format!("\"{one}\"")).collect();
    format!("verifiers = [{}]", quoted.join(", "))
}

pub(crate) const FLEET_VERIFIER_NOT_IN_FLEET: Kind = Kind {
    id: "fleet-verifier-not-in-fleet",
    severity: Severity::Risk,
    why: "A verifier that was removed can still answer the logins of this host: its certificate is valid until it ends.",
    what: |subject| {
        let (path, names) = (&subject.place, list(&subject.names));
        format!("{path} names what is not a verifier of the fleet now: {names}.")
    },
    remedy: |subject| {
        let line = &subject.detail;
        remedy(
            "Compare with \"tfactl host list\" on a verifier. If it was removed, replace the line of \"verifiers\", and \
             take its name out of \"addresses\" as well.",
            &[&format!("# edit {}: {line}", subject.place), RESTART],
        )
    },
};

pub(crate) const FLEET_HOST_REFUSED: Kind = Kind {
    id: "fleet-host-refused",
    severity: Severity::LockOut,
    why: "A verifier that refuses this host answers none of its logins.",
    what: |subject| {
        let (names, why) = (list(&subject.names), sentence(&subject.detail));
        format!("The last login on this host was refused to it by {names}: {why}")
    },
    remedy: |_| {
        remedy(
            "If the host belongs to the fleet, invite it again on a verifier with \"tfactl host invite NAME\", and join.",
            &["tfactl join"],
        )
    },
};

pub(crate) const FLEET_CLOCK: Kind = Kind {
    id: "fleet-clock",
    severity: Severity::Risk,
    why: "Certificates, and dates in the policy, are compared with the clock. A difference of hours ends the connections.",
    what: |subject| {
        let (names, apart) = (list(&subject.names), &subject.detail);
        format!("Compared with this host, the clock of {names} is {apart}.")
    },
    remedy: |_| {
        remedy(
            "Synchronise the clock of this host, and those of the verifiers.",
            &["timedatectl set-ntp true"],
        )
    },
};

pub(crate) const FLEET_CLOCK_FAR: Kind = Kind {
    id: "fleet-clock-far",
    severity: Severity::LockOut,
    why: "A verifier whose clock is wrong takes right codes for wrong ones, and counts them until the user is locked.",
    what: FLEET_CLOCK.what,
    remedy: |_| {
        remedy(
            "Find out which host has the wrong time, and synchronise its clock: this one, or the verifier.",
            &["timedatectl", "timedatectl set-ntp true"],
        )
    },
};

pub(crate) const FLEET_NOT_LISTENING: Kind = Kind {
    id: "fleet-not-listening",
    severity: Severity::LockOut,
    why: "No member can connect to this verifier.",
    what: |subject| {
        format!(
            "This host is a verifier, and {} has no \"listen\".",
            subject.place
        )
    },
    remedy: |_| {
        remedy(
            "Add the line listen = [\"[::]:7443\"] to it.",
            &["# edit /etc/tfa/tfa-fleet.toml", RESTART],
        )
    },
};

pub(crate) const FLEET_SOCKET_MISSING: Kind = Kind {
    id: "fleet-socket-missing",
    severity: Severity::LockOut,
    why: "Through this socket tfa-fleet passes the logins of members to the daemon. Without it they are refused.",
    what: |subject| format!("The socket {} is not there.", subject.place),
    remedy: |_| {
        remedy(
            "Restart the daemon, and read its log.",
            &["systemctl restart tfad", "journalctl -u tfad -n 50"],
        )
    },
};

pub(crate) const FLEET_STORES_APART: Kind = Kind {
    id: "fleet-stores-apart",
    severity: Severity::Risk,
    why: "Verifiers with stores of their own accept the same code once each, and do not know each other's users.",
    what: |subject| {
        format!(
            "The fleet has {} verifiers, and this one has its accounts in a database of its own.",
            subject.detail
        )
    },
    remedy: |_| {
        remedy(
            "Keep the accounts in etcd, which all verifiers share; or remove the other verifiers.",
            &["tfactl host list"],
        )
    },
};

pub(crate) const ETCD_UNREACHABLE: Kind = Kind {
    id: "etcd-unreachable",
    severity: Severity::LockOut,
    why: "The accounts are in etcd. While half of its members do not answer, it has no leader, and logins are refused.",
    what: |subject| {
        let why = sentence(&subject.detail);
        match subject.names.is_empty() {
            true => {
                format!("The accounts of this host are in etcd, and it is not known where: {why}")
            }
            false => format!(
                "Half of the configured members of etcd, or more, do not answer ({}): {why}",
                list(&subject.names)
            ),
        }
    },
    remedy: |_| {
        remedy(
            "Look at etcd on its hosts, and at the certificates. More than half of its members must run.",
            &[LOG, ETCD_HEALTH],
        )
    },
};

pub(crate) const ETCD_PARTLY_REACHED: Kind = Kind {
    id: "etcd-partly-reached",
    severity: Severity::Risk,
    why: "Logins go on with the others. Where half of the members fail, logins are refused.",
    what: |subject| {
        let (names, why) = (list(&subject.names), sentence(&subject.detail));
        format!("Some configured members of etcd do not answer ({names}): {why}")
    },
    remedy: |_| {
        remedy(
            "Look at etcd on its hosts, and at the certificates. Take a member that has left etcd out of \"endpoints\" in \
             /etc/tfa/tfa-fleet.toml, and restart tfa-fleet. Name all others there: logins are refused when those that \
             are named are lost.",
            &[LOG, ETCD_HEALTH],
        )
    },
};

pub(crate) const ETCD_FULL: Kind = Kind {
    id: "etcd-full",
    severity: Severity::LockOut,
    why: "A login is let in only when its code is marked as used, which etcd refuses.",
    what: |_| "etcd has used up its quota of space, and refused the last change.".to_owned(),
    remedy: |_| {
        remedy(
            "Compact the history, defragment each member, and end the alarm. Have etcd compact by itself \
             (--auto-compaction-retention). Give etcdctl the options for TLS.",
            &[
                "etcdctl compact $(etcdctl endpoint status -w json | grep -o '\"revision\":[0-9]*' | head -1 | cut -d: -f2)",
                "etcdctl defrag --cluster",
                "etcdctl alarm disarm",
            ],
        )
    },
};

pub(crate) const ETCD_OPEN: Kind = Kind {
    id: "etcd-open",
    severity: Severity::Risk,
    why: "Every user and service of this host that reaches the port can take the second factor of users away.",
    what: |subject| format!("etcd is reached without TLS: {}.", list(&subject.names)),
    remedy: |_| {
        remedy(
            "Have etcd ask for certificates (--client-cert-auth), and name it with https, as tfa-fleet(8) says.",
            &["# edit /etc/tfa/tfa-fleet.toml", RESTART],
        )
    },
};
