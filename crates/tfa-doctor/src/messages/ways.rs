//! Ways into the host beside the PAM stacks.

use super::{REINSTALL, list, remedy, sed};
use crate::finding::{Kind, Remedy, Severity, Subject};
use crate::shell::quoted;

/// The answers of rules of polkit that ask for nothing, as sed(1) replaces them.
const YES_TO_AUTH_ADMIN: &str =
    "{s/Result\\.YES/Result.AUTH_ADMIN/g;s/\\([\"\\x27]\\)yes\\1/\\1auth_admin\\1/g}";

/// Changes the lines of a file of polkit that have the wrong answer, with a script of sed(1).
fn change_answers(text: &str, subject: &Subject, script: &str) -> Remedy {
    let file = quoted(&subject.place);
    let lines = subject.detail.split(' ');
    let commands: Vec<String> = lines
        .map(|line| format!("sed -i '{line}{script}' {file}"))
        .collect();
    let text = match subject.place.starts_with("/usr/share/") {
        true => format!("{text} An update of the package that has the file undoes the change."),
        false => text.to_owned(),
    };
    Remedy { text, commands }
}

pub(crate) const DEBUG_SHELL: Kind = Kind {
    id: "debug-shell",
    severity: Severity::Hole,
    why: "It is a shell of root on the ninth console, without a password and without a code.",
    what: |_| "The debug shell of systemd runs, or is started at the boot.".to_owned(),
    remedy: |_| {
        remedy(
            "Turn it off. Remove systemd.debug_shell from the kernel's command line, too.",
            &["systemctl disable --now debug-shell.service"],
        )
    },
};

pub(crate) const DROPBEAR: Kind = Kind {
    id: "dropbear",
    severity: Severity::Hole,
    why: "dropbear verifies passwords and keys itself, and asks for no code.",
    what: |subject| {
        let names = list(&subject.names);
        format!("A second SSH server runs, or is started at the boot: {names}.")
    },
    remedy: |subject| {
        let names = units(subject);
        remedy(
            "Turn it off, and use sshd.",
            &[&format!("systemctl disable --now {names}")],
        )
    },
};

/// The units as words of a command: a name may have a backslash.
fn units(subject: &Subject) -> String {
    let names: Vec<String> = subject.names.iter().map(|name| quoted(name)).collect();
    names.join(" ")
}

pub(crate) const CONSOLE_AUTOLOGIN: Kind = Kind {
    id: "console-autologin",
    severity: Severity::Risk,
    why: "login is told that the user is verified, so it asks for neither the password nor the code.",
    what: |subject| {
        let names = list(&subject.names);
        format!(
            "A console lets users in without a password (--autologin, or -f for login): {names}."
        )
    },
    remedy: |subject| {
        let files: Vec<String> = subject.detail.split(' ').map(quoted).collect();
        let change = match subject.detail.as_str() {
            "" => format!("systemctl edit --full {}", units(subject)),
            _ => format!(
                r"sed -i -E '/ExecStart/{{s/ (--autologin|-a)[ =]+[^ ]+//;s/ -f( --)? (\\+u)/\1 \2/}}' {}",
                files.join(" ")
            ),
        };
        remedy(
            "Remove the options from the command of the unit. A session that it has begun goes on until its end.",
            &[&change, "systemctl daemon-reload"],
        )
    },
};

pub(crate) const CONSOLE_OTHER: Kind = Kind {
    id: "console-other",
    severity: Severity::Risk,
    why: "The PAM lines of login do not decide there, so it may ask for no password, or for no code.",
    what: |subject| {
        let (names, program) = (list(&subject.names), &subject.detail);
        format!("The unit of a console starts {program} in place of agetty or login: {names}.")
    },
    remedy: |subject| {
        let names = units(subject);
        remedy(
            "Read the unit, and remove its drop-in or its own file if the program lets users in.",
            &[
                &format!("systemctl cat {names}"),
                &format!("systemctl revert {names}"),
            ],
        )
    },
};

pub(crate) const DOAS_NOPASS: Kind = Kind {
    id: "doas-nopass",
    severity: Severity::Risk,
    why: "doas asks for neither the password nor the code, so one login is enough to become root.",
    what: |subject| {
        let place = &subject.place;
        format!("{place}: a rule of doas allows every command without a password.")
    },
    remedy: |subject| {
        let change = sed(subject, "s/[[:space:]]nopass\\b//");
        remedy("Remove the word nopass.", &[&change])
    },
};

