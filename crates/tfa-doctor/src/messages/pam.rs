//! Faults in the PAM files.

use tfa_pam_stack::{ProblemKind, Unreadable};

use super::{edit, edit_file, later, list, remedy};
use crate::finding::{Kind, ProfileUpdate, Remedy, Severity, Subject};

/// What to know before a service asks for codes.
const CANNOT_ASK: &str = "For a program that answers each question with the password: pam_tfa(8), \"PROGRAMS THAT \
                          CANNOT ASK\".";
/// How many characters of a line that is lost a text has.
const MAX_LOST: usize = 60;

/// The profile of the package is written again.
fn profile_update(update: &ProfileUpdate) -> Remedy {
    let names = update
        .files
        .iter()
        .filter_map(|file| file.rsplit('/').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    let files = list(&names);
    if !update.needs_force {
        return remedy(
            format!(
                "Keep a root shell open, and have pam-auth-update write the lines of the package's profile \
                 into {files}."
            ),
            &["pam-auth-update --enable tfa"],
        );
    }
    let lost: Vec<String> = update
        .lost
        .iter()
        .map(|line| format!("\"{}\"", shortened(line)))
        .collect();
    let lost = match lost.as_slice() {
        [] => String::new(),
        [line] => format!(" This line is lost: {line}."),
        lines => format!(" These lines are lost: {}.", list(lines)),
    };
    remedy(
        format!(
            "Keep a root shell open. Have {files} written again; the old ones stay as *.pam-old. Without \
             --force, changes by hand are kept.{lost}"
        ),
        &["pam-auth-update --force --enable tfa"],
    )
}

/// A line with one blank between words, cut off if it is long.
fn shortened(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_LOST) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Changes of lines that are known, and are shown beside the text.
fn changed_lines() -> Remedy {
    let text =
        "Keep a root shell open, and change these lines. Keep it until a new login has worked.";
    remedy(text, &[])
}

/// What was tried on the files of the host.
fn tried(subject: &Subject) -> Option<Remedy> {
    let by_profile = subject.update.as_ref().map(profile_update);
    by_profile.or_else(|| (!subject.edits.is_empty()).then(changed_lines))
}

/// What was tried, else a change by hand.
fn by_hand(subject: &Subject, text: &str) -> Remedy {
    tried(subject).unwrap_or_else(|| remedy(text, &[&edit(subject)]))
}

/// The start of a sentence about services.
fn services(subject: &Subject) -> String {
    let names = list(&subject.names);
    match subject.names.len() {
        1 => format!("the PAM service {names}"),
        _ => format!("the PAM services {names}"),
    }
}

/// The modules on which it depends whether users are refused, as a sentence behind others.
fn depends(subject: &Subject) -> String {
    match subject.depends_on.as_slice() {
        [] => String::new(),
        modules => format!(
            " This depends on the results of {}, which are not known.",
            list(modules)
        ),
    }
}

pub(crate) const PAM_OFF: Kind = Kind {
    id: "pam-off",
    severity: Severity::Hole,
    why: "No login of this host is asked for a code.",
    what: |_| "No PAM service has a line of pam_tfa.".to_owned(),
    remedy: |subject| {
        let profile = "pam-auth-update --enable tfa";
        let text = "Keep a root shell open, and enable the profile of the package.";
        tried(subject).unwrap_or_else(|| remedy(text, &[profile]))
    },
};

pub(crate) const PAM_NOT_ASKED: Kind = Kind {
    id: "pam-not-asked",
    severity: Severity::Hole,
    why: "A login there is asked for no code.",
    what: |subject| {
        let (file, services) = (subject.file(), services(subject));
        format!("{file}: the lines of {services} do not include pam_tfa.")
    },
    remedy: |subject| {
        let remedy = by_hand(
            subject,
            "Replace the lines of auth, account and session by \"@include common-auth\", \"@include \
             common-account\" and \"@include common-session\".",
        );
        let text = format!("{} {CANNOT_ASK}", remedy.text);
        Remedy { text, ..remedy }
    },
};

pub(crate) const PAM_TWIN: Kind = Kind {
    id: "pam-twin",
    severity: Severity::Hole,
    why: "The same program asks for a code without its option for a login shell, or only with it, so \
          one of them is the way around.",
    what: |subject| {
        let (file, services) = (subject.file(), services(subject));
        format!(
            "{file}: the lines of {services} do not include pam_tfa, and those of the other service \
             of the program do."
        )
    },
    remedy: PAM_NOT_ASKED.remedy,
};

pub(crate) const PAM_OWN_STACK: Kind = Kind {
    id: "pam-own-stack",
    severity: Severity::Advice,
    why: "The password alone is enough there, which is right only if the program lets no user into the \
          host.",
    what: |subject| {
        let (file, services) = (subject.file(), services(subject));
        format!(
            "{file}: the program of {services} cannot ask for a code, and its lines do not include pam_tfa."
        )
    },
    remedy: |subject| {
        remedy(
            "Use forward_pass if users can type the code behind the password: pam_tfa(8), \"PROGRAMS \
             THAT CANNOT ASK\".",
            &[&edit(subject)],
        )
    },
};

pub(crate) const PAM_NULLOK: Kind = Kind {
    id: "pam-nullok",
    severity: Severity::Risk,
    why: "An account with an empty password is open to everyone there.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: this line accepts empty passwords (nullok), and nothing else is asked for in \
             {services}."
        )
    },
    remedy: |subject| by_hand(subject, "Remove the option nullok."),
};

