//! `tfactl policy impact`: the outcome of a login for each user.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tfa_client::{self, Failure, OFF_FOR_ALL, Terminal};
use tfa_proto::{HypotheticalLogin, Impact, OpenEnum, Outcome, Reason};
use tfa_text::time::rfc3339;
use tfa_text::wrapped;

use super::files::Files;
use crate::args::{Login, Moment};
use crate::call_size::{self, MAX_USERS};
use crate::daemon::Daemon;
use crate::progress::ProgressBar;
use crate::{json, messages};

/// Calls at once: the daemon serves each on a thread of its own.
const CALLS_AT_ONCE: usize = 2;
/// The number of users from which a progress bar is shown: the others take no second.
const SHOWN_FROM: usize = 5000;

/// The names of users by the name of the outcome.
type ByOutcome<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Times by the names of users.
type Times<'a> = BTreeMap<&'a str, String>;

#[derive(Serialize)]
struct ImpactJson<'a> {
    service: &'a str,
    host: Option<&'a str>,
    from: &'a str,
    method: Option<&'a str>,
    security_key: bool,
    at: String,
    files: Vec<&'a str>,
    published: Option<u64>,
    audit: bool,
    now: ByOutcome<'a>,
    later: ByOutcome<'a>,
    changes_at: Times<'a>,
    later_from: Times<'a>,
    after_first_login: Vec<&'a str>,
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
    let published = files.published(&mut daemon).await?;
    let users = Users::of(&mut daemon).await?;
    let calls = calls(&users.all, room);
    let contents = files.contents().into_iter();
    let contents = contents.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let simulation = Simulation {
        bar: ProgressBar::new(&terminal),
        files: Arc::new(contents.collect()),
        login: hypothetical.clone(),
    };
    let (audit, impacts) = simulation.run(&mut daemon, calls).await?;
    let (impacts, unknown) = users.without_unknown(impacts);
    if as_json {
        let report = ImpactJson {
            service: &hypothetical.service,
            host: hypothetical.host.as_deref(),
            from: json::from(&hypothetical),
            method: json::method(&hypothetical),
            security_key: hypothetical.security_key == Some(true),
            at: rfc3339(at.unwrap_or(asked)),
            files: files.names(),
            published: published.as_ref().and_then(|policy| policy.revision),
            audit,
            now: by_outcome(&impacts, |impact| &impact.now),
            later: by_outcome(&impacts, |impact| &impact.later),
            changes_at: times(&impacts, |impact| impact.changes_at),
            later_from: times(&impacts, |impact| impact.later_from),
            after_first_login: impacts
                .iter()
                .filter(|impact| impact.after_first_login == Some(true))
                .map(|impact| &*impact.user)
                .collect(),
            unknown: &unknown,
        };
        json::print(&terminal, &report)?;
        return daemon.fail_if_not_serving();
    }
    let width = messages::width(&terminal);
    let anywhere = login.is_from_anywhere();
    let head = messages::impact_head(
        files.description(),
        published.as_ref(),
        impacts.len(),
        &hypothetical,
        anywhere,
        width,
    );
    terminal.print(&head)?;
    if audit {
        terminal.print(&messages::audit_is_on(width))?;
    }
    if is_off(&impacts) {
        terminal.print(&wrapped(OFF_FOR_ALL, width))?;
    }
    if !impacts.is_empty() {
        let (mut now, mut later) = (messages::ByReason::new(), messages::ByReason::new());
        for impact in &impacts {
            let key = (&impact.now, impact.now_reason.as_ref());
            now.entry(key).or_default().push(impact);
            let key = (&impact.later, impact.later_reason.as_ref());
            later.entry(key).or_default().push(impact);
        }
        terminal.print(&messages::impact(&now, &later, width))?;
    }
    if !unknown.is_empty() {
        terminal.print(&messages::unknown_users(&unknown, width))?;
    }
    if hypothetical.host.is_none() && daemon.is_verifier().await? {
        terminal.print(&format!("\n{}", messages::of_members(&impacts, width)))?;
    }
    daemon.fail_if_not_serving()
}

/// The impact of the policy in force on logins of these users over SSH with the password.
pub(crate) async fn in_force(
    daemon: &mut Daemon,
    terminal: &Terminal,
    users: &BTreeSet<String>,
    login: &Login,
) -> Result<Vec<Impact>, Failure> {
    on(daemon, terminal, &Files::read(None)?, users, login).await
}

/// The impact of a policy that is not in force on all users who exist, in the same logins.
pub(super) async fn of_draft(
    daemon: &mut Daemon,
    terminal: &Terminal,
    files: &Files,
) -> Result<Vec<Impact>, Failure> {
    let users = Users::of(daemon).await?;
    let impacts = on(daemon, terminal, files, &users.all, &Login::over_ssh()).await?;
    Ok(users.without_unknown(impacts).0)
}

