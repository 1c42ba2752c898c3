//! Faults of the daemon.

use tfa_text::plural;

use super::{CHECKED_RELOAD, MAX_NAMES, edit, list, remedy, sentence};
use super::{PAM_NULLOK, PAM_PASSWORD_SKIPPED};
use crate::finding::{Finding, Kind, Remedy, Severity, Subject, When};
use crate::host::NotStartable;
use crate::shell::{printable, quoted};

/// Why systemd cannot start the daemon, behind "The unit of the daemon tfad".
const MASKED: &str = "is masked";

/// Why systemd cannot start the daemon, as the detail of a finding.
pub(crate) fn not_startable(why: &NotStartable) -> String {
    match why {
        NotStartable::Masked => MASKED.to_owned(),
        NotStartable::Condition(condition) => {
            format!("has the condition {condition}, which does not hold")
        }
        NotStartable::OtherProgram(path) => format!("starts another program, {path}"),
    }
}

/// The database, which each reason of the daemon names that is about it.
const DATABASE: &str = "accounts.db";

/// The same of the accounts in etcd.
const ETCD: &str = "etcd";

pub(crate) const DAEMON_DOWN: Kind = Kind {
    id: "daemon-down",
    severity: Severity::LockOut,
    why: "While the daemon is down, logins are refused, and the rest of this report is incomplete.",
    what: |subject| match subject.detail.as_str() {
        "" => "The daemon tfad does not run and could not be started.".to_owned(),
        why => format!("The unit of the daemon tfad {why}, so it cannot be started."),
    },
    remedy: |subject| match subject.detail.as_str() {
        MASKED => remedy(
            "Unmask and start it. Keep a session open meanwhile.",
            &[UNMASK[0], UNMASK[1], "systemctl start tfad"],
        ),
        why if !why.is_empty() => remedy(
            "Take the setting out of the drop-in that has it, and start the daemon. Keep a session open meanwhile.",
            &[SHOW_UNIT, "systemctl daemon-reload", "systemctl start tfad"],
        ),
        _ => remedy(
            "Start it, and read the log if it does not start. Keep a session open meanwhile.",
            &["systemctl restart tfad", "journalctl -u tfad -n 50"],
        ),
    },
};

/// Undoes both kinds of a mask.
const UNMASK: [&str; 2] = ["systemctl unmask tfad", "systemctl unmask --runtime tfad"];
const SHOW_UNIT: &str = "systemctl cat tfad";

pub(crate) const DAEMON_NEXT_START: Kind = Kind {
    id: "daemon-next-start",
    severity: Severity::LockOut,
    why: "The daemon that runs goes on. After its next stop, as at the next boot, every login is refused.",
    what: |subject| {
        format!(
            "The unit of the daemon tfad {}, so it cannot be started again.",
            subject.detail
        )
    },
    remedy: |subject| match subject.detail.as_str() {
        MASKED => remedy("Unmask the unit of the daemon.", &UNMASK),
        _ => remedy(
            "Take the setting out of the drop-in that has it. Restart the daemon while a session is open.",
            &[
                SHOW_UNIT,
                "systemctl daemon-reload",
                "systemctl restart tfad",
            ],
        ),
    },
};

pub(crate) const DAEMON_SILENT: Kind = Kind {
    id: "daemon-silent",
    severity: Severity::LockOut,
    why: "A login that the daemon does not answer is refused, and the rest of this report is incomplete.",
    what: |_| "The daemon tfad did not answer in time.".to_owned(),
    remedy: DAEMON_DOWN.remedy,
};

pub(crate) const DAEMON_REFUSES: Kind = Kind {
    id: "daemon-refuses",
    severity: Severity::LockOut,
    why: "The daemon refuses every login until its configuration and its state can be used, and the rest \
          of this report is incomplete.",
    what: |subject| {
        let why = sentence(&subject.detail);
        format!("The daemon tfad cannot serve logins: {why}")
    },
    remedy: |subject| match subject.detail.as_str() {
        _ if !subject.policy_errors.is_empty() => remedy(
            "Correct the errors, which the check shows with their lines. Then start the daemon with the file.",
            &["tfactl policy check", "systemctl restart tfad"],
        ),
        why if why.contains(ETCD) => remedy(
            "Do what the finding says. If etcd does not answer, look at tfa-fleet, which reaches it, and \
             at etcd.",
            &[
                "systemctl status tfa-fleet",
                "journalctl -u tfa-fleet -n 50",
            ],
        ),
        why if why.contains(DATABASE) => remedy(
            "Put the file of the database back; or restore a backup with \"tfactl restore FILE --force\", \
             which starts the daemon again. If the key has gone with it, the backup must have it.",
            &["ls -la /var/lib/tfa", "systemctl reload tfad"],
        ),
        _ => remedy(
            "Correct the error, which the check shows with its line. If it is not in the configuration, \
             do what the finding says.",
            &["tfactl policy check", "systemctl restart tfad"],
        ),
    },
};

