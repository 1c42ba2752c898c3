//! `tfactl list`: the accounts that a filter selects.

use std::collections::{BTreeSet, HashSet};

use tfa_client::{Failure, StatusJson, Terminal, now};

use crate::daemon::Daemon;
use crate::filter::{Filter, selects};
use crate::{group, json, messages, passwd, table};

pub(crate) async fn run(filter: Filter, group: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    if filter == Filter::Required {
        // Without a policy in force, this is not known.
        daemon.serves()?;
    }
    let mut listed = daemon.list().await?;
    let names: Vec<&str> = listed.iter().map(|status| status.user.as_str()).collect();
    let members = group
        .map(|group| group::members(group, &names))
        .transpose()?;
    let known: HashSet<String> = names.into_iter().map(str::to_owned).collect();
    for user in without_record(filter, members.as_ref())? {
        if !known.contains(&user) {
            // The daemon evaluates the policy for one user in each call.
            match daemon.show(&user).await {
                Ok(status) => listed.push(status),
                // A group can list users who do not exist any more.
                Err(Failure::Refused(why)) => terminal.error(&why),
                Err(failure) => return Err(failure),
            }
        }
    }
    let now = now();
    let is_member = |user: &String| {
        members
            .as_ref()
            .is_none_or(|members| members.contains(user))
    };
    listed.retain(|status| selects(status, filter, now) && is_member(&status.user));
    listed.sort_by(|one, other| one.user.cmp(&other.user));
    if as_json {
        let reports: Vec<_> = listed.iter().map(StatusJson::from).collect();
        json::print(&terminal, &reports)?;
        return daemon.serves();
    }
    match group {
        _ if !listed.is_empty() => {
            terminal.print(&table::format(&listed, now, note_width(&terminal)))?
        }
        Some(group) => terminal.print(&messages::empty_group_list(group, filter))?,
        None => terminal.print(messages::empty_list(filter))?,
    }
    daemon.serves()
}

/// Notes are wrapped on a terminal. Programs get each note in one line.
fn note_width(terminal: &Terminal) -> usize {
    if terminal.is_output() {
        messages::width(terminal)
    } else {
        usize::MAX
    }
}

/// The users who may have to be listed without a record.
fn without_record(
    filter: Filter,
    members: Option<&BTreeSet<String>>,
) -> Result<Vec<String>, Failure> {
    match (filter, members) {
        (Filter::Enabled | Filter::Paused | Filter::Locked, _) | (Filter::All, None) => {
            Ok(Vec::new())
        }
        (Filter::All | Filter::Disabled | Filter::Required, Some(members)) => {
            Ok(members.iter().cloned().collect())
        }
        (Filter::Disabled, None) => passwd::users(),
        (Filter::Required, None) => passwd::users_and_root(),
    }
}
