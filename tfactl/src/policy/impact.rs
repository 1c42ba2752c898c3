//! `tfactl policy impact`: what a policy means for the people of this host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use tfa_bus::command::{Failure, Terminal};
use tfa_bus::{Impact, Outcome, Supposed};

use super::files::{self, PolicyFile};
use crate::args::Login;
use crate::daemon::Daemon;
use crate::{json, passwd, texts};

/// The uid of a record whose user the system does not know.
const NO_UID: u32 = u32::MAX;
/// Users in one call: the daemon looks all of them up before it answers.
const MOST_USERS: usize = 200;
/// The longest call that the daemon takes, in bytes.
const LONGEST_CALL: usize = 32 * 1024;
/// What the bus adds to a string at most: its length, its end, and what aligns it.
const PER_STRING: usize = 16;
/// What the login takes, with its keys.
const LOGIN: usize = 256;

/// Names by outcome, in the order of the outcomes.
type Fates<'a> = BTreeMap<&'static str, Vec<&'a str>>;

#[derive(Serialize)]
struct Report<'a> {
    service: &'a str,
    from: &'a str,
    method: Option<&'a str>,
    files: Vec<&'a str>,
    now: Fates<'a>,
    later: Fates<'a>,
    unknown: &'a [String],
}

pub(crate) async fn run(file: Option<&Path>, login: &Login, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let policy = file.map_or_else(|| Ok(Vec::new()), files::read)?;
    let named = file.map(files::named).transpose()?;
    let supposed = login.supposed(None);
    let room = room(&policy, &supposed, named.as_deref())?;
    let mut daemon = Daemon::connect(&terminal).await?;
    let Everybody { users, gone } = everybody(&mut daemon).await?;
    let texts: Vec<_> = policy
        .iter()
        .map(|file| (file.name.as_str(), file.text.as_str()))
        .collect();
    let mut impacts = Vec::with_capacity(users.len());
    for call in calls(&users, room) {
        impacts.extend(daemon.impact(&texts, supposed.clone(), &call).await?);
    }
    impacts.sort_by(|one, other| one.user.cmp(&other.user));
    if as_json {
        let report = Report {
            service: &supposed.service,
            from: json::from(&supposed),
            method: json::method(&supposed),
            files: policy.iter().map(|file| file.name.as_str()).collect(),
            now: by_outcome(impacts.iter().map(now)),
            later: by_outcome(impacts.iter().map(later)),
            unknown: &gone,
        };
        return json::say(&terminal, &report);
    }
    let width = texts::width(&terminal);
    let anywhere = login.is_from_anywhere();
    let head = texts::impact_head(named.as_deref(), users.len(), &supposed, anywhere, width);
    terminal.say(&head)?;
    if !impacts.is_empty() {
        let now = by_reason(impacts.iter().map(now));
        let later = by_reason(impacts.iter().map(later));
        terminal.say(&texts::impact(&now, &later, width))?;
    }
    if !gone.is_empty() {
        terminal.say(&texts::gone(&gone, width))?;
    }
    Ok(())
}

/// Whom a policy may mean something for.
struct Everybody {
    users: BTreeSet<String>,
    /// Who have a record, and whom the system does not know.
    gone: Vec<String>,
}

/// The people of this host, root, and whoever has a record.
async fn everybody(daemon: &mut Daemon) -> Result<Everybody, Failure> {
    let mut everybody = Everybody {
        users: passwd::people_and_root()?.into_iter().collect(),
        gone: Vec::new(),
    };
    for status in daemon.list().await? {
        if status.uid == NO_UID {
            everybody.gone.push(status.user);
        } else {
            everybody.users.insert(status.user);
        }
    }
    everybody.gone.sort();
    Ok(everybody)
}

/// How many bytes a call has left for users.
fn room(policy: &[PolicyFile], supposed: &Supposed, named: Option<&str>) -> Result<usize, Failure> {
    let files: usize = policy
        .iter()
        .map(|file| length(&file.name) + length(&file.text))
        .sum();
    let strings = [&supposed.service, &supposed.from];
    let login: usize = strings
        .into_iter()
        .chain(&supposed.method)
        .map(|text| text.len())
        .sum();
    // A user's name at least, of the length that useradd allows.
    let taken = files + login + LOGIN;
    let left = LONGEST_CALL.saturating_sub(taken);
    if left < 256 + PER_STRING {
        let named = named.unwrap_or_default();
        return Err(Failure::Refused(texts::too_long(
            named,
            files,
            LONGEST_CALL,
        )));
    }
    Ok(left)
}

fn length(text: &str) -> usize {
    text.len() + PER_STRING
}

/// The users in as few calls as the bounds allow.
fn calls(users: &BTreeSet<String>, room: usize) -> Vec<Vec<&str>> {
    let mut calls: Vec<Vec<&str>> = Vec::new();
    let mut left = 0;
    for user in users {
        match calls.last_mut() {
            Some(call) if call.len() < MOST_USERS && length(user) <= left => call.push(user),
            _ => {
                calls.push(vec![user]);
                left = room;
            }
        }
        left = left.saturating_sub(length(user));
    }
    calls
}

/// A user, the outcome, the reason.
type Fate<'a> = (&'a str, &'a str, &'a str);

fn now(impact: &Impact) -> Fate<'_> {
    (&impact.user, &impact.now, &impact.now_reason)
}

fn later(impact: &Impact) -> Fate<'_> {
    (&impact.user, &impact.later, &impact.later_reason)
}

/// Every outcome is a key, also where it is nobody's.
fn by_outcome<'a>(fates: impl Iterator<Item = Fate<'a>>) -> Fates<'a> {
    let mut outcomes: Fates<'_> = Outcome::ALL
        .into_iter()
        .map(|outcome| (outcome.name(), Vec::new()))
        .collect();
    for (user, outcome, _) in fates {
        if let Some(users) = outcomes.get_mut(outcome) {
            users.push(user);
        }
    }
    outcomes
}

fn by_reason<'a>(fates: impl Iterator<Item = Fate<'a>>) -> texts::Fates<'a> {
    let mut reasons = texts::Fates::new();
    for (user, outcome, reason) in fates {
        reasons.entry((outcome, reason)).or_default().push(user);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_as_many_users_as_its_length_and_the_daemon_allow() {
        let users: BTreeSet<String> = (0..450).map(|at| format!("user{at:04}")).collect();
        let lengths = |room| calls(&users, room).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(LONGEST_CALL), [200, 200, 50]);
        assert_eq!(lengths(100 * (8 + PER_STRING)), [100, 100, 100, 100, 50]);
        assert!(calls(&BTreeSet::new(), LONGEST_CALL).is_empty());
    }
}
