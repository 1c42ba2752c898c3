//! Faults in the settings of sshd.

use super::{CHECKED_RELOAD, later, list, remedy};
use crate::finding::{Kind, Remedy, Severity, Subject};
use crate::shell::{append, quoted};
use crate::sshd::StartedBy;
use crate::sshd::config::MAIN;

/// Where the setting stands, to begin a text.
fn head(subject: &Subject) -> String {
    match subject.place.as_str() {
        "" => "Without a line that sets it, ".to_owned(),
        place => format!("{place}: "),
    }
}

/// The program of the packages.
const PROGRAM: &str = "/usr/sbin/sshd";

/// Which sshd it is about, to end a text, if it is not that of the package.
fn which(subject: &Subject) -> String {
    match &subject.started_by {
        StartedBy::Usual => String::new(),
        StartedBy::Unit(unit) => format!(", in the sshd of {unit}"),
        StartedBy::Process(pid) => format!(", in the sshd of process {pid}"),
    }
}

/// The connections and the sshd, to end a text.
fn connections(subject: &Subject) -> String {
    let which = which(subject);
    match subject.names.as_slice() {
        [] => which,
        names => format!(", for connections such as {}{which}", list(names)),
    }
}

/// The command that checks the files as this sshd reads them: with its program and options.
fn check(subject: &Subject) -> String {
    let (program, words) = match subject.sshd_command.split_first() {
        Some((program, words)) if program != PROGRAM => (quoted(program), words),
        Some((_, words)) => ("sshd".to_owned(), words),
        None => ("sshd".to_owned(), &[][..]),
    };
    let words = words.iter().map(|word| format!(" {}", option(word)));
    let words: String = words.collect();
    format!("{program} -t{words}")
}

/// A word of a command line of sshd. A letter with a minus is no file name.
fn option(word: &str) -> String {
    match word {
        "-f" | "-o" => word.to_owned(),
        word => quoted(word),
    }
}

/// The command that puts new settings of a file in force.
fn reload(subject: &Subject) -> String {
    let check = check(subject);
    match &subject.started_by {
        StartedBy::Usual => format!("{check} && systemctl reload ssh"),
        StartedBy::Unit(unit) => format!("{check} && systemctl reload {}", quoted(unit)),
        StartedBy::Process(pid) => format!("{check} && kill -HUP {pid}"),
    }
}

/// The command that starts sshd anew. For a process without a unit it only shows how that was started: nothing else
/// would start it again.
fn restart(subject: &Subject) -> String {
    match &subject.started_by {
        StartedBy::Usual => "systemctl restart ssh".to_owned(),
        StartedBy::Unit(unit) => format!("systemctl restart {}", quoted(unit)),
        StartedBy::Process(pid) => format!("ps -o args= -p {pid}"),
    }
}

/// Where options of the command line stand, which have no line.
fn command_line(subject: &Subject) -> Option<&str> {
    let place = subject.place.as_str();
    (!place.is_empty() && !place.contains(':')).then_some(place)
}

/// The change that was tried on the settings in force, else a change by hand.
fn set(subject: &Subject, text: &str) -> Remedy {
    if let (Some(_), StartedBy::Process(pid)) = (command_line(subject), &subject.started_by) {
        let text = format!(
            "{text} The setting is an option (-o) of process {pid}. Start it again from a second session, as it was \
             started, without the option."
        );
        return remedy(text, &[&restart(subject)]);
    }
    if let Some(place) = command_line(subject) {
        let edit = match subject.drop_in.first() {
            Some(change) => change.clone(),
            None if place.starts_with('/') => super::edit_file(place),
            None => format!("systemctl edit --full {}", quoted(place)),
        };
        let text = format!("{text} The setting is an option (-o) of the command line in {place}.");
        return remedy(text, &[&edit, &restart(subject)]);
    }
    let reload = reload(subject);
    if !subject.drop_in.is_empty() {
        let text = format!("{text} The first value that sshd reads is in force.");
        let commands = subject.drop_in.iter().map(String::as_str);
        let commands: Vec<&str> = commands.chain([reload.as_str()]).collect();
        return remedy(text, &commands);
    }
    let command = match subject.place.as_str() {
        "" => {
            let file = subject.sshd_file.as_deref();
            super::edit_file(file.unwrap_or(MAIN))
        }
        _ => super::edit(subject),
    };
    remedy(text, &[&command, &reload])
}

