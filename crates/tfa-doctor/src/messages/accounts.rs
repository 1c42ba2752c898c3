//! Faults of the accounts of users.

use super::{CHECKED_RELOAD, MAX_NAMES, edit_file, later, list, remedy};
use crate::finding::{Kind, Remedy, Severity, Subject};
use crate::shell::{quoted, user_argument, user_arguments};

/// A command for each of the first users.
fn for_each(subject: &Subject, command: &str) -> Vec<String> {
    let names = subject.names.iter().take(MAX_NAMES);
    names
        .map(|name| format!("{command} {}", user_argument(name)))
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
        let user = list(&subject.names);
        let rename = user_arguments(&[&subject.detail, &user], "");
        let user = user_argument(&user);
        // Only the administrator knows whether it is, and the wrong one of the two opens the account.
        let text = format!(
            "Find out whether it is the same person. If so: \"tfactl rename {rename}\". If it is another \
             person: \"tfactl reset {user}\"."
        );
        remedy(text, &[&format!("tfactl show {user}")])
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
        // While wrong codes come from another person, the lock is what keeps that one out.
        text: "Look where the wrong codes came from: over SSH, who entered them knows the password, so change that \
               first. Then remove the lock: \"tfactl unlock USER\"."
            .to_owned(),
        commands: for_each(subject, "tfactl show"),
    }
    },
};

pub(crate) const KEY_ONLY: Kind = Kind {
    id: "key-only",
    severity: Severity::LockOut,
    why: "They have no password, so PAM can ask them for nothing, and they cannot enroll in a login.",
    what: |subject| {
        let (users, later) = (list(&subject.names), later(subject));
        match subject.detail.as_str() {
            FORCED => format!(
                "Programs log in over SSH as these users, by keys with a forced command, and are refused{later}: \
                 {users}."
            ),
            AFTER_KEY => format!(
                "sshd has PAM ask these users for a password after the key, and they have none: {users}."
            ),
            _ => format!(
                "These users log in over SSH by a key only, and are refused{later}: {users}."
            ),
        }
    },
    remedy: |subject| {
        if subject.detail == FORCED {
            return remedy(
                "Exempt them by a rule with users = [...] and methods = [\"publickey\"]: tfad.toml(5). A program cannot \
                 answer.",
                &[&edit_file(POLICY_FILE), CHECKED_RELOAD],
            );
        }
        if subject.detail == AFTER_KEY {
            return Remedy {
                text: "Set a password for each. Or let sshd accept the key alone for them, in a block of Match, and exempt \
                       them by a rule on methods."
                    .to_owned(),
                commands: for_each(subject, "passwd"),
            };
        }
        Remedy {
        text: "Set a password for each, with which the login enrolls. Or add an authenticator for each, and ask for \
               the code after the key: pam_tfa(8), \"Key and code, no password\". Or exempt them by a rule on methods."
            .to_owned(),
        commands: for_each(subject, "passwd"),
    }
    },
};

pub(crate) const KEY_MISSING: Kind = Kind {
    id: "key-missing",
    severity: Severity::LockOut,
    why: "Over SSH they can answer neither the question for a code nor those of an enrollment.",
    what: |subject| {
        let users = list(&subject.names);
        format!("sshd demands a key beside the answers to PAM, and these users have none: {users}.")
    },
    remedy: |subject| {
        let show = |user: &String| {
            let user = quoted(&format!("user={user}"));
            format!("sshd -T -C {user} | grep -i ^authenticationmethods")
        };
        Remedy {
            text: "Have each add a key at the console (~/.ssh/authorized_keys), or add a list without \"publickey\" to \
                   AuthenticationMethods."
                .to_owned(),
            commands: subject.names.first().map(show).into_iter().collect(),
        }
    },
};

pub(crate) const KEY_UNKNOWN: Kind = Kind {
    id: "key-unknown",
    severity: Severity::Advice,
    why: "A user who logs in by such a key is refused, and can neither enter a code nor enroll.",
    what: |subject| {
        let users = list(&subject.names);
        format!(
            "These users have no password and no file with a key, and sshd also accepts keys of a program or of a \
             certificate authority, which the doctor does not see: {users}."
        )
    },
    remedy: |subject| {
        Remedy {
        text: "Find out who of them logs in over SSH, and set a password for each, or exempt them by a rule on methods."
            .to_owned(),
        commands: for_each(subject, "passwd"),
    }
    },
};

pub(crate) const KEY_ONLY_ROOT: Kind = Kind {
    id: "key-only-root",
    severity: Severity::LockOut,
    why: "Unless PermitRootLogin is yes, sshd accepts neither a password nor a code of root.",
    what: |subject| {
        let later = later(subject);
        format!("root logs in over SSH by a key only, and is refused{later}.")
    },
    remedy: |_| {
        let text = "Log in as another administrator, and use sudo. Or exempt root by a rule with users = [\"root\"] and \
                    methods = [\"publickey\"]: tfad.toml(5). Or set PermitRootLogin yes, if root has a password.";
        remedy(text, &[&edit_file(POLICY_FILE), CHECKED_RELOAD])
    },
};