pub(crate) const PAM_AUTH_MISSING: Kind = Kind {
    id: "pam-auth-missing",
    severity: Severity::Hole,
    why: "The account phase asks for no code. It refuses a login only where the policy guards the service \
          and requires a second factor.",
    what: |subject| {
        let (file, services) = (subject.file(), services(subject));
        format!("{file}: pam_tfa is in the account lines and not in the auth lines of {services}.")
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Add the auth line of pam_tfa to the file: pam_tfa(8), \"THE SHIPPED PROFILE\".",
        )
    },
};

pub(crate) const PAM_ACCOUNT_MISSING: Kind = Kind {
    id: "pam-account-missing",
    severity: Severity::Hole,
    why: "A login by SSH key alone is not refused where a second factor is required, and a user who \
          must enroll is let in or refused without enrollment.",
    what: |subject| {
        let (file, services) = (subject.file(), services(subject));
        format!("{file}: pam_tfa is in the auth lines and not in the account lines of {services}.")
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Add the account line of pam_tfa to the file: pam_tfa(8), \"THE SHIPPED PROFILE\".",
        )
    },
};

pub(crate) const PAM_SKIPPED: Kind = Kind {
    id: "pam-skipped",
    severity: Severity::Hole,
    why: "A user who has enrolled logs in without a code.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!("{place}: this line leads a login of {services} around the auth line of pam_tfa.")
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Remove the line, or let its jump lead to the line of pam_tfa. \"requisite\" refuses all for whom a condition \
             does not hold, such as those outside of the group of pam_wheel.",
        )
    },
};

pub(crate) const PAM_AFTER_PUBLICKEY: Kind = Kind {
    id: "pam-after-publickey",
    severity: Severity::Hole,
    why: "A user who has enrolled logs in without a code wherever sshd has not accepted a public key before, as \
          at the console and in sudo.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: with the option after_publickey, the line asks for a code after a public key only, and \
             no other line of {services} asks without one."
        )
    },
    remedy: |subject| by_hand(subject, "Remove the option after_publickey."),
};

pub(crate) const PAM_ACCOUNT_SKIPPED: Kind = Kind {
    id: "pam-account-skipped",
    severity: Severity::Hole,
    why: "A login by SSH key alone is not refused where a second factor is required, and a user who \
          must enroll does not.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: this line leads a login of {services} around the account line of pam_tfa."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Put the account lines of pam_tfa before this one: pam_tfa(8), \"THE SHIPPED PROFILE\".",
        )
    },
};

pub(crate) const PAM_REFUSAL_IGNORED: Kind = Kind {
    id: "pam-refusal-ignored",
    severity: Severity::Hole,
    why: "A login with a wrong code, or with none, succeeds.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: the control of this line lets {services} go on after pam_tfa has refused."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Write \"requisite\" in an auth line, and \"[success=ignore ignore=ignore default=die]\" \
             in an account line.",
        )
    },
};

