//! `tfactl policy`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use tfa_proto::{
    AuditRecord, HypotheticalLogin, Impact, OpenEnum, Outcome, PublishedPolicy, Reason,
};
use tfa_text::time::date_time;
use tfa_text::{plural, wrapped};

use super::login::{login, outcome, reason};
use super::publication::policy_in_force;
use super::{INDENT, foreign, hanging, indented};

// Check.

pub(crate) fn daemon_not_started(program: &str, error: &io::Error) -> String {
    format!("The program {program} did not start: {error}.")
}

/// The files of a policy that is not in force.
pub(crate) fn files(file: &Path, folder: &Path, drop_ins: usize) -> String {
    let (file, folder) = (file.display(), folder.display());
    match drop_ins {
        0 => file.to_string(),
        1 => format!("{file}, and 1 file in {folder}"),
        _ => format!("{file}, and {drop_ins} files in {folder}"),
    }
}

// Impact.

pub(crate) fn not_read(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

pub(crate) fn too_long(files: &str, length: usize, max: usize) -> String {
    let (length, max) = (length.div_ceil(1024), max / 1024);
    format!(
        "The policy is too long for a preview: {files}.\n\
         It has {length} KiB, and the daemon accepts {max} KiB in one call, with the names of\n\
         the users. The daemon can still use it when it is in force.\n\
         To preview it, use a copy without the comments."
    )
}

/// The policy, the login, and the number of users.
pub(crate) fn impact_head(
    files: Option<&str>,
    published: Option<&PublishedPolicy>,
    users: usize,
    hypothetical: &HypotheticalLogin,
    from_anywhere: bool,
    width: usize,
) -> String {
    let policy = match (files, published) {
        (Some(files), _) => format!("Policy: {files}"),
        (None, Some(published)) => policy_in_force(published),
        (None, None) => "Policy: the policy in force".to_owned(),
    };
    format!(
        "{}\n{}\nUsers: {users}",
        hanging(&policy, width),
        login(hypothetical, None, from_anywhere, width)
    )
}

pub(crate) fn audit_is_on(width: usize) -> String {
    format!("\n{}", wrapped(AUDIT_IS_ON, width))
}

const AUDIT_IS_ON: &str = "\
Audit mode is on. It lets every user in who would have to set up two-factor login or would be \
refused for lack of a second factor. The lists show the outcomes without audit mode.";

/// The users by outcome and reason.
pub(crate) type ByReason<'a> =
    BTreeMap<(&'a OpenEnum<Outcome>, Option<&'a OpenEnum<Reason>>), Vec<&'a Impact>>;

pub(crate) fn impact(now: &ByReason<'_>, later: &ByReason<'_>, width: usize) -> String {
    let now_list = by_reason(now, width, |_| None);
    if now == later {
        format!("\nNow and after every grace period and exemption:\n{now_list}")
    } else {
        let later_list = by_reason(later, width, beginning);
        format!("\nNow:\n{now_list}\n\nAfter every grace period and exemption:\n{later_list}")
    }
}

/// For each outcome the number of users, the refusals first. The names follow, except for users who can
/// log in as they are, and before them when the outcome begins, where that is known.
fn by_reason(
    outcomes: &ByReason<'_>,
    width: usize,
    begins: impl Fn(&Impact) -> Option<String>,
) -> String {
    let mut outcomes: Vec<_> = outcomes.iter().collect();
    outcomes.sort_by_key(|((result, _), _)| urgency(result));
    let lines = outcomes.into_iter().map(|((result, why), users)| {
        let count = users.len();
        let described = outcome_and_reason(result, *why);
        let head = plural(
            u64::try_from(count).unwrap_or(u64::MAX),
            format!("1 user: {described}"),
            format!("{count} users: {described}"),
        );
        let head = indented(&head, INDENT, width);
        if urgency(result) >= UNAFFECTED {
            head
        } else {
            let mut by_beginning: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
            for user in users {
                let names = by_beginning.entry(begins(user)).or_default();
                names.push(&user.user);
            }
            let names = by_beginning.into_iter().map(|(beginning, names)| {
                let names = foreign::names(names);
                let line = match beginning {
                    Some(beginning) => format!("{beginning}: {names}"),
                    None => names,
                };
                indented(&line, 2 * INDENT, width)
            });
            let names: Vec<String> = names.collect();
            format!("{head}\n{}", names.join("\n"))
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// From which day on the later outcome of a user holds. `None` if it holds now.
fn beginning(impact: &Impact) -> Option<String> {
    let last = day(impact.later_from?);
    let first = impact.changes_at.map(day).filter(|first| *first != last);
    Some(match (first, impact.after_first_login == Some(true)) {
        (None, false) => format!("from {last} on"),
        (None, true) => format!("from {last} on at the earliest, after a first login"),
        (Some(first), false) => format!("from {last} on, with a first change on {first}"),
        (Some(first), true) => format!(
            "from {last} on at the earliest, after a first login, with a first change on {first}"
        ),
    })
}

/// The day of a time, on this host.
fn day(seconds: u64) -> String {
    let mut text = date_time(seconds);
    text.truncate("2026-12-31".len());
    text
}

/// The place of an outcome in the list.
fn urgency(outcome: &OpenEnum<Outcome>) -> u8 {
    match outcome.known() {
        Some(Outcome::Refused) => 0,
        Some(Outcome::SetUp) => 1,
        None => 2,
        Some(Outcome::Offered) => 3,
        Some(Outcome::Notified) => 4,
        Some(Outcome::Code) => UNAFFECTED,
        Some(Outcome::Nothing) => UNAFFECTED + 1,
    }
}

/// From this place on, users can log in as they are.
const UNAFFECTED: u8 = 5;

fn outcome_and_reason(result: &OpenEnum<Outcome>, why: Option<&OpenEnum<Reason>>) -> String {
    match why {
        Some(why) => format!("{} ({})", outcome(result, None), reason(why)),
        None => outcome(result, None),
    }
}

pub(crate) fn unknown_users(users: &[String], width: usize) -> String {
    format!(
        "\nUsers who have a record and do not exist on this host:\n{}",
        indented(
            &foreign::names(users.iter().map(String::as_str)),
            2 * INDENT,
            width
        )
    )
}

// Audit records.

pub(crate) const NO_AUDIT_RECORDS: &str = "Audit mode has not recorded any login.";

pub(crate) fn audit_records(records: &[AuditRecord], width: usize) -> String {
    let mut lines = vec![wrapped(AUDIT_RECORDS, width)];
    for record in records {
        let record = foreign::audit_record(record);
        let AuditRecord {
            user,
            service,
            from,
            count,
            ..
        } = &record;
        let head = if from.is_empty() {
            format!("{user}: {service} on this machine")
        } else {
            format!("{user}: {service} from {from}")
        };
        lines.push(indented(&head, INDENT, width));
        let result = outcome_and_reason(&record.outcome, record.reason.as_ref());
        lines.push(indented(&result, 2 * INDENT, width));
        let last = date_time(record.last);
        let times = plural(
            u64::from(*count),
            format!("1 login, at {last}"),
            format!("{count} logins, the last at {last}"),
        );
        lines.push(indented(&times, 2 * INDENT, width));
    }
    lines.join("\n")
}

const AUDIT_RECORDS: &str = "Logins that audit mode let in, with the outcome without audit mode:";