/// The detail of accounts of which sshd demands an answer to PAM beside the key.
pub(crate) const AFTER_KEY: &str = "after the key";

/// All keys have a command that sshd runs.
pub(crate) const FORCED: &str = "forced command";

/// The file that is changed to exempt users.
const POLICY_FILE: &str = "/etc/tfa/tfad.toml";

/// In place of a remedy that has users asked for a password. `None` if all of them have one.
pub(super) fn password_first(subject: &Subject) -> Option<Remedy> {
    let users = &subject.locked_out;
    if subject.may_lock_out {
        return Some(remedy(
            "Which accounts have a key and no password was not found out, and the remedy would lock them out. Mend \
             what was not examined, and run the doctor again.",
            &["tfactl doctor --only not-examined"],
        ));
    }
    let names = list(users);
    (!users.is_empty()).then(|| Remedy {
        text: format!(
            "First set a password for {names}, test a login with it, and run the doctor again. Without one, the \
             remedy would lock them out, because PAM can ask them for nothing."
        ),
        commands: users
            .iter()
            .take(MAX_NAMES)
            .map(|user| format!("passwd {}", user_argument(user)))
            .collect(),
    })
}

/// The same for the guard of sshd. Root may have a password that sshd accepts from no one.
pub(super) fn answers_first(subject: &Subject) -> Option<Remedy> {
    let (root, others): (Vec<_>, Vec<_>) = subject
        .locked_out
        .iter()
        .cloned()
        .partition(|user| user == "root");
    if root.is_empty() {
        return password_first(subject);
    }
    let text = match others.is_empty() {
        true => "First exempt root by a rule with users = [\"root\"] and methods = [\"publickey\"], or set \
                 PermitRootLogin yes and a password: else the guard locks root out of SSH. Then run the doctor again."
            .to_owned(),
        false => format!(
            "First exempt root and {} by a rule with users and methods = [\"publickey\"], or set passwords, for root \
             with PermitRootLogin yes: else the guard locks them out. Then run the doctor again.",
            list(&others)
        ),
    };
    Some(remedy(text, &[&edit_file(POLICY_FILE), CHECKED_RELOAD]))
}

pub(crate) const SECURITY_KEY_UNUSED: Kind = Kind {
    id: "security-key-unused",
    severity: Severity::LockOut,
    why: "A security key counts only beside the password, and sshd asks for one of the two.",
    what: |subject| {
        let users = list(&subject.names);
        format!(
            "These users have security keys only and no backup codes, and no login asks for a key beside the password: \
             {users}."
        )
    },
    remedy: |subject| {
        Remedy {
        text: "Give each an app as well. Or let sshd ask for the key and the password: \"AuthenticationMethods \
               publickey,keyboard-interactive\", as pam_tfa(8) describes in \"Security keys\"."
            .to_owned(),
        commands: for_each(subject, "tfactl authenticator add"),
    }
    },
};

pub(crate) const SECURITY_KEY_ONLY: Kind = Kind {
    id: "security-key-only",
    severity: Severity::Risk,
    why: "Only sshd can verify a security key, so sudo, su and the console refuse these users.",
    what: |subject| {
        let users = list(&subject.names);
        format!("These users have security keys only, and no backup codes: {users}.")
    },
    remedy: |subject| {
        Remedy {
        text: "Give each an app as well, unless they need SSH only and another administrator can reset them."
            .to_owned(),
        commands: for_each(subject, "tfactl authenticator add"),
    }
    },
};

pub(crate) const POLICY_WARNING: Kind = Kind {
    id: "policy-warning",
    severity: Severity::Risk,
    why: "A file that is not read, or a rule that matches no login, requires nothing.",
    what: |subject| {
        let what = subject.detail.trim_end_matches('.');
        format!("The check of the policy warns: {what}.")
    },
    remedy: |_| {
        remedy(
            "Correct or remove what the warning names.",
            &[&edit_file(POLICY_FILE), CHECKED_RELOAD],
        )
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_with_a_dash_in_front_is_no_option_of_a_command() {
        let subject = Subject {
            names: vec!["-d".to_owned()],
            locked_out: vec!["-d".to_owned()],
            detail: "bob".to_owned(),
            ..Subject::default()
        };
        let first = password_first(&subject).unwrap();
        assert_eq!(first.commands, ["passwd -- '-d'"]);
        let of = |kind: &Kind| (kind.remedy)(&subject);
        assert_eq!(of(&KEY_ONLY).commands, ["passwd -- '-d'"]);
        assert_eq!(of(&ACCOUNT_LOCKED).commands, ["tfactl show -- '-d'"]);
        let add = ["tfactl authenticator add -- '-d'"];
        assert_eq!(of(&SECURITY_KEY_ONLY).commands, add);
        let renamed = of(&RECORD_RENAMED).text;
        assert!(
            renamed.contains("\"tfactl rename -- bob '-d'\""),
            "{renamed}"
        );
        assert!(renamed.contains("\"tfactl reset -- '-d'\""), "{renamed}");
    }
}