pub(crate) const SSHD_REFUSES: Kind = Kind {
    id: "sshd-refuses",
    severity: Severity::LockOut,
    why: "sshd does not start again with this configuration.",
    what: |subject| {
        let (why, which) = (subject.detail.trim_end_matches('.'), which(subject));
        format!("sshd refuses its configuration{which}: {why}.")
    },
    remedy: |subject| {
        remedy(
            "Correct the line that the check names. Keep a session open until it succeeds.",
            &[&reload(subject)],
        )
    },
};

/// What loads the changes of files.
pub(crate) const BY_RELOAD: &str = "reload";
pub(crate) const BY_RESTART: &str = "restart";

pub(crate) const SSHD_NOT_LOADED: Kind = Kind {
    id: "sshd-not-loaded",
    severity: Severity::Risk,
    why: "sshd goes on with the settings of before, which were not examined and may need no second factor.",
    what: |subject| {
        let sshd = match &subject.started_by {
            StartedBy::Usual => "sshd".to_owned(),
            StartedBy::Unit(unit) => format!("The sshd of {unit}"),
            StartedBy::Process(pid) => format!("The sshd of process {pid}"),
        };
        let files = list(&subject.names);
        format!("{sshd} may run with settings of before these files were changed: {files}.")
    },
    remedy: |subject| match subject.detail.as_str() {
        BY_RESTART => {
            let (check, load) = (check(subject), restart(subject));
            remedy(
                "Look at the files, and start sshd again. Keep a session open meanwhile.",
                &[&format!("{check} && systemctl daemon-reload && {load}")],
            )
        }
        _ => {
            let load = reload(subject);
            remedy(
                "Look at the files, and load them. Keep a session open meanwhile.",
                &[&load],
            )
        }
    },
};

pub(crate) const SSHD_NOT_READ: Kind = Kind {
    id: "sshd-not-read",
    severity: Severity::Advice,
    why: "Settings that were meant to be in force are not, or those of before are left to confuse.",
    what: |subject| {
        let (files, which) = (list(&subject.names), which(subject));
        format!("No Include line matches these files, so they are not read{which}: {files}.")
    },
    remedy: |subject| {
        let names = subject.names.iter().map(|name| quoted(name));
        let names: Vec<String> = names.collect();
        let show = format!("cat {}", names.join(" "));
        remedy(
            "Look at the files. Remove them, or give those that are meant a name that ends in .conf.",
            &[&show, &reload(subject)],
        )
    },
};

pub(crate) const SSHD_PASSWORD_METHOD: Kind = Kind {
    id: "sshd-password-method",
    severity: Severity::Advice,
    why: "The method password answers every hidden question with the password: a client that uses it is refused with \
          the right password, and is not asked for the code.",
    what: |subject| {
        let (head, connections) = (head(subject), connections(subject));
        format!(
            "{head}sshd offers the method password beside the one that can ask for a code{connections}."
        )
    },
    remedy: |subject| {
        let text = "Offer keyboard-interactive alone, which asks for the password too.";
        set(subject, text)
    },
};

pub(crate) const SSHD_WITHOUT_PAM: Kind = Kind {
    id: "sshd-without-pam",
    severity: Severity::Hole,
    why: "sshd verifies passwords itself then, and no login by SSH is asked for a code.",
    what: |subject| format!("{}UsePAM is off{}.", head(subject), which(subject)),
    remedy: |subject| set(subject, "Let PAM verify passwords."),
};

pub(crate) const SSHD_NO_QUESTIONS: Kind = Kind {
    id: "sshd-no-questions",
    severity: Severity::LockOut,
    why: "A password login cannot be asked for a code, so users who have enrolled are refused.",
    what: |subject| {
        let (head, connections) = (head(subject), connections(subject));
        format!(
            "{head}sshd accepts passwords, and no method that can ask for a code \
             (keyboard-interactive){connections}."
        )
    },
    remedy: |subject| {
        set(
            subject,
            "Turn KbdInteractiveAuthentication on, and name keyboard-interactive if \
             AuthenticationMethods is set.",
        )
    },
};

