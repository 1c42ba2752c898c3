//! `tfactl rename`.

use std::path::Path;

use tfa_proto::{RenameOutcome, Renamed};
use tfa_text::shell::user_argument;

pub(crate) fn renamed(one: &Renamed) -> String {
    let Renamed { old, new, uid, .. } = one;
    let stands = one.outcome == RenameOutcome::Stands;
    match (old == new, stands) {
        (true, true) => format!("Nothing to do: the record of {new} already has uid {uid}."),
        (true, false) => format!("The record of {new} now has uid {uid}."),
        (false, true) => format!(
            "There is no record of {old}. Nothing was changed.\n\
             The record of {new} has uid {uid}."
        ),
        (false, false) => {
            format!("The record of {old} is now the record of {new}, with uid {uid}.")
        }
    }
}

pub(crate) fn no_record(one: &Renamed) -> String {
    let Renamed { old, new, .. } = one;
    if old == new {
        format!("There is no record of {new}. Nothing was changed.")
    } else {
        format!("There is no record of {old}, and none of {new}. Nothing was changed.")
    }
}

pub(crate) fn not_two_names(file: &Path, line: usize) -> String {
    let file = file.display();
    format!("{file} line {line}: expected two names, the old one and the new one")
}

pub(crate) fn twice_in_map(file: &Path, line: usize, name: &str, before: usize) -> String {
    let file = file.display();
    format!("{file} line {line}: {name} is already in line {before}")
}

pub(crate) fn refused(one: &Renamed) -> String {
    let Renamed { old, new, why, .. } = one;
    format!("{old} to {new}: {why}")
}

/// The record of `by` is not moved, and has the new name or uid.
pub(crate) fn map_blocked(renamed: &Renamed, by: &str) -> String {
    let Renamed { old, new, uid, .. } = renamed;
    format!(
        "{old} to {new}: the record of {by} has that name or uid {uid}, and is not in the map.\n\
         Add a line for {by}. Or find out which record is in use (tfactl show {word}), and\n\
         reset the other one.\n\
         Nothing was changed.",
        word = user_argument(by)
    )
}

pub(crate) fn map_too_long(records: usize, first: &str, max: usize) -> String {
    format!(
        "{records} records, the first of them that of {first}, exchange names or uids and have to\n\
         move together. At most {max} records can. Assign other uids to the users, or\n\
         reset some of them.\n\
         Nothing was changed."
    )
}

pub(crate) fn map_head(to_move: usize, moved: usize, without: usize) -> String {
    format!("Records to move: {to_move}. Already moved: {moved}. Without a record: {without}.")
}

pub(crate) fn map_progress(done: usize, all: usize) -> String {
    format!("Moved {done} of {all}")
}

pub(crate) fn map_done(done: usize) -> String {
    format!("Records moved: {done}.")
}

pub(crate) fn map_stopped(at: &str, done: usize, all: usize) -> String {
    format!(
        "Stopped at {at}. Moved {done} of {all} records; these are complete. Correct the error \
         below and run the same command again."
    )
}