pub(crate) const POLICY_ERROR: Kind = Kind {
    id: "policy-error",
    severity: Severity::LockOut,
    why: "An older policy stays in force until the daemon starts again, as at the next boot; then every \
          login is refused.",
    what: |subject| {
        let why = sentence(&subject.detail);
        format!("The configuration on disk has an error, and cannot be loaded: {why}")
    },
    remedy: |_| {
        remedy(
            "Correct the error, which the check shows with its line. Then load the file.",
            &[CHECKED_RELOAD],
        )
    },
};

pub(crate) const POLICY_NOT_LOADED: Kind = Kind {
    id: "policy-not-loaded",
    severity: Severity::Risk,
    why: "What the file says is not in force yet. The next boot loads it, perhaps unexpectedly.",
    what: |_| "The configuration on disk was changed, and is not the one in force.".to_owned(),
    remedy: |_| {
        remedy(
            "Look at the effect of the change, then load it.",
            &[
                "tfactl policy impact /etc/tfa/tfad.toml",
                "systemctl reload tfad",
            ],
        )
    },
};

pub(crate) const POLICY_OFF: Kind = Kind {
    id: "policy-off",
    severity: Severity::Advice,
    why: "No user is asked for a code, also those who have enrolled.",
    what: |_| "Two-factor login is off for the whole host: mode = \"off\".".to_owned(),
    remedy: |_| {
        remedy(
            "Set mode to optional, or to required, in /etc/tfa/tfad.toml.",
            &[CHECKED_RELOAD],
        )
    },
};

pub(crate) const ENROLLED_NONE: Kind = Kind {
    id: "enrolled-none",
    severity: Severity::Advice,
    why: "No login is asked for a code. If users had enrolled before, their records are lost.",
    what: |_| "No user has enrolled, and a second factor is required of none.".to_owned(),
    remedy: |_| {
        remedy(
            "Have users enroll, as themselves; or restore their records with \"tfactl restore FILE\".",
            &["tfa-enroll setup"],
        )
    },
};

pub(crate) const MOVING_UNFINISHED: Kind = Kind {
    id: "moving-unfinished",
    severity: Severity::Advice,
    why: "Without its line, a user who has not enrolled here logs in with the password alone, and with both, an enrolled \
          user is asked twice.",
    what: |subject| {
        let names = list(&subject.names);
        let module = old_module(subject);
        let left = match subject.users.as_deref() {
            None => String::new(),
            Some([]) if subject.users_files.is_empty() => {
                " Each user with its file has enrolled here.".to_owned()
            }
            Some([]) => " Each user in its file has enrolled here.".to_owned(),
            Some(users) => {
                let count = u64::try_from(users.len()).unwrap_or(u64::MAX);
                let count = plural(count, "1 user", format!("{count} users"));
                let more = match users.len() > MAX_NAMES {
                    true => " (--json names all)",
                    false => "",
                };
                format!(" It alone guards {count}: {}{more}.", list(users))
            }
        };
        format!("The module {module} still asks for codes, in these PAM services: {names}.{left}")
    },
    remedy: |subject| {
        let text = "See who would be imported, import them, and see whom the line still guards alone. Remove it when \
                    none is left.";
        let import = |source: &str, left: &str| {
            let import = format!("tfactl import {source}");
            let apply = format!("{import} --apply");
            // A second import says who was not imported.
            let left = if left.is_empty() {
                import.clone()
            } else {
                left.to_owned()
            };
            [import, apply, left]
        };
        let has_none_left = subject.users.as_ref().is_some_and(Vec::is_empty);
        if has_none_left && subject.when == When::AfterAnother {
            return remedy(
                "No user is left whom the line guards alone. Follow each moving-breaks, and run this again.",
                &["tfactl doctor"],
            );
        }
        if has_none_left {
            return removal(subject);
        }
        if subject.users_files.is_empty() {
            let left = "tfactl doctor --only moving-unfinished";
            let commands = import("google-authenticator --homes", left);
            return remedy(text, &commands.each_ref().map(String::as_str));
        }
        let is_of_user = |file: &String| OF_USER.iter().any(|part| file.contains(part));
        let (of_users, common): (Vec<String>, Vec<String>) =
            subject.users_files.iter().cloned().partition(is_of_user);
        // A user who writes the file can name others in it. pam_oath reads the lines of the user only.
        let each = match of_users.is_empty() {
            true => String::new(),
            false => format!(
                " Each user has an own {}: import each that names its user only.",
                printable(&list(&of_users))
            ),
        };
        let commands = common.into_iter();
        let commands = commands.flat_map(|file| import(&format!("oath {}", quoted(&file)), ""));
        let commands: Vec<String> = commands.collect();
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        remedy(format!("{text}{each}"), &commands)
    },
};

