//! `tfactl policy impact`: the outcome of a login for each user.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use tfa_client::{self, Failure, Terminal};
use tfa_proto::{Impact, ListFilter, OpenEnum, Outcome};
use tfa_text::time::rfc3339;

use super::files::Files;
use crate::args::{Login, Moment};
use crate::call_size::{self, MAX_USERS};
use crate::daemon::Daemon;
use crate::{json, messages};

/// The names of users by the name of the outcome.
type ByOutcome<'a> = BTreeMap<&'a str, Vec<&'a str>>;

#[derive(Serialize)]
struct ImpactJson<'a> {
    service: &'a str,
    from: &'a str,
    method: Option<&'a str>,
    security_key: bool,
    at: String,
    files: Vec<&'a str>,
    audit: bool,
    now: ByOutcome<'a>,
    later: ByOutcome<'a>,
    unknown: &'a [String],
}

pub(crate) async fn run(
    file: Option<&Path>,
    login: &Login,
    at: Option<Moment>,
    as_json: bool,
) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let asked = tfa_client::now();
    let at = at.map(|at| at.on_this_host(asked)).transpose()?;
    let files = Files::read(file)?;
    let hypothetical = login.hypothetical(at);
    let room = files.room(&hypothetical, &[])?;
    let mut daemon = Daemon::connect(&terminal).await?;
    if file.is_none() {
        // There is none while every login is refused.
        daemon.fail_if_not_serving()?;
    }
    let Users { users, unknown } = users(&mut daemon).await?;
    let contents = files.contents();
    let mut impacts = Vec::with_capacity(users.len());
    let mut audit = false;
    for call in calls(&users, room) {
        let (is_audit, more) = daemon
            .impact(&contents, hypothetical.clone(), &call)
            .await?;
        audit |= is_audit;
        impacts.extend(more);
    }
    impacts.sort_by(|one, other| one.user.cmp(&other.user));
    if as_json {
        let report = ImpactJson {
            service: &hypothetical.service,
            from: json::from(&hypothetical),
            method: json::method(&hypothetical),
            security_key: hypothetical.security_key == Some(true),
            at: rfc3339(at.unwrap_or(asked)),
            files: files.names(),
            audit,
            now: by_outcome(&impacts, |impact| &impact.now),
            later: by_outcome(&impacts, |impact| &impact.later),
            unknown: &unknown,
        };
        json::print(&terminal, &report)?;
        return daemon.fail_if_not_serving();
    }
    let width = messages::width(&terminal);
    let anywhere = login.is_from_anywhere();
    let head = messages::impact_head(
        files.description(),
        users.len(),
        &hypothetical,
        anywhere,
        width,
    );
    terminal.print(&head)?;
    if audit {
        terminal.print(&messages::audit_is_on(width))?;
    }
    if !impacts.is_empty() {
        let (mut now, mut later) = (messages::ByReason::new(), messages::ByReason::new());
        for impact in &impacts {
            let key = (&impact.now, impact.now_reason.as_ref());
            now.entry(key).or_default().push(&*impact.user);
            let key = (&impact.later, impact.later_reason.as_ref());
            later.entry(key).or_default().push(&*impact.user);
        }
        terminal.print(&messages::impact(&now, &later, width))?;
    }
    if !unknown.is_empty() {
        terminal.print(&messages::unknown_users(&unknown, width))?;
    }
    daemon.fail_if_not_serving()
}

/// The users to whom a policy can apply.
struct Users {
    users: BTreeSet<String>,
    /// Users who have a record and do not exist on this host.
    unknown: Vec<String>,
}

/// The users of this host, root, and all users who have a record.
async fn users(daemon: &mut Daemon) -> Result<Users, Failure> {
    let mut all = Users {
        users: daemon.users(true).await?.into_iter().collect(),
        unknown: Vec::new(),
    };
    let mut after = String::new();
    loop {
        let (page, next, _) = daemon.list(ListFilter::All, &after).await?;
        for status in page {
            if status.uid.is_none() {
                all.unknown.push(status.user);
            } else {
                all.users.insert(status.user);
            }
        }
        if next.is_empty() {
            break;
        }
        after = next;
    }
    all.unknown.sort();
    Ok(all)
}

/// The users in as few calls as the limits allow.
fn calls(users: &BTreeSet<String>, room: usize) -> Vec<Vec<&str>> {
    let mut calls: Vec<Vec<&str>> = Vec::new();
    let mut left = 0;
    for user in users {
        match calls.last_mut() {
            Some(call) if call.len() < MAX_USERS && call_size::string(user) <= left => {
                call.push(user)
            }
            _ => {
                calls.push(vec![user]);
                left = room;
            }
        }
        left = left.saturating_sub(call_size::string(user));
    }
    calls
}

/// The names of users by outcome. Each outcome of this version is a key, also without users.
fn by_outcome<'a>(
    impacts: &'a [Impact],
    of: impl Fn(&'a Impact) -> &'a OpenEnum<Outcome>,
) -> ByOutcome<'a> {
    let known = Outcome::ALL.iter();
    let mut users: ByOutcome<'_> = known.map(|outcome| (outcome.name(), Vec::new())).collect();
    for impact in impacts {
        let users = users.entry(of(impact).name()).or_default();
        users.push(&impact.user);
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_size::{MAX_BODY, STRING_OVERHEAD};

    #[test]
    fn calls_respect_the_limits_of_length_and_users() {
        let users: BTreeSet<String> = (0..450).map(|at| format!("user{at:04}")).collect();
        let lengths = |room| calls(&users, room).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(MAX_BODY), [200, 200, 50]);
        assert_eq!(
            lengths(100 * (8 + STRING_OVERHEAD)),
            [100, 100, 100, 100, 50]
        );
        assert!(calls(&BTreeSet::new(), MAX_BODY).is_empty());
    }
}
