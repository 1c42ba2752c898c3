//! Faults of the system bus and of the login socket.

use super::{edit_file, list, remedy};
use crate::finding::{Kind, Severity};
use crate::shell::quoted;

pub(crate) const EVERY_USER: &str = "every user";
/// What root cannot call, if the files of the bus do not tell why.
pub(crate) const INTERFACE: &str = "org.tfad.Tfa1.Admin";
pub(crate) const OTHER_USERS: &str = "users other than root";

pub(crate) fn user(name: &str) -> String {
    format!("user {name}")
}

pub(crate) fn group(name: &str) -> String {
    format!("group {name}")
}

/// Puts a file of the package back.
pub(crate) const REINSTALL: &str = "apt-get install --reinstall tfa";
const RELOAD: &str = "systemctl reload dbus";

pub(crate) const BUS_NAME_TAKEN: Kind = Kind {
    id: "bus-name-taken",
    severity: Severity::Hole,
    why: "The PAM module believes this process, which can let every login in.",
    what: |subject| {
        format!(
            "A process of {} owns the name of the daemon on the system bus.",
            subject.detail
        )
    },
    remedy: |_| {
        remedy(
            "End the process, which the first command names. Then look for the file that lets it own the name.",
            &[
                "busctl status org.tfad.Tfa1",
                "grep -rl -e Tfa1 -e 'own=\"\\*\"' /etc/dbus-1 /usr/share/dbus-1/system.d",
                "systemctl restart tfad",
            ],
        )
    },
};

pub(crate) const BUS_NAME_OPEN: Kind = Kind {
    id: "bus-name-open",
    severity: Severity::Hole,
    why: "While the daemon is down, such a process can take its name, and let every login in.",
    what: |subject| {
        let (place, who) = (&subject.place, list(&subject.names));
        format!("{place} lets others than root own the name of the daemon on the bus: {who}.")
    },
    remedy: |subject| {
        remedy(
            "Remove the rule. Only root may own org.tfad.Tfa1.",
            &[&edit_file(&subject.place), RELOAD],
        )
    },
};

pub(crate) const BUS_NAME_DENIED: Kind = Kind {
    id: "bus-name-denied",
    severity: Severity::LockOut,
    why: "The daemon cannot start without its name, and then every login is refused.",
    what: |subject| {
        let place = &subject.place;
        format!("{place} does not let root own the name of the daemon on the bus, or is missing.")
    },
    remedy: put_back,
};

pub(crate) const BUS_CALLS_DENIED: Kind = Kind {
    id: "bus-calls-denied",
    severity: Severity::Risk,
    why: "The commands do not reach the daemon, nor do logins while its socket is missing. If root cannot call \
          it, the rest of this report is incomplete.",
    what: |subject| {
        let (place, who, interface) = (&subject.place, list(&subject.names), &subject.detail);
        match place.as_str() {
            "" => format!("The bus does not let {who} call {interface}."),
            place => format!("{place}: the bus does not let {who} call {interface}."),
        }
    },
    remedy: put_back,
};

fn put_back(subject: &crate::Subject) -> crate::Remedy {
    if subject.place.starts_with("/etc/") {
        remedy(
            "Remove the rule. The policy of the package is enough.",
            &[&edit_file(&subject.place), RELOAD],
        )
    } else {
        remedy("Put the file of the package back.", &[REINSTALL, RELOAD])
    }
}

pub(crate) const BUS_ACTIVATION: Kind = Kind {
    id: "bus-activation",
    severity: Severity::Risk,
    why: "A login finds no daemon if it is down, because the bus does not start it.",
    what: |subject| {
        let place = &subject.place;
        match subject.detail.as_str() {
            "" => format!("{place} is missing."),
            line => {
                format!("{place} has no line {line}, and the bus starts something else or nothing.")
            }
        }
    },
    remedy: |subject| {
        if subject.place.starts_with("/usr/share/") {
            return remedy("Put the file of the package back.", &[REINSTALL, RELOAD]);
        }
        remedy(
            "Remove the file, which the bus reads instead of that of the package.",
            &[&format!("rm {}", quoted(&subject.place)), RELOAD],
        )
    },
};

pub(crate) const SOCKET_TAKEN: Kind = Kind {
    id: "socket-taken",
    severity: Severity::Hole,
    why: "The PAM module believes the process that listens there, which can let every login in.",
    what: |subject| {
        format!(
            "{} belongs to {}, and not to root.",
            subject.place, subject.detail
        )
    },
    remedy: |_| {
        remedy(
            "Look which process listens, and end it. Then start the daemon again.",
            &["ss -xlp src /run/tfa/login", "systemctl restart tfad"],
        )
    },
};

pub(crate) const SOCKET_MISSING: Kind = Kind {
    id: "socket-missing",
    severity: Severity::Risk,
    why: "Logins then need the system bus, which takes longer and is a further part that can fail.",
    what: |subject| {
        format!(
            "{}: the daemon runs, and its login socket is not there.",
            subject.place
        )
    },
    remedy: |_| {
        remedy(
            "Start the daemon again, which makes the socket. Its log says what prevents that.",
            &["systemctl restart tfad", "journalctl -u tfad -n 50"],
        )
    },
};

pub(crate) const SOCKET_SILENT: Kind = Kind {
    id: "socket-silent",
    severity: Severity::LockOut,
    why: "A login that the daemon does not answer is refused.",
    what: |subject| format!("{}: no answer of the daemon came in time.", subject.place),
    remedy: |_| {
        remedy(
            "Look at the log, then start the daemon again. Keep a session open meanwhile.",
            &["journalctl -u tfad -n 50", "systemctl restart tfad"],
        )
    },
};

pub(crate) const SOCKET_CLOSED: Kind = Kind {
    id: "socket-closed",
    severity: Severity::Risk,
    why: "Programs that do not run as root, such as screen lockers, then need the system bus.",
    what: |subject| {
        let (place, mode) = (&subject.place, &subject.detail);
        format!("{place} has the mode {mode}: not every program can connect to the daemon.")
    },
    remedy: |_| {
        remedy(
            "Start the daemon again, which makes the socket anew.",
            &["systemctl restart tfad"],
        )
    },
};
