//! `tfactl list`: the accounts that a filter selects.

use std::collections::{BTreeSet, HashSet};

use tfa_client::{Failure, StatusJson, Terminal, now};

use crate::daemon::Daemon;
use crate::filter::{Filter, selects};
use crate::{json, messages, table};

pub(crate) async fn run(filter: Filter, group: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    if filter == Filter::Required {
        // Without a policy in force, this is not known.
        daemon.fail_if_not_serving()?;
    }
    let mut listed = daemon.list().await?;
    let members: Option<BTreeSet<String>> = match group {
        Some(group) => Some(daemon.members(group).await?.into_iter().collect()),
        None => None,
    };
    let known: HashSet<String> = listed.iter().map(|status| status.user.clone()).collect();
    for user in without_record(&mut daemon, filter, members.as_ref()).await? {
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
        return daemon.fail_if_not_serving();
    }
    match group {
        _ if !listed.is_empty() => {
            terminal.print(&table::format(&listed, now, note_width(&terminal)))?
        }
        Some(group) => terminal.print(&messages::empty_group_list(group, filter))?,
        None => terminal.print(messages::empty_list(filter))?,
    }
    daemon.fail_if_not_serving()
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
async fn without_record(
    daemon: &mut Daemon,
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
        (Filter::Disabled, None) => daemon.users(false).await,
        (Filter::Required, None) => daemon.users(true).await,
    }
}