async fn on(
    daemon: &mut Daemon,
    terminal: &Terminal,
    files: &Files,
    users: &BTreeSet<String>,
    login: &Login,
) -> Result<Vec<Impact>, Failure> {
    let login = login.hypothetical(None);
    let room = files.room(&login, &[])?;
    let contents = files.contents().into_iter();
    let contents = contents.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let simulation = Simulation {
        bar: ProgressBar::new(terminal),
        files: Arc::new(contents.collect()),
        login,
    };
    let (_, impacts) = simulation.run(daemon, calls(users, room)).await?;
    Ok(impacts)
}

/// The users to whom a policy can apply.
struct Users {
    /// The users of this host, root, and all names of records.
    all: BTreeSet<String>,
    /// The names of records that are not those of users whom the name service enumerates.
    with_record: BTreeSet<String>,
}

impl Users {
    async fn of(daemon: &mut Daemon) -> Result<Self, Failure> {
        let mut all: BTreeSet<String> = daemon.users(true).await?.into_iter().collect();
        let records = daemon.record_names().await?;
        let with_record = records.into_iter().filter(|name| !all.contains(name));
        let with_record: BTreeSet<String> = with_record.collect();
        all.extend(with_record.iter().cloned());
        Ok(Self { all, with_record })
    }

    /// The impacts in the order of the users, each user once, and the users who have a record and do not
    /// exist on this host. A record under a former name has the impact of its user.
    fn without_unknown(&self, mut impacts: Vec<Impact>) -> (Vec<Impact>, Vec<String>) {
        impacts.sort_by(|one, other| one.user.cmp(&other.user));
        impacts.dedup_by(|one, other| one.user == other.user);
        let is_unknown = |impact: &Impact| {
            let reason = impact.now_reason.as_ref().and_then(OpenEnum::known);
            reason == Some(Reason::UnknownUser) && self.with_record.contains(&impact.user)
        };
        let (unknown, known): (Vec<Impact>, _) = impacts.into_iter().partition(is_unknown);
        let unknown = unknown.into_iter().map(|impact| impact.user).collect();
        (known, unknown)
    }
}

/// A simulation of the logins of many users.
struct Simulation<'a> {
    bar: ProgressBar<'a>,
    files: Arc<Vec<(String, String)>>,
    login: HypotheticalLogin,
}

impl Simulation<'_> {
    /// Simulates the logins of the users of these calls, a few calls at a time.
    async fn run(
        mut self,
        daemon: &mut Daemon,
        calls: Vec<Vec<String>>,
    ) -> Result<(bool, Vec<Impact>), Failure> {
        let total = calls.iter().map(Vec::len).sum();
        let mut calls = calls.into_iter();
        let mut under_way = VecDeque::new();
        let mut impacts = Vec::with_capacity(total);
        let mut audit = false;
        loop {
            while under_way.len() < CALLS_AT_ONCE
                && let Some(users) = calls.next()
            {
                let call = daemon.begin_impact(&self.files, self.login.clone(), users);
                under_way.push_back(call.await);
            }
            let Some(call) = under_way.pop_front() else {
                return Ok((audit, impacts));
            };
            let (is_audit, more) = daemon.end_impact(call).await?;
            audit |= is_audit;
            impacts.extend(more);
            if total >= SHOWN_FROM {
                let number = |users| u64::try_from(users).unwrap_or(u64::MAX);
                self.bar.show(number(impacts.len()), number(total));
            }
        }
    }
}

/// The users in as few calls as the limits allow.
fn calls(users: &BTreeSet<String>, room: usize) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = Vec::new();
    let mut left = 0;
    for user in users {
        match calls.last_mut() {
            Some(call) if call.len() < MAX_USERS && call_size::string(user) <= left => {
                call.push(user.clone());
            }
            _ => {
                calls.push(vec![user.clone()]);
                left = room;
            }
        }
        left = left.saturating_sub(call_size::string(user));
    }
    calls
}

/// Whether two-factor login is off for the whole host under this policy.
fn is_off(impacts: &[Impact]) -> bool {
    let reason = |impact: &Impact| {
        let reason = impact.now_reason.as_ref();
        reason.and_then(OpenEnum::known)
    };
    impacts
        .iter()
        .any(|impact| reason(impact) == Some(Reason::Off))
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

fn times(impacts: &[Impact], of: impl Fn(&Impact) -> Option<u64>) -> Times<'_> {
    let known = impacts
        .iter()
        .filter_map(|impact| Some((&*impact.user, rfc3339(of(impact)?))));
    known.collect()
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
