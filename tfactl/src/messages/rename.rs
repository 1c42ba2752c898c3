//! Records that go to other names: `tfactl rename`.

use std::path::Path;

use tfa_proto::{RenameOutcome, Renamed};

use super::counted;
use crate::rename::Blocked;

/// How many of many mistakes are told.
const MOST_TOLD: usize = 20;

pub(crate) fn renamed(one: &Renamed) -> String {
    let Renamed { old, new, uid, .. } = one;
    if one.outcome == RenameOutcome::Stands {
        format!("Nothing to do: the record stands under the name {new}, with uid {uid}.")
    } else if old == new {
        format!("The record of {new} has uid {uid} now.")
    } else {
        format!("The record of {old} stands under the name {new} now, with uid {uid}.")
    }
}

pub(crate) fn no_record_to_rename(one: &Renamed) -> String {
    format!(
        "{} has no record, and {} has none either. Nothing was changed.",
        one.old, one.new
    )
}

pub(crate) const NOT_TWO_NAMES: &str = "a line has two names, the old one and the new one";

pub(crate) fn twice_in_map(name: &str, before: usize) -> String {
    format!("{name} stands in line {before} already")
}

pub(crate) fn wrong_map(file: &Path, mistakes: &[(usize, String)]) -> String {
    let lines = mistakes
        .iter()
        .map(|(line, mistake)| format!("{} line {line}: {mistake}", file.display()));
    told(lines, mistakes.len())
}

pub(crate) fn map_refused(refused: &[&Renamed]) -> String {
    let lines = refused
        .iter()
        .map(|one| format!("{} to {}: {}", one.old, one.new, one.why));
    told(lines, refused.len())
}

fn told(lines: impl Iterator<Item = String>, count: usize) -> String {
    let mut lines: Vec<String> = lines.take(MOST_TOLD).collect();
    if count > MOST_TOLD {
        lines.push(format!("and {} more", count - MOST_TOLD));
    }
    lines.push("Nothing was changed.".to_owned());
    lines.join("\n")
}

pub(crate) fn map_blocked(blocked: &Blocked<'_>) -> String {
    let Renamed { old, new, uid, .. } = blocked.renamed;
    let by = blocked.by;
    format!(
        "{old} to {new}: the record of {by} is in the way, which has that name or uid {uid}, and\n\
         the map does not move it. Add a line for {by}, or see which record is in use\n\
         (tfactl show {by}) and reset the other.\n\
         Nothing was changed."
    )
}

pub(crate) fn map_too_long(step: &[&Renamed], most: usize) -> String {
    let first = step.first().map_or("", |one| one.old.as_str());
    format!(
        "{}, {first} among them, change places with each other and would have to move at\n\
         once; {most} can. Give the users other uids, or reset some of them.\n\
         Nothing was changed.",
        counted(step.len(), "record")
    )
}

pub(crate) fn map_head(to_move: usize, stand: usize, without: usize) -> String {
    format!(
        "{} to move; {stand} moved already, {without} without a record.",
        counted(to_move, "record")
    )
}

pub(crate) fn map_progress(done: usize, all: usize) -> String {
    format!("{done} of {all}")
}

pub(crate) fn map_done(done: usize) -> String {
    format!("{} moved.", counted(done, "record"))
}

pub(crate) fn map_stopped(step: &[&Renamed], done: usize, all: usize) -> String {
    let at = step.first().map_or("", |one| one.old.as_str());
    format!(
        "{done} of {all} were moved, then it stopped at {at}. Those that were moved are as they \
         should be; mend what is told below and give the same command again."
    )
}