pub(crate) const PAM_REFUSAL_LATE: Kind = Kind {
    id: "pam-refusal-late",
    severity: Severity::Risk,
    why: "Only the account line refuses such a login, and a program that runs no account phase lets it in.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!("{place}: the auth phase of {services} goes on after pam_tfa has refused.")
    },
    remedy: |subject| by_hand(subject, "Write \"requisite\" as the control of the line."),
};

pub(crate) const PAM_MODULE_FIRST: Kind = Kind {
    id: "pam-module-first",
    severity: Severity::Risk,
    why: "Anyone who knows a user name is asked for codes without the password, and can lock the account.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: this line asks for the code before the password is verified, in {services}."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Put the line behind the module that verifies the password.",
        )
    },
};

pub(crate) const PAM_WRONG_PASSWORD: Kind = Kind {
    id: "pam-wrong-password",
    severity: Severity::Risk,
    why: "Anyone who knows a user name is asked for codes without the password, and can lock the account.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: after a wrong password, this line goes on, and the code is asked for in {services}."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Write \"requisite\" for the module that verifies the password.",
        )
    },
};

pub(crate) const PAM_PASSWORD_SKIPPED: Kind = Kind {
    id: "pam-password-skipped",
    severity: Severity::Hole,
    why: "A code alone is enough there, and for a user of whom the policy asks for none, nothing at all.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!("{place}: a login of {services} passes this line without a right password.")
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Write \"requisite\" for the module that verifies the password, and for the line of pam_tfa.",
        )
    },
};

/// The line takes a code.
pub(crate) const TAKES_CODE: &str = "code";

pub(crate) const PAM_PASSWORD_NOT_ASKED: Kind = Kind {
    id: "pam-password-not-asked",
    severity: Severity::LockOut,
    why: "The line refuses there, so users cannot log in with the right password, or are asked for no code.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        let depends = match subject.depends_on.as_slice() {
            [] => String::new(),
            modules => format!(
                " This holds unless the password is asked for and passed on by {}, which is not known.",
                list(modules)
            ),
        };
        if subject.detail == TAKES_CODE {
            return format!(
                "{place}: this line takes the code from what an earlier module has asked for and never asks, and a \
                 login of {services} comes to it without a code.{depends}"
            );
        }
        format!(
            "{place}: this line takes the password of an earlier module and never asks, and a login of {services} \
             comes to it before any module has asked.{depends}"
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Remove use_first_pass (in pam_krb5, force_first_pass), so that the line asks.",
        )
    },
};

pub(crate) const PAM_CANNOT_ASK: Kind = Kind {
    id: "pam-cannot-ask",
    severity: Severity::LockOut,
    why: "The program sends the password as the answer to every question, so users who have enrolled are \
          refused.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: this line asks for a code in {services}, where the program cannot show the question."
        )
    },
    remedy: |subject| {
        let files = subject
            .names
            .iter()
            .map(|name| edit_file(&format!("/etc/pam.d/{name}")));
        Remedy {
            text: "Give the service a stack of its own: pam_tfa(8), \"PROGRAMS THAT CANNOT ASK\"."
                .to_owned(),
            commands: files.collect(),
        }
    },
};

pub(crate) const PAM_TWICE: Kind = Kind {
    id: "pam-twice",
    severity: Severity::Risk,
    why: "The second code must be another one, so users wait up to 30 seconds at each login, lose two backup codes \
          instead of one, and learn to ignore the notice that a used code was tried.",
    what: |subject| {
        let (place, first, services) = (&subject.place, &subject.detail, services(subject));
        match place == first {
            true => format!("{place}: a login of {services} meets this line twice."),
            false => format!(
                "{place}: this line asks for a code again, after that of {first}, in {services}."
            ),
        }
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Remove one of the two lines, or an include of its file.",
        )
    },
};

pub(crate) const PAM_SESSION_GATE: Kind = Kind {
    id: "pam-session-gate",
    severity: Severity::Risk,
    why: "sshd names its method only in the session phase, so rules on methods cannot be exact.",
    what: |subject| {
        let file = subject.file();
        format!(
            "{file}: rules name methods of sshd, and the account line of pam_tfa has no option \
             session=gate."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Add session=gate to the account line, and the session line: pam_tfa(8), \"THE SESSION \
             PHASE\".",
        )
    },
};

