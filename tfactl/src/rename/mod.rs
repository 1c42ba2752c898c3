//! `tfactl rename`: assigns a record to the new name or uid of a user; with `--map`, many records.

mod map;
mod order;

use std::collections::HashMap;
use std::path::Path;

use tfa_client::{Failure, Terminal};
use tfa_proto::{RenameOutcome, Renamed};

use crate::call_size::{self, MAX_BODY, MAX_USERS};
use crate::daemon::Daemon;
use crate::messages;

/// Bytes for the names of one call. The rest is for the header and the other arguments.
const MAX_NAMES: usize = MAX_BODY - 2 * 1024;
/// Records between two reports of the progress.
const PROGRESS_STEP: usize = 100;

pub(crate) async fn one(old: &str, new: &str, uid: Option<u32>) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let uids = uid.map(|uid| (new, uid)).into_iter().collect();
    let renamed = daemon.rename(&[(old, new)], uids, false).await?;
    for one in &renamed {
        if one.outcome == RenameOutcome::NoRecord {
            return Err(Failure::Refused(messages::no_record(one)));
        }
        terminal.print(&messages::renamed(one))?;
    }
    daemon.fail_if_not_serving()
}

/// Checks the whole map before the first record is moved.
pub(crate) async fn many(file: &Path) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let map = map::read(file)?;
    let mut daemon = Daemon::connect(&terminal).await?;
    let mut checked = Vec::with_capacity(map.len());
    for pairs in calls(&map) {
        checked.extend(daemon.rename(&pairs, HashMap::new(), true).await?);
    }
    let count = |outcome: RenameOutcome| {
        let of_it = checked.iter().filter(|one| one.outcome == outcome);
        of_it.count()
    };
    let (stands, without) = (count(RenameOutcome::Stands), count(RenameOutcome::NoRecord));
    let refused: Vec<String> = checked
        .iter()
        .filter(|one| one.outcome == RenameOutcome::Refused)
        .map(messages::refused)
        .collect();
    if !refused.is_empty() {
        return Err(Failure::Refused(messages::wrong_lines(&refused)));
    }
    checked.retain(|one| one.outcome == RenameOutcome::Moved);
    let steps = order::steps(&checked)
        .map_err(|blocked| Failure::Refused(messages::map_blocked(blocked.renamed, blocked.by)))?;
    let too_long = steps.iter().find(|step| {
        step.len() > MAX_USERS || step.iter().map(|one| length(one)).sum::<usize>() > MAX_NAMES
    });
    if let Some(step) = too_long {
        return Err(Failure::Refused(messages::map_too_long(
            step.len(),
            first_name(step),
            MAX_USERS,
        )));
    }
    terminal.print(&messages::map_head(checked.len(), stands, without))?;
    let mut done = 0;
    for step in &steps {
        let pairs: Vec<_> = step
            .iter()
            .map(|one| (one.old.as_str(), one.new.as_str()))
            .collect();
        if let Err(failure) = daemon.rename(&pairs, HashMap::new(), false).await {
            terminal.error(&messages::map_stopped(
                first_name(step),
                done,
                checked.len(),
            ));
            return Err(failure);
        }
        let before = done;
        done += step.len();
        if done / PROGRESS_STEP > before / PROGRESS_STEP {
            terminal.note(&messages::map_progress(done, checked.len()));
        }
    }
    terminal.print(&messages::map_done(done))?;
    daemon.fail_if_not_serving()
}

/// The pairs in as few calls as the limits allow.
fn calls(map: &[(String, String)]) -> Vec<Vec<(&str, &str)>> {
    let mut calls: Vec<Vec<(&str, &str)>> = Vec::new();
    let mut left = 0;
    for (old, new) in map {
        let length = call_size::string(old) + call_size::string(new);
        match calls.last_mut() {
            Some(call) if call.len() < MAX_USERS && length <= left => call.push((old, new)),
            _ => {
                calls.push(vec![(old, new)]);
                left = MAX_NAMES;
            }
        }
        left = left.saturating_sub(length);
    }
    calls
}

fn first_name<'a>(step: &[&'a Renamed]) -> &'a str {
    step.first().map_or("", |one| &one.old)
}

fn length(one: &Renamed) -> usize {
    call_size::string(&one.old) + call_size::string(&one.new)
}