/// What becomes of logins by a fault of PAM files.
pub(crate) fn consequence(fault: &Finding) -> String {
    let what = fault.what();
    match fault.kind.id {
        id if id == PAM_PASSWORD_SKIPPED.id || id == PAM_NULLOK.id => {
            format!("logins are let in without a password: {what}")
        }
        _ if fault.kind.severity == Severity::Hole => {
            format!("logins are let in without a second factor: {what}")
        }
        _ => format!("logins are refused: {what}"),
    }
}

/// The removal of the lines of a module that guards no user alone any more, as in docs/moving-in.md.
fn removal(subject: &Subject) -> Remedy {
    let module = old_module(subject);
    let remove = format!(
        r"grep -lZ {module} /etc/pam.d/* | xargs -0r sed -i --follow-symlinks ':a;/\\$/{{N;ba}};/{module}/d'"
    );
    let mut commands = vec![
        "[ -e /root/pam.d.before ] || cp -aL /etc/pam.d /root/pam.d.before".to_owned(),
        remove,
    ];
    match subject.users_files.as_slice() {
        [] => commands.push("tfactl import google-authenticator --homes --apply".to_owned()),
        files => {
            let import = |file: &String| format!("tfactl import oath {} --apply", quoted(file));
            commands.extend(files.iter().map(import));
        }
    }
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    remedy(
        "No user is left whom the line guards alone. Keep a root shell open, keep the files of before, remove the \
         line, and import once more for the codes used meanwhile.",
        &commands,
    )
}

fn old_module(subject: &Subject) -> &'static str {
    match subject.users_files.is_empty() {
        true => "pam_google_authenticator",
        false => "pam_oath",
    }
}

/// What pam_oath replaces in the path of its file.
const OF_USER: [&str; 2] = ["${HOME}", "${USER}"];

pub(crate) const MOVING_BREAKS: Kind = Kind {
    id: "moving-breaks",
    severity: Severity::Risk,
    why: "The last step of moving in removes the lines of the other module, and this holds from then on.",
    what: |subject| {
        let (module, consequence) = (list(&subject.names), &subject.detail);
        format!("Without the lines of {module}, {consequence}")
    },
    remedy: |subject| match subject.when {
        When::Before => remedy(
            "Make these changes before you remove the lines. Keep a root shell open until a new login has worked.",
            &[],
        ),
        When::AtOnce => remedy(
            "When no user is left whom the module alone guards, make all these changes at once. Keep a root shell open \
             until a new login has worked.",
            &[],
        ),
        When::AfterAnother => remedy(
            "Do not remove the lines yet. Follow the other findings about this file first, and run this again.",
            &["tfactl doctor"],
        ),
        When::Unknown => remedy(
            "Keep a root shell open when you remove the lines, and mend this at the same time.",
            &[&edit(subject)],
        ),
    },
};

pub(crate) const AUDIT_MODE: Kind = Kind {
    id: "audit-mode",
    severity: Severity::Risk,
    why: "No login is refused for lack of a second factor; what would be refused is only recorded.",
    what: |_| "The policy requires a second factor, and is in audit mode.".to_owned(),
    remedy: |_| {
        remedy(
            "Look at what would be refused. Then remove \"audit = true\".",
            &[
                "tfactl policy impact --recorded",
                r"sed -i 's/\(audit *= *\)true/\1false/' $(grep -rl audit /etc/tfa)",
                CHECKED_RELOAD,
            ],
        )
    },
};