pub(crate) const PAM_SESSION_MISSING: Kind = Kind {
    id: "pam-session-missing",
    severity: Severity::Risk,
    why: "sshd names its method only in the session phase, so rules on methods cannot be exact.",
    what: |subject| {
        let file = subject.file();
        format!("{file}: rules name methods of sshd, and the session part has no line of pam_tfa.")
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Add \"session requisite pam_tfa.so\" before the modules that open a session.",
        )
    },
};

pub(crate) const PAM_SESSION_SKIPPED: Kind = Kind {
    id: "pam-session-skipped",
    severity: Severity::Risk,
    why: "The session phase cannot decide there. The account phase does, before sshd names its method, so \
          rules on methods cannot be exact.",
    what: |subject| {
        let place = &subject.place;
        format!(
            "{place}: rules name methods of sshd, and this line lets a session open without pam_tfa, or \
             against its refusal."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Put \"session requisite pam_tfa.so\" before the lines that jump or end the session part.",
        )
    },
};

pub(crate) const PAM_UNKNOWN_OPTION: Kind = Kind {
    id: "pam-unknown-option",
    severity: Severity::LockOut,
    why: "The module refuses every login if it rejects an option.",
    what: |subject| {
        let (place, option, services) = (&subject.place, &subject.detail, services(subject));
        format!("{place}: pam_tfa rejects the option {option}, which the line has for {services}.")
    },
    remedy: |subject| by_hand(subject, "Correct or remove the option."),
};

pub(crate) const PAM_CANNOT_ENROLL: Kind = Kind {
    id: "pam-cannot-enroll",
    severity: Severity::LockOut,
    why: "A user who must enroll is refused, and cannot enroll.",
    what: |subject| {
        let (place, services, later) = (&subject.place, services(subject), later(subject));
        format!(
            "{place}: the line of {services} does not have the option enroll=account, and users must enroll{later}."
        )
    },
    remedy: |subject| by_hand(subject, "Add the option enroll=account."),
};

pub(crate) const PAM_UNREADABLE: Kind = Kind {
    id: "pam-unreadable",
    severity: Severity::LockOut,
    why: "libpam refuses each login of the service.",
    what: |subject| {
        let (place, reason, services) = (&subject.place, &subject.detail, services(subject));
        format!("{place}: libpam cannot read the lines of {services}: {reason}.")
    },
    remedy: |subject| by_hand(subject, "Correct the file."),
};

pub(crate) const PAM_REFUSES: Kind = Kind {
    id: "pam-refuses",
    severity: Severity::LockOut,
    why: "No user can log in there, with the right password and code either.",
    what: |subject| {
        let (place, phase, services) = (&subject.place, &subject.detail, services(subject));
        format!("{place}: with this line, the {phase} phase of {services} refuses each login.")
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Keep a root shell open. Correct or remove the line, or its jump.",
        )
    },
};

pub(crate) const PAM_JUMP_REFUSES: Kind = Kind {
    id: "pam-jump-refuses",
    severity: Severity::LockOut,
    why: "A user whom this jump is taken for is refused with the right password and the right code.",
    what: |subject| {
        let (place, phase, services) = (&subject.place, &subject.detail, services(subject));
        format!(
            "{place}: the jump of this line leads past the lines that would let a login in, in the {phase} phase \
             of {services}."
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Let the jump lead to the line that it was written for, or remove the line. To refuse these users, \
             write \"requisite\" and the opposite condition.",
        )
    },
};

pub(crate) const PAM_EXEMPT_REFUSED: Kind = Kind {
    id: "pam-exempt-refused",
    severity: Severity::LockOut,
    why: "A user of whom the policy requires no second factor, such as one who has not enrolled yet, is refused with the \
          right password.",
    what: |subject| {
        let (place, phase, services) = (&subject.place, &subject.detail, services(subject));
        let depends = depends(subject);
        format!(
            "{place}: pam_tfa ignores a login that needs no code, and the {phase} phase of {services} then refuses \
             it.{depends}"
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Write \"requisite\" in an auth line, and \"[success=ignore ignore=ignore default=die]\" in an account \
             line. If no other line of the phase lets the login in, add the option not_required=success.",
        )
    },
};

