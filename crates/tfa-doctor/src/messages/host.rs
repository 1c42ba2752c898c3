//! Faults of the host beside PAM and sshd.

use super::{
    CHECKED_RELOAD, CHECKED_RESTART, DAEMON_REFUSES, POLICY_ERROR, edit, later, list, remedy, sed,
    set_in_unit,
};
use crate::finding::{Kind, Severity};
use crate::shell::quoted;

pub(crate) const FILE_WRITABLE: Kind = Kind {
    id: "file-writable",
    severity: Severity::Hole,
    why: "A user who can write it decides who logs in.",
    what: |subject| {
        let (path, owner) = (&subject.place, &subject.detail);
        format!("{path} can be written by others than root ({owner}).")
    },
    remedy: |subject| {
        let path = quoted(&subject.place);
        let mut mended = remedy(
            "Give it to root, after a look at what it contains.",
            &[
                &format!("chown root:root {path}"),
                &format!("chmod go-w {path}"),
            ],
        );
        // The daemon does not read a file that others can write.
        if subject.also.iter().any(|(id, _)| *id == POLICY_ERROR.id) {
            mended.commands.push(CHECKED_RELOAD.to_owned());
        }
        if subject.also.iter().any(|(id, _)| *id == DAEMON_REFUSES.id) {
            mended.commands.push(CHECKED_RESTART.to_owned());
        }
        mended
    },
};

pub(crate) const LINK_WRITABLE: Kind = Kind {
    id: "link-writable",
    severity: Severity::Hole,
    why: FILE_WRITABLE.why,
    what: |subject| {
        let (link, target, owner) = (&subject.place, list(&subject.names), &subject.detail);
        format!(
            "{link} is a link, and {target} behind it can be written by others than root ({owner})."
        )
    },
    remedy: |subject| {
        let link = quoted(&subject.place);
        remedy(
            "Replace the link by what it leads to, after a look at what it contains.",
            &[
                &format!("target=$(readlink -f {link}) && rm {link} && cp -rT \"$target\" {link}"),
                &format!("chown -R root:root {link} && chmod -R go-w {link}"),
            ],
        )
    },
};

pub(crate) const NAMED_WRITABLE: Kind = Kind {
    id: "named-writable",
    severity: Severity::Hole,
    why: FILE_WRITABLE.why,
    what: |subject| {
        let (named, path, owner) = (&subject.place, list(&subject.names), &subject.detail);
        format!(
            "A file of PAM, of sshd or its unit, or a rule of sudo without a password names {named}, and {path} can be written \
             by others than root ({owner})."
        )
    },
    remedy: |subject| {
        remedy(
            "Move it to a folder that only root can write, as all folders above, and name it there.",
            &[&format!("namei -l {}", quoted(&subject.place))],
        )
    },
};

pub(crate) const UNIT_WEAKENED: Kind = Kind {
    id: "unit-weakened",
    severity: Severity::Risk,
    why: "A program that takes the daemon over is kept apart from the host by these settings alone.",
    what: |subject| {
        let changed = &subject.detail;
        match subject.place.as_str() {
            "" => format!("The unit of tfad has been weakened: {changed}."),
            place => format!("{place}: the unit of tfad has been weakened: {changed}."),
        }
    },
    remedy: |subject| {
        crate::Remedy {
        text: "Set them again, in a drop-in that is read last. tfad(8) shows the drop-ins that directories need."
            .to_owned(),
        commands: set_in_unit(subject.unit_settings.iter().map(String::as_str)),
    }
    },
};

pub(crate) const CLOCK: Kind = Kind {
    id: "clock",
    severity: Severity::Risk,
    why: "Codes depend on the time: with a wrong clock, right codes are refused.",
    what: |_| "The clock of this host is not synchronised.".to_owned(),
    remedy: |_| {
        remedy(
            "Turn the synchronisation on, with systemd-timesyncd or chrony.",
            &["timedatectl set-ntp true"],
        )
    },
};

pub(crate) const DAEMON_VERSION: Kind = Kind {
    id: "daemon-version",
    severity: Severity::Risk,
    why: "After an update, what it corrects is not in force until the daemon is started again. What it does \
          not tell is missing from this report.",
    what: |subject| format!("The version of the daemon that runs is {}.", subject.detail),
    remedy: |_| remedy("Start the daemon again.", &["systemctl restart tfad"]),
};

/// The version of a daemon that does not know the call.
pub(crate) const OTHER_VERSION: &str = "not that of tfactl";

/// The words of sudoers(5) that switch the password off.
pub(crate) const NOPASSWD: &str = "NOPASSWD";
pub(crate) const AUTHENTICATE: &str = "authenticate";
pub(crate) const EXEMPT_GROUP: &str = "exempt_group";