pub(crate) const SSHD_PASSWORDS: Kind = Kind {
    id: "sshd-passwords",
    severity: Severity::Risk,
    why: "The first question of keyboard-interactive is the password, so a user who has not enrolled logs \
          in with it.",
    what: |subject| {
        let (head, connections) = (head(subject), connections(subject));
        format!(
            "{head}PasswordAuthentication is off, and keyboard-interactive accepts \
             passwords{connections}."
        )
    },
    remedy: |subject| {
        set(
            subject,
            "To accept no passwords, turn questions off. To accept passwords with a code, set \
             \"PasswordAuthentication no\" and \"KbdInteractiveAuthentication yes\" in one file.",
        )
    },
};

pub(crate) const SSHD_METHODS: Kind = Kind {
    id: "sshd-methods",
    severity: Severity::LockOut,
    why: "No login of such a connection succeeds.",
    what: |subject| {
        let (head, methods, connections) = (head(subject), &subject.detail, connections(subject));
        format!(
            "{head}each list of AuthenticationMethods ({methods}) has a method that is not \
             enabled{connections}."
        )
    },
    remedy: |subject| {
        set(
            subject,
            "Enable the methods of one list, such as KbdInteractiveAuthentication yes for \
             keyboard-interactive.",
        )
    },
};

pub(crate) const SSHD_KEYS_NOT_GUARDED: Kind = Kind {
    id: "sshd-keys-not-guarded",
    severity: Severity::Hole,
    why: "PAM asks nothing of such a login, and only the guard refuses one without a second factor.",
    what: |subject| {
        let (ways, connections) = (&subject.detail, connections(subject));
        let later = later(subject);
        format!(
            "sshd lets users in by {ways} without asking PAM, a second factor is required{later}, and the policy \
             does not guard sshd{connections}."
        )
    },
    remedy: guard,
};

/// Adds sshd to the guard, behind what opens a way in that asks for a code.
fn guard(subject: &Subject) -> Remedy {
    if let Some(first) = super::accounts::answers_first(subject) {
        return first;
    }
    if !subject.refused.is_empty() {
        let names = subject.refused.iter().map(|name| match name.as_str() {
            "" => "outside the Match blocks".to_owned(),
            name => format!("with {name}"),
        });
        let names: Vec<String> = names.collect();
        let text = format!(
            "Let sshd ask for codes, then run the doctor again: if guard had sshd now, each login of connections \
             {} would be refused.",
            list(&names)
        );
        return set(subject, &text);
    }
    let edits = subject.edits.iter().map(|edit| edit.file.as_str());
    let (policy, mut files): (Vec<&str>, Vec<&str>) =
        edits.partition(|file| file.starts_with("/etc/tfa/"));
    files.dedup();
    let editors = files.iter().map(|file| super::edit_file(file));
    let mut commands: Vec<String> = subject.drop_in.iter().cloned().chain(editors).collect();
    let text = match commands.is_empty() {
        true => {
            "Add sshd to guard, or require a key and a code: \"AuthenticationMethods \
             publickey,keyboard-interactive\"."
        }
        false => {
            commands.push(reload(subject));
            "Let sshd ask for codes, then add sshd to guard. A login by key alone is refused from then on, so test one \
             with a password and a code. To demand the key as well: \"AuthenticationMethods \
             publickey,keyboard-interactive\"."
        }
    };
    let policy = policy.first().copied().unwrap_or("/etc/tfa/tfad.toml");
    commands.push(super::edit_file(policy));
    commands.push(CHECKED_RELOAD.to_owned());
    Remedy {
        text: text.to_owned(),
        commands,
    }
}