pub(crate) const PAM_CODE_REFUSED: Kind = Kind {
    id: "pam-code-refused",
    severity: Severity::LockOut,
    why: "A user who has enrolled is refused with the right password and the right code.",
    what: |subject| {
        let (place, phase, services) = (&subject.place, &subject.detail, services(subject));
        let depends = depends(subject);
        format!(
            "{place}: pam_tfa succeeds after a right code, and the {phase} phase of {services} then refuses the \
             login.{depends}"
        )
    },
    remedy: |subject| {
        by_hand(
            subject,
            "Write \"requisite\" in an auth line, and \"[success=ignore ignore=ignore default=die]\" in an account \
             line.",
        )
    },
};

pub(crate) const PAM_MODULE_MISSING: Kind = Kind {
    id: "pam-module-missing",
    severity: Severity::LockOut,
    why: "A line whose module is missing fails, and so does the login.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: libpam cannot load pam_tfa.so, which the lines of {services} call: the file is missing, \
             or damaged, or for another architecture."
        )
    },
    remedy: |_| {
        remedy(
            "Install the package again.",
            &["apt-get install --reinstall tfa"],
        )
    },
};

pub(crate) const PAM_MODULE_IGNORED: Kind = Kind {
    id: "pam-module-ignored",
    severity: Severity::Hole,
    why: "libpam goes on at a line whose module is not loaded, so no login is asked for a code there.",
    what: |subject| {
        let (place, services) = (&subject.place, services(subject));
        format!(
            "{place}: libpam cannot load pam_tfa.so (missing, damaged, or for another architecture), and the \
             control of this line lets {services} go on."
        )
    },
    remedy: |subject| Remedy {
        text: "Install the package again, and write \"requisite\" in an auth line, and \
               \"[success=ignore ignore=ignore default=die]\" in an account line."
            .to_owned(),
        commands: vec!["apt-get install --reinstall tfa".to_owned(), edit(subject)],
    },
};

pub(crate) const PAM_ERROR: Kind = Kind {
    id: "pam-error",
    severity: Severity::LockOut,
    why: "libpam lets such a line fail, so logins are refused, or pass if the line is optional.",
    what: |subject| {
        let (place, problem, services) = (&subject.place, &subject.detail, services(subject));
        format!("{place}: {problem}, in the lines of {services}.")
    },
    remedy: |subject| by_hand(subject, "Correct the line."),
};

pub(crate) const PAM_PROFILE_CHANGED: Kind = Kind {
    id: "pam-profile-changed",
    severity: Severity::Advice,
    why: "pam-auth-update(8) no longer updates the file by itself.",
    what: |subject| {
        let (place, found) = (&subject.place, &subject.detail);
        format!("{place}: the control of pam_tfa is \"{found}\", which the profile does not have.")
    },
    remedy: |subject| by_hand(subject, "Write the line as in /usr/share/pam-configs/tfa."),
};

/// Why libpam refuses each login.
pub(crate) fn unreadable(error: &Unreadable) -> &'static str {
    match error {
        Unreadable::NoFile => "there is no file for it, and none for other",
        Unreadable::EndsInContinuation(_) => "the file ends behind a backslash",
        Unreadable::FailedInclude(_) => "an included file cannot be read",
        Unreadable::ModuleName(_) => "a module has no name",
        Unreadable::IncludeWithoutName(_) => "an include names no file",
        Unreadable::Hang(_) => "a line is too long",
        Unreadable::NotRegular(_) => "it is a pipe or a device, not a file",
        Unreadable::TooLong(_) => "the files are too long, or include each other in a circle",
    }
}

/// What is wrong with a line.
pub(crate) fn problem(kind: &ProblemKind) -> &'static str {
    match kind {
        ProblemKind::UnknownKind => {
            "the line has none of the kinds auth, account, session and password"
        }
        ProblemKind::NoControl => "the line has no control",
        ProblemKind::UnknownControl => "the control is not known, and each result fails",
        ProblemKind::NoModule => "the line has no module",
        ProblemKind::MissingModule => "the file of the module does not exist",
        ProblemKind::FailedInclude
        | ProblemKind::FailedIncludeWithForeignControl
        | ProblemKind::FailedIncludeWithUndefinedControl => "an included file cannot be read",
    }
}
