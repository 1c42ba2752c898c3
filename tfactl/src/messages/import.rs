//! `tfactl import`.

use std::io;
use std::path::Path;

use tfa_import::{Note, Problem};
use tfa_proto::{AuthenticatorKind, ImportOutcome, ImportResult};
use tfa_text::plural;

use crate::import::{Sum, Unreadable};

pub(crate) const HOMES_NEED_ROOT: &str = "\
Only root can read the files in the homes of all users. Nothing was changed.
Run: sudo tfactl import google-authenticator --homes";

pub(crate) const FILE_READABLE: &str =
    "others can read the file, so they may know the key: let the user move to a new one";

pub(crate) fn container_key_not_hex(file: &Path) -> String {
    let file = file.display();
    format!("{file}: the key of the container is not hex. Nothing was changed.")
}

pub(crate) fn no_passphrase(file: &Path) -> String {
    let file = file.display();
    format!("{file}: the first line is empty. Nothing was changed.")
}

pub(crate) const TYPE_IMPORT: &str = "Enter the lines, then press Ctrl-D on an empty line.";

pub(crate) const THE_URI: &str = "the URI";

pub(crate) const URI_IS_VISIBLE: &str = "\
Other users of this host could see the URI, which has the keys, in the list of
processes. Next time use: tfactl import otpauth-migration -";

pub(crate) fn not_text(file: &str) -> String {
    format!("{file}: not text in UTF-8")
}

pub(crate) fn not_serial_and_user(file: &str, line: usize) -> String {
    format!("{file} line {line}: expected a serial number and a user")
}

pub(crate) fn serial_twice(file: &str, line: usize) -> String {
    format!("{file} line {line}: the serial number is there twice")
}

pub(crate) fn no_user_of(file: &Path, serial: &str) -> String {
    let file = file.display();
    format!("{file}: the token {serial} has no user")
}

pub(crate) fn import_note(note: Note) -> String {
    match note {
        Note::RateLimit => "RATE_LIMIT is not carried over: tfa counts wrong codes".to_owned(),
        Note::WindowSize => {
            "WINDOW_SIZE is not carried over: tfa accepts the code before and after the present one"
                .to_owned()
        }
        Note::TimeSkew(steps) => format!(
            "TIME_SKEW is not carried over: the clock of the phone was off by {steps} steps, and must \
             be set"
        ),
        Note::GracePeriod => {
            "the grace period of an address (LAST0 to LAST9) is not carried over: tfa asks at each login, \
             unless the policy remembers devices (man tfad.toml, \"remember\")"
                .to_owned()
        }
        Note::UnknownOption => "an option of an unknown name is not carried over".to_owned(),
        Note::PartOfExport => {
            "the export has several QR codes: import the others too, in one call".to_owned()
        }
        Note::FurtherBackupCodes => "only the first 10 backup codes are carried over".to_owned(),
        Note::Pin => "the PIN is not carried over: tfa asks for the code alone, after the password"
            .to_owned(),
    }
}

/// The codes of a time-based authenticator until now are void. `period` is in seconds. The other program may have
/// accepted codes further ahead.
pub(crate) fn codes_are_void(period: u32, may_be_ahead: bool) -> String {
    let longest = period.saturating_mul(3);
    let later = match may_be_ahead {
        true => ", or later if WINDOW_SIZE or TIME_SKEW is large",
        false => "",
    };
    format!(
        "which codes were used is not known, so those until now are void: the next one is accepted after \
         {period} to {longest} seconds{later}"
    )
}

pub(crate) const USES_NOT_WRITTEN: &str = "\
a PAM file of this host has the option allow_readonly, so the file may lack codes that were used: used scratch \
codes, and codes of counters, may be accepted once more";

/// How many users of a note are named.
const MAX_NAMES: usize = 10;

/// One user: what happens.
pub(crate) fn import_line(
    result: &ImportResult,
    outcome: ImportOutcome,
    contents: &str,
    applied: bool,
) -> String {
    let user = &result.user;
    match (outcome, applied) {
        (ImportOutcome::Imported, true) => format!("{user}: imported: {contents}"),
        (ImportOutcome::Imported, false) => format!("{user}: would be imported: {contents}"),
        (ImportOutcome::Updated, true) => {
            format!("{user}: was imported before; codes that were used since are marked as used")
        }
        (ImportOutcome::Updated, false) => format!(
            "{user}: was imported before; codes that were used since would be marked as used"
        ),
        (ImportOutcome::Unchanged, _) => format!("{user}: unchanged, was imported before"),
        (ImportOutcome::Refused, _) => format!("{user}: refused: {}", result.why),
    }
}

/// The row of a user, whose reason comes at the end.
pub(crate) fn import_refused_row(user: &str) -> String {
    format!("{user}: refused, see below")
}

/// What the administrator should know of one user.
pub(crate) fn import_notes(weak: u32, mut notes: Vec<String>) -> Vec<String> {
    if weak > 0 {
        notes.insert(0, "weak: the key is shorter than 128 bits".to_owned());
    }
    notes
}