pub(crate) const SSHD_KEYS_ONLY: Kind = Kind {
    id: "sshd-keys-only",
    severity: Severity::LockOut,
    why: "PAM is not asked for a second factor, so these logins are refused as soon as the policy requires one of \
          the user.",
    what: |subject| {
        let (head, ways, connections) = (head(subject), &subject.detail, connections(subject));
        match subject.later {
            None => format!(
                "{head}sshd lets users in by {ways} only{connections}, and a second factor is required."
            ),
            Some(_) => {
                let later = later(subject);
                format!(
                    "{head}sshd lets users in by {ways} only{connections}. These logins will be refused{later}."
                )
            }
        }
    },
    remedy: |subject| {
        set(
            subject,
            "Let sshd ask for codes: \"KbdInteractiveAuthentication yes\", and keyboard-interactive in \
             AuthenticationMethods if that is set. Or exempt these logins by a rule on methods: tfad.toml(5).",
        )
    },
};

pub(crate) const SSHD_MATCH_WEAKER: Kind = Kind {
    id: "sshd-match-weaker",
    severity: Severity::Advice,
    why: "Each other connection is asked for a code, and these need none if the policy does not refuse them.",
    what: |subject| {
        let (head, lists, connections) = (head(subject), &subject.detail, connections(subject));
        format!("{head}sshd accepts {lists} without a method that can ask for a code{connections}.")
    },
    remedy: |subject| {
        if subject.may_lock_out || !subject.locked_out.is_empty() {
            let who = match subject.locked_out.as_slice() {
                [] => "Accounts without a password".to_owned(),
                names => list(names),
            };
            let text = format!(
                "{who} would be locked out by a method that asks for more than the key. Leave the block, and exempt the \
                 account of a program by a rule on methods (README.md, \"An account for a program\")."
            );
            return remedy(text, &["# edit /etc/tfa/tfad.toml", CHECKED_RELOAD]);
        }
        set(
            subject,
            "For the account of a program, leave the block, and exempt it by a rule (README.md, \"An account for a \
             program\"). For users who can enter a code, name keyboard-interactive in AuthenticationMethods: logins without a \
             terminal are then refused.",
        )
    },
};

pub(crate) const SSHD_GRACE_TIME: Kind = Kind {
    id: "sshd-grace-time",
    severity: Severity::Risk,
    why: "A user who must enroll in the login, and first installs an app, needs more time than that.",
    what: |subject| {
        let (head, seconds, later) = (head(subject), &subject.detail, later(subject));
        let which = which(subject);
        format!(
            "{head}sshd ends a login after {seconds} seconds (LoginGraceTime){which}, and users may have to enroll{later}."
        )
    },
    remedy: |subject| set(subject, "Give ten minutes."),
};

pub(crate) const SSHD_CODE_TIME: Kind = Kind {
    id: "sshd-code-time",
    severity: Severity::Risk,
    why: "A user who has enrolled reads the code from a phone, and may need more time than that.",
    what: |subject| {
        let (head, seconds, which) = (head(subject), &subject.detail, which(subject));
        format!(
            "{head}sshd ends a login after {seconds} seconds (LoginGraceTime){which}, with password and code."
        )
    },
    remedy: |subject| set(subject, "Give ten minutes."),
};

pub(crate) const SSHD_ONE_TRY: Kind = Kind {
    id: "sshd-one-try",
    severity: Severity::LockOut,
    why: "A client that offers another key first, or a mistyped password, ends the connection before the code.",
    what: |subject| {
        let (head, connections) = (head(subject), connections(subject));
        format!("{head}MaxAuthTries is 1{connections}.")
    },
    remedy: |subject| set(subject, "Allow the default of six."),
};

pub(crate) const SSHD_TOUCH: Kind = Kind {
    id: "sshd-touch",
    severity: Severity::Risk,
    why: "Users can switch the touch of a security key off, and a program with their agent then logs in \
          without them.",
    what: |subject| {
        let (head, connections) = (head(subject), connections(subject));
        format!(
            "{head}sshd requires no touch (PubkeyAuthOptions){connections}, and rules accept security keys only."
        )
    },
    remedy: |subject| set(subject, "Require the touch."),
};

pub(crate) const SSHD_EMPTY_PASSWORDS: Kind = Kind {
    id: "sshd-empty-passwords",
    severity: Severity::Risk,
    why: "An account without a password is entered from the network with a code alone, or with nothing.",
    what: |subject| {
        let (head, connections) = (head(subject), connections(subject));
        format!("{head}sshd accepts empty passwords{connections}.")
    },
    remedy: |subject| set(subject, "Refuse empty passwords."),
};

