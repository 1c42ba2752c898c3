//! Faults of the accounts of users.

use super::{MAX_NAMES, list, remedy};
use crate::finding::{Kind, Remedy, Severity, Subject};
use crate::shell::quoted;

/// A command for each of the first users.
fn for_each(subject: &Subject, command: &str) -> Vec<String> {
    let names = subject.names.iter().take(MAX_NAMES);
    names
        .map(|name| format!("{command} {}", quoted(name)))
        .collect()
}

pub(crate) const RECORD_UNUSABLE: Kind = Kind {
    id: "record-unusable",
    severity: Severity::LockOut,
    why: "The daemon does not know whose second factor it is, or cannot read it, and refuses the logins.",
    what: |subject| {
        let users = list(&subject.names);
        format!("These users have a record that cannot be used, and are refused: {users}.")
    },
    // The daemon knows why, and which command is right.
    remedy: |subject| {
        let why = subject.detail.trim_end_matches('.');
        let first = subject.names.first().map_or("", String::as_str);
        Remedy {
            text: match subject.names.as_slice() {
                [_] => format!("The daemon says: {why}."),
                _ => format!("Read why of each. Of {first}, the daemon says: {why}."),
            },
            commands: for_each(subject, "tfactl show"),
        }
    },
};

pub(crate) const RECORD_RENAMED: Kind = Kind {
    id: "record-renamed",
    severity: Severity::Risk,
    why: "If a new user has got the uid of one who left, the phone of that one is asked for, and opens the account.",
    what: |subject| {
        let (record, user) = (&subject.detail, list(&subject.names));
        format!(
            "{user} has the record of {record}, a user who does not exist now and had the same uid."
        )
    },
    remedy: |subject| {
        let record = quoted(&subject.detail);
        let user = quoted(&list(&subject.names));
        let text = format!(
            "If it is the same person, give the record the new name, as below. If it is another person: \"tfactl \
             reset {user}\"."
        );
        remedy(text, &[&format!("tfactl rename {record} {user}")])
    },
};

pub(crate) const ACCOUNT_LOCKED: Kind = Kind {
    id: "account-locked",
    severity: Severity::LockOut,
    why: "After so many wrong codes no right one is accepted, and the lock does not end by itself.",
    what: |subject| {
        let users = list(&subject.names);
        format!("These users are locked until an administrator removes the lock: {users}.")
    },
    remedy: |subject| {
        Remedy {
        text: "Look where the wrong codes came from: whoever entered them may know the password. Change it then, \
               and remove the lock."
            .to_owned(),
        commands: [
            for_each(subject, "tfactl show"),
            for_each(subject, "tfactl unlock"),
        ]
        .concat(),
    }
    },
};