pub(crate) const SUDO_NOPASSWD: Kind = Kind {
    id: "sudo-nopasswd",
    severity: Severity::Risk,
    why: "sudo asks them for neither the password nor the code, so one login is enough to become root.",
    what: |subject| {
        let (place, who, detail) = (&subject.place, list(&subject.names), &subject.detail);
        match detail.as_str() {
            NOPASSWD | AUTHENTICATE | EXEMPT_GROUP => {
                format!("{place}: {who} may run every command without a password.")
            }
            program => format!(
                "{place}: {who} may run \"{program}\" without a password, with which every command can be run."
            ),
        }
    },
    remedy: |subject| {
        if let Some(first) = super::accounts::password_first(subject) {
            return first;
        }
        let text = "Have sudo ask. A guard of sudo, and of each pam_service of its options, helps only where the \
                    policy requires a second factor and no option is !pam_acct_mgmt: tfad.toml(5).";
        let change = match (subject.place.contains(':'), subject.detail.as_str()) {
            (true, AUTHENTICATE) => sed(subject, "s/!authenticate/authenticate/g"),
            (true, EXEMPT_GROUP) => sed(subject, "s/exempt_group *= *[^ ,]*/!exempt_group/"),
            (true, _) => sed(subject, "s/NOPASSWD *: *//g"),
            // An alias or an included file has the rule.
            (false, _) => format!("visudo -f {}", quoted(subject.file())),
        };
        remedy(text, &[&change, "visudo -c"])
    },
};

pub(crate) const SUDO_ACCOUNT_SKIPPED: Kind = Kind {
    id: "sudo-account-skipped",
    severity: Severity::Hole,
    why: "A user who has not enrolled becomes root with the password alone, and no guard refuses it.",
    what: |subject| {
        let (place, who, later) = (&subject.place, list(&subject.names), later(subject));
        format!(
            "{place}: for {who}, sudo leaves out the account phase of PAM (!pam_acct_mgmt), and a second factor is \
             required{later}."
        )
    },
    remedy: |subject| {
        let change = match subject.place.contains(':') {
            true => sed(subject, "s/!pam_acct_mgmt/pam_acct_mgmt/g"),
            false => format!("visudo -f {}", quoted(subject.file())),
        };
        remedy("Remove the option !pam_acct_mgmt.", &[&change, "visudo -c"])
    },
};

pub(crate) const SUDO_TICKETS: Kind = Kind {
    id: "sudo-tickets",
    severity: Severity::Risk,
    why: "After one password and code, a program in any session of the user becomes root, or does so without an end.",
    what: |subject| {
        let (place, who, option) = (&subject.place, list(&subject.names), &subject.detail);
        format!(
            "{place}: for {who}, sudo takes an answer of before without an end or in each session ({option})."
        )
    },
    remedy: |subject| {
        let edit = format!("visudo -f {}", quoted(subject.file()));
        remedy(
            "Remove the option: sudo then takes it for some minutes, on the same terminal.",
            &[&edit, "visudo -c"],
        )
    },
};

pub(crate) const SUDO_OTHER_PASSWORD: Kind = Kind {
    id: "sudo-other-password",
    severity: Severity::Risk,
    why: "PAM verifies that user then, so no second factor of the one who runs sudo is asked for.",
    what: |subject| {
        let (place, who, option) = (&subject.place, list(&subject.names), &subject.detail);
        format!("{place}: for {who}, sudo asks for the password of another user ({option}).")
    },
    remedy: |subject| {
        let edit = format!("visudo -f {}", quoted(subject.file()));
        remedy(
            "Remove the option: sudo then asks for their own password.",
            &[&edit, "visudo -c"],
        )
    },
};

pub(crate) const SUDO_NOT_EXAMINED: Kind = Kind {
    id: "sudo-not-examined",
    severity: Severity::Risk,
    why: "A rule may let a user become root without a password and without a code.",
    what: |subject| {
        let why = subject.detail.trim_end_matches('.');
        format!("Rules of sudo were not examined: {why}.")
    },
    remedy: |_| {
        remedy(
            "Fix what the check reports, and name commands without regular expressions. cvtsudoers belongs to the \
             package sudo.",
            &["visudo -c", "cvtsudoers -f json -e /etc/sudoers"],
        )
    },
};

pub(crate) const NOT_EXAMINED: Kind = Kind {
    id: "not-examined",
    severity: Severity::Risk,
    why: "A fault of what was not examined is not found.",
    what: |subject| format!("A part of this host was not examined: {}.", subject.detail),
    remedy: |subject| {
        if !subject.place.is_empty() {
            return remedy(
                "Remove jumps, or put the lines of other modules into fewer groups.",
                &[&edit(subject)],
            );
        }
        remedy(
            "A program, a file, a name service or a file system of this host does not answer: fix it, and \
             run the doctor again.",
            &["systemctl --failed", "tfactl doctor"],
        )
    },
};