/// A note with the users that it is about, of those of the sum.
pub(crate) fn import_note_of(note: &str, users: &[String], sum: Sum) -> String {
    let number = users.len();
    if number == sum.users() {
        return format!("Note for each user: {note}.");
    }
    if number == sum.noted() && number > MAX_NAMES {
        return format!("Note for each imported or updated user: {note}.");
    }
    let named = users.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>();
    let named = named.join(", ");
    match number.saturating_sub(MAX_NAMES) {
        0 => format!("Note for {named}: {note}."),
        more => format!("Note for {named} and {more} more (--json names all): {note}."),
    }
}

/// What is imported of one user.
pub(crate) fn import_contents(kinds: &[AuthenticatorKind], backup_codes: usize) -> String {
    let count = |kind: AuthenticatorKind| {
        let of_kind = kinds.iter().filter(|one| **one == kind).count();
        u64::try_from(of_kind).unwrap_or(u64::MAX)
    };
    let totp = count(AuthenticatorKind::Totp);
    let hotp = count(AuthenticatorKind::Hotp);
    let codes = u64::try_from(backup_codes).unwrap_or(u64::MAX);
    let parts = [
        (
            totp,
            plural(
                totp,
                "1 time-based authenticator",
                format!("{totp} time-based authenticators"),
            ),
        ),
        (
            hotp,
            plural(
                hotp,
                "1 counter-based authenticator",
                format!("{hotp} counter-based authenticators"),
            ),
        ),
        (
            codes,
            plural(codes, "1 backup code", format!("{codes} backup codes")),
        ),
    ];
    let present = parts.into_iter().filter(|(number, _)| *number > 0);
    present.map(|(_, text)| text).collect::<Vec<_>>().join(", ")
}

pub(crate) fn import_sum(sum: Sum, problems: usize, applied: bool) -> String {
    let Sum {
        imported,
        updated,
        unchanged,
        refused,
    } = sum;
    let refused = refused + problems;
    let counts = format!("updated: {updated}, unchanged: {unchanged}, not imported: {refused}.");
    if applied {
        format!("Imported: {imported}, {counts}")
    } else {
        format!("To import: {imported}, {counts}\nNothing was changed. To import, add --apply.")
    }
}

pub(crate) fn import_stopped(done: usize, all: usize) -> String {
    format!(
        "Stopped after {done} of {all} users; these are complete. Correct the error below and run \
         the same command again."
    )
}

/// Starts with a line feed: the terminal shows the key behind the last line.
pub(crate) fn import_interrupted(done: usize, all: usize) -> String {
    format!(
        "\nStopped after {done} of {all} users; these are complete. The daemon may import a few more. To go \
         on, run the same command again: it changes nothing for users who are imported."
    )
}

pub(crate) fn import_too_large(max: usize) -> String {
    format!("it has more than {max} authenticators, or a key that is too long")
}

pub(crate) fn import_problem(file: &str, problem: &Problem) -> String {
    let what = &problem.what;
    match problem.line {
        Some(line) => format!("{file} line {line}: {what}"),
        None => format!("{file}: {what}"),
    }
}

pub(crate) fn import_unreadable(file: &str, why: &Unreadable) -> String {
    match why {
        Unreadable::Missing => format!("{file}: there is no such file"),
        Unreadable::Link => format!(
            "{file}: it is a symbolic link, which is not followed. Name the file behind it, as USER=FILE"
        ),
        Unreadable::NotAFile => format!("{file}: it is not a regular file"),
        Unreadable::OwnerIs(uid) => {
            format!("{file}: it belongs to uid {uid}, who could have put any key there")
        }
        Unreadable::TooLarge(bytes) => format!("{file}: it has more than {bytes} bytes"),
        Unreadable::Changed => {
            format!("{file}: it changed while it was read. Try again when no program writes to it")
        }
        Unreadable::System(error) => format!("{file}: it cannot be read: {error}"),
    }
}

/// A file of an administrator is a link to another one.
pub(crate) fn import_link(file: &Path, target: &Path) -> String {
    let (file, target) = (file.display(), target.display());
    format!(
        "{file}: it is a symbolic link, which is not followed. If {target} is the right file, name that one"
    )
}

pub(crate) const OTHER_RESULTS: &str = "it does not report on each user of the import";

pub(crate) fn user_unknown(user: &str, error: &io::Error) -> String {
    format!(
        "{user}: the user cannot be looked up: {error}. When the name service works, import again"
    )
}

pub(crate) fn user_not_found(user: &str) -> String {
    format!(
        "{user}: the name service lists this user and does not find it. Find out why, then import again"
    )
}

pub(crate) fn home_missing(user: &str, home: &Path) -> String {
    let home = home.display();
    format!(
        "{user}: the home {home} is not there, so it is not known whether the user has a file. Mount it"
    )
}

pub(crate) fn whose_file(file: &Path) -> String {
    let file = file.display();
    format!("{file}: whose key this is cannot be told. Give the user: USER={file}")
}

pub(crate) fn two_files_of(user: &str) -> String {
    format!("{user}: there are two files of this user")
}