pub(crate) const POLKIT_OPEN: Kind = Kind {
    id: "polkit-open",
    severity: Severity::Hole,
    why: "A program of such a user can enroll a phone of its own, or reset the second factor of others.",
    what: |subject| {
        let (place, actions) = (&subject.place, list(&subject.names));
        format!("{place}: polkit asks users for no password before {actions}.")
    },
    remedy: |subject| match subject.place == POLKIT_FILE {
        true => remedy("Install the package again.", &[REINSTALL]),
        false => change_answers(
            "Have polkit ask for the password of an administrator.",
            subject,
            "s/\\byes\\b/auth_admin/",
        ),
    },
};

pub(crate) const POLKIT_MISSING: Kind = Kind {
    id: "polkit-missing",
    severity: Severity::Risk,
    why: "Users cannot enroll or change anything by themselves, and only root can help them.",
    what: |subject| {
        let actions = list(&subject.names);
        format!("polkit does not know actions of the package: {actions}.")
    },
    remedy: |_| {
        remedy(
            "Put the file of the package back.",
            &[REINSTALL, "systemctl try-restart polkit"],
        )
    },
};

/// The actions of the package.
const POLKIT_FILE: &str = "/usr/share/polkit-1/actions/org.tfad.tfa1.policy";

pub(crate) const POLKIT_ALLOWS: Kind = Kind {
    id: "polkit-allows",
    severity: Severity::Risk,
    why: "With these actions a user becomes root, or changes second factors, with neither the password nor the code.",
    what: |subject| {
        let (place, actions) = (&subject.place, list(&subject.names));
        if !place.is_empty() {
            return format!("{place}: a rule of polkit allows {actions} without a question.");
        }
        let users: Vec<String> = subject.detail.split(' ').map(str::to_owned).collect();
        format!(
            "polkit allows {} without a question {actions}.",
            list(&users)
        )
    },
    remedy: |subject| {
        if !subject.place.is_empty() {
            return change_answers(&auth_admin(subject), subject, yes_to_auth_admin(subject));
        }
        let (default, rules) = (
            "pkaction --verbose --action-id ",
            "grep -rn -e YES -e yes /etc/polkit-1/rules.d /usr/share/polkit-1/rules.d",
        );
        let mut commands: Vec<String> = subject
            .names
            .iter()
            .map(|action| format!("{default}{}", quoted(action)))
            .collect();
        commands.push(rules.to_owned());
        Remedy {
            text: "Find the answer: the first command prints that of the action's file, and the last one the lines of rules. \
                   Have it be auth_admin."
                .to_owned(),
            commands,
        }
    },
};

pub(crate) const POLKIT_YES: Kind = Kind {
    id: "polkit-yes",
    severity: Severity::Advice,
    why: "With these actions a user becomes root, or changes second factors, and polkit may ask for neither the \
          password nor the code.",
    what: |subject| {
        let (place, actions) = (&subject.place, list(&subject.names));
        format!("{place}: a rule of polkit may allow {actions} without a question.")
    },
    remedy: |subject| {
        let change = auth_admin(subject);
        let text = format!("Read the rule: the text was searched, and not evaluated. {change}");
        change_answers(&text, subject, yes_to_auth_admin(subject))
    },
};

pub(crate) const POLKIT_NOT_READ: Kind = Kind {
    id: "polkit-not-read",
    severity: Severity::Advice,
    why: "The file takes effect when the package polkitd-pkla is installed; until then, what it was written for does not \
          work.",
    what: |subject| {
        let (place, actions) = (&subject.place, list(&subject.names));
        format!(
            "{place}: it allows {actions} without a question, and polkit does not read such files here."
        )
    },
    remedy: |subject| {
        let file = quoted(&subject.place);
        let text =
            "Look at the file, and remove it. What is still needed is a rule, see polkit(8).";
        remedy(text, &[&format!("cat {file}"), &format!("rm {file}")])
    },
};

/// Whether the finding is about a file of the former local authority.
fn is_pkla(subject: &Subject) -> bool {
    subject.place.ends_with(".pkla")
}

fn auth_admin(subject: &Subject) -> String {
    match is_pkla(subject) {
        true => "Write auth_admin instead of yes.".to_owned(),
        false => "Return AUTH_ADMIN instead of YES.".to_owned(),
    }
}

fn yes_to_auth_admin(subject: &Subject) -> &'static str {
    match is_pkla(subject) {
        true => "s/=[[:space:]]*yes\\b/=auth_admin/",
        false => YES_TO_AUTH_ADMIN,
    }
}
