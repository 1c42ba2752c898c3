//! `tfactl policy`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use tfa_proto::{AuditRecord, HypotheticalLogin, OpenEnum, Outcome, Reason};
use tfa_text::time::date_time;
use tfa_text::wrapped;

use super::login::{login, outcome, place};
use super::{counted, indented};

// Check.

pub(crate) fn no_daemon_program(program: &str, error: &io::Error) -> String {
    format!("The daemon's program {program}, which checks policies, did not start: {error}")
}

/// `/etc/tfa/tfad.toml, and 2 files in /etc/tfa/tfad.toml.d`.
pub(crate) fn files(file: &Path, folder: &Path, more: usize) -> String {
    match more {
        0 => file.display().to_string(),
        _ => format!(
            "{}, and {} in {}",
            file.display(),
            counted(more, "file"),
            folder.display()
        ),
    }
}

// Impact.

pub(crate) fn not_read(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

pub(crate) fn too_long(files: &str, length: usize, longest: usize) -> String {
    format!(
        "{files}: the policy is too long for this: {} KiB, and the daemon takes {} KiB in\n\
         one call, the names of the users included. It can still be used as it is.\n\
         To see what it means, try a copy without the comments.",
        length.div_ceil(1024),
        longest / 1024
    )
}

/// Whose policy, of whom, for which login.
pub(crate) fn impact_head(
    files: Option<&str>,
    people: usize,
    supposed: &HypotheticalLogin,
    from_anywhere: bool,
    width: usize,
) -> String {
    let policy = files.map_or_else(
        || "The policy in force".to_owned(),
        |files| format!("The policy in {files}"),
    );
    let people = match people {
        0 => "nobody".to_owned(),
        1 => "one user".to_owned(),
        people => format!("{people} users"),
    };
    let login = login(supposed, from_anywhere);
    let at = supposed
        .at
        .map_or_else(String::new, |at| format!(", at {}", date_time(at)));
    wrapped(
        &format!("{policy}, for {people} logging in {login}{at}."),
        width,
    )
}

/// Behind the head.
pub(crate) fn audit_is_on(width: usize) -> String {
    let text = "Audit mode is on: nobody is refused, or has to set up, for want of a second factor. \
                Whoever has set up is asked for a code, everybody else for nothing. What follows is \
                what the policy means once audit mode is off.";
    format!("\n{}", wrapped(text, width))
}

/// Users by outcome and reason, in the order of both.
pub(crate) type ByReason<'a> =
    BTreeMap<(&'a OpenEnum<Outcome>, Option<&'a OpenEnum<Reason>>), Vec<&'a str>>;

pub(crate) fn impact(now: &ByReason<'_>, later: &ByReason<'_>, width: usize) -> String {
    let later = if now == later {
        "Once every grace is over: the same.".to_owned()
    } else {
        format!("Once every grace is over:\n{}", groups(later, width))
    };
    format!("\nNow:\n{}\n\n{later}", groups(now, width))
}

/// The numbers come first, then all names.
fn groups(groups: &ByReason<'_>, width: usize) -> String {
    let lines = groups.iter().map(|((what, why), users)| {
        format!(
            "{}\n{}",
            indented(
                &format!("{} {}", users.len(), outcome(what, *why)),
                2,
                width
            ),
            indented(&users.join(", "), 4, width)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) fn gone(users: &[String], width: usize) -> String {
    format!(
        "\nThese have a record, and this host does not know them:\n{}",
        indented(&users.join(", "), 4, width)
    )
}

// What audit mode noted.

pub(crate) const NOTHING_SEEN: &str = "Audit mode has noted nothing.";

pub(crate) fn seen(seen: &[AuditRecord], width: usize) -> String {
    let mut lines = vec![wrapped(
        "What audit mode noted. Without it, these logins would have been:",
        width,
    )];
    for one in seen {
        let times = match one.count {
            1 => "once".to_owned(),
            count => format!("{count} times, the last"),
        };
        let head = format!("{}, by {} {}", one.user, one.service, place(&one.from));
        lines.push(indented(&head, 2, width));
        lines.push(indented(
            &outcome(&one.outcome, one.reason.as_ref()),
            4,
            width,
        ));
        lines.push(indented(
            &format!("{times} at {}", date_time(one.last)),
            4,
            width,
        ));
    }
    lines.join("\n")
}