pub(crate) const SSHD_PARTLY_EXAMINED: Kind = Kind {
    id: "sshd-partly-examined",
    severity: Severity::Risk,
    why: "A connection that was not examined may need no second factor.",
    what: |subject| subject.detail.clone(),
    remedy: |_| {
        remedy(
            "Fix the name service if it failed. Else write fewer and simpler Match blocks, or ask sshd about the \
             other connections yourself.",
            &["sshd -T -C user=USER,addr=ADDRESS,host=HOST,laddr=ADDRESS,lport=PORT"],
        )
    },
};

pub(crate) const SSHD_OTHER_FILES: Kind = Kind {
    id: "sshd-other-files",
    severity: Severity::Risk,
    why: "With other PAM files or programs, users may log in without a code. Without /run/tfa and the socket of D-Bus in \
          /run/dbus, each of them is refused.",
    what: |subject| {
        let (unit, setting) = (&subject.place, &subject.detail);
        format!(
            "{unit} has {setting}, with which sshd has other files than those that were examined."
        )
    },
    remedy: |subject| {
        let unit = quoted(&subject.place);
        remedy(
            "Look for the setting, and remove it from the drop-in, or have it leave these folders out: /etc, /run, /usr, /lib and \
             /var/lib/tfa. Keep a session open, and test a login.",
            &[
                &format!("systemctl cat {unit}"),
                "systemctl daemon-reload",
                &format!("systemctl restart {unit}"),
            ],
        )
    },
};

pub(crate) fn too_many_connections() -> String {
    "The Match blocks of sshd tell more connections apart than were examined.".to_owned()
}

pub(crate) fn unknown_criterion(name: &str) -> String {
    format!(
        "A Match line of sshd has a criterion that the doctor does not know ({name}), so not each \
         connection was examined."
    )
}

pub(crate) fn uncertain_pattern(pattern: &str) -> String {
    format!(
        "Not each connection that a pattern of a Match line ({pattern}) tells apart was examined."
    )
}

pub(crate) fn sshd_file_not_read(path: &str) -> String {
    format!(
        "{path} could not be read as sshd reads it, and may have Match blocks that were not examined."
    )
}

pub(crate) fn sshd_line_not_read(place: &str) -> String {
    format!("{place} is not UTF-8, so the connections that this line is about were not examined.")
}

pub(crate) fn sshd_pattern_not_read(pattern: &str) -> String {
    format!(
        "The files that sshd reads for \"Include {pattern}\" are not known, and may have Match blocks that were not examined."
    )
}

pub(crate) fn too_many_lines() -> String {
    "The files of sshd have more lines than were read.".to_owned()
}

pub(crate) const SSHD_NOT_EXAMINED: Kind = Kind {
    id: "sshd-not-examined",
    severity: Severity::Risk,
    why: "Its settings may let users in without a second factor.",
    what: |subject| {
        let (why, which) = (subject.detail.trim_end_matches('.'), which(subject));
        format!("sshd did not print its settings, so they were not examined{which}: {why}.")
    },
    remedy: |_| {
        remedy(
            "Fix what the command reports, and run the doctor again. A folder that is missing is created when \
             sshd is started.",
            &["sshd -T", "tfactl doctor"],
        )
    },
};

pub(crate) const LOGIN_TIMEOUT: Kind = Kind {
    id: "login-timeout",
    severity: Severity::Advice,
    why: "A user who must enroll at the console, and first installs an app, needs more time than that.",
    what: |subject| {
        let (place, seconds, later) = (&subject.place, &subject.detail, later(subject));
        format!(
            "{place}: login ends after {seconds} seconds (LOGIN_TIMEOUT), and users may have to enroll{later}."
        )
    },
    remedy: |subject| {
        let change = match subject.line() {
            Some((file, line)) => {
                format!("sed -i '{line}s/.*/LOGIN_TIMEOUT 600/' {}", quoted(file))
            }
            None => append("LOGIN_TIMEOUT 600", "/etc/login.defs"),
        };
        remedy("Give ten minutes.", &[&change])
    },
};