pub(crate) const GROUP_UNKNOWN: Kind = Kind {
    id: "group-unknown",
    severity: Severity::LockOut,
    why: "Whether such a rule applies is not known of any user, so each login gets the stricter result with it and \
          without it: a user who has not enrolled may be refused, and one who is exempt may be asked.",
    what: |subject| {
        format!(
            "Rules name a group that this host does not know: {}.",
            list(&subject.names)
        )
    },
    remedy: |_| {
        remedy(
            "Correct the rule, which the check names with its line.",
            &[CHECKED_RELOAD],
        )
    },
};

pub(crate) const EXEMPTION_ENDLESS: Kind = Kind {
    id: "exemption-endless",
    severity: Severity::Advice,
    why: "An exemption that no date ends is never looked at again.",
    what: |subject| {
        let place = &subject.place;
        match subject.detail.as_str() {
            OF_ALL_USERS => format!(
                "{place}: the rule exempts logins without an end, and over SSH the policy requires a second factor of no \
                 user with a login shell."
            ),
            _ => format!("{place}: the rule exempts logins without an end and without a reason."),
        }
    },
    remedy: |subject| match subject.detail.as_str() {
        OF_ALL_USERS => remedy(
            "Write until, with the day on which the exemption ends, or exempt fewer users: tfad.toml(5).",
            &[&edit(subject), CHECKED_RELOAD],
        ),
        IN_LINE => remedy(
            "Write reason, with why it is needed, into the braces of the rule. Or write until, with the day on which \
             it ends: tfad.toml(5).",
            &[&edit(subject), CHECKED_RELOAD],
        ),
        _ => remedy(
            "Write why it is needed in place of REASON. Or write until, with the day on which it ends: \
             tfad.toml(5).",
            &[&sed(subject, "a reason = \"REASON\""), CHECKED_RELOAD],
        ),
    },
};

/// The exemptions leave no user.
pub(crate) const OF_ALL_USERS: &str = "all users";
/// No line can be added behind that of the rule, which may be a part of a table in braces.
pub(crate) const IN_LINE: &str = "in line";

pub(crate) const KEY_WEAK: Kind = Kind {
    id: "key-weak",
    severity: Severity::Advice,
    why: "The key is shorter than the 128 bits that RFC 4226 requires.",
    what: |subject| {
        format!(
            "Users have an authenticator with a weak key: {}.",
            list(&subject.names)
        )
    },
    remedy: |_| {
        remedy(
            "Have each of them make a new key, which replaces the old one.",
            &["tfa-enroll move"],
        )
    },
};

pub(crate) const ADMINISTRATORS_NONE: Kind = Kind {
    id: "administrators-none",
    severity: Severity::Risk,
    why: "No administrator knows yet whether the own login works with a second factor.",
    what: |subject| {
        let (names, later) = (list(&subject.names), later(subject));
        format!("No administrator has enrolled ({names}), and a second factor is required{later}.")
    },
    remedy: |_| {
        remedy(
            "Enroll before the others, as the administrator.",
            &["tfa-enroll setup"],
        )
    },
};

pub(crate) const ADMINISTRATORS_ONE: Kind = Kind {
    id: "administrators-one",
    severity: Severity::Risk,
    why: "An administrator who has lost the phone and the backup codes needs another administrator, or rescue mode.",
    what: |subject| {
        let names = list(&subject.names);
        format!(
            "{names} is the only administrator who has enrolled, and the host has no recovery code."
        )
    },
    remedy: |_| {
        remedy(
            "Create the recovery code of the host, and keep it on paper.",
            &["tfactl recovery create"],
        )
    },
};

pub(crate) const RECOVERY_MISSING: Kind = Kind {
    id: "recovery-missing",
    severity: Severity::Advice,
    why: "If the administrators lose their phones and backup codes, only rescue mode is left.",
    what: |subject| {
        let later = later(subject);
        format!("The host has no recovery code, and a second factor is required{later}.")
    },
    remedy: ADMINISTRATORS_ONE.remedy,
};

pub(crate) const BACKUP_CODES_NONE: Kind = Kind {
    id: "backup-codes-none",
    severity: Severity::Advice,
    why: "An administrator without backup codes is locked out when the phone is lost.",
    what: |subject| {
        format!(
            "These administrators have no backup codes: {}.",
            list(&subject.names)
        )
    },
    remedy: |_| {
        remedy(
            "Create new ones, as the administrator, and keep them on paper.",
            &["tfa-enroll codes"],
        )
    },
};

/// Why a stack was not examined.
pub(crate) fn too_many_jumps(service: &str, phase: &str) -> String {
    format!("the {phase} phase of the PAM service {service} has more jumps than are followed")
}
