//! `tfactl list`: who has two-factor login, and who has not.

use std::collections::{BTreeSet, HashSet};

use tfa_client::{Failure, StatusJson, Terminal, now};
use tfa_proto::{OpenEnum, State, Status};

use crate::daemon::Daemon;
use crate::{group, json, messages, passwd, table};

/// Whom to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Whoever has a record.
    All,
    /// Whose login asks for codes.
    Enabled,
    /// The people of this host who have no set-up.
    Disabled,
    /// Who has paused it.
    Paused,
    /// Who is locked, on whichever side.
    Locked,
    /// Of whom the policy requires it.
    Required,
}

pub(crate) async fn run(which: Which, group: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    if which == Which::Required {
        // What no policy in force requires is not known.
        daemon.serves()?;
    }
    let mut listed = daemon.list().await?;
    let names: Vec<&str> = listed.iter().map(|status| status.user.as_str()).collect();
    let members = group
        .map(|group| group::members(group, &names))
        .transpose()?;
    let known: HashSet<String> = names.into_iter().map(str::to_owned).collect();
    for user in without_record(which, members.as_ref())? {
        if !known.contains(&user) {
            // One call each: what the policy says about a person, only the daemon knows.
            match daemon.show(&user).await {
                Ok(status) => listed.push(status),
                // A group may list people who are gone.
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
    listed.retain(|status| belongs(status, which, now) && is_member(&status.user));
    listed.sort_by(|one, other| one.user.cmp(&other.user));
    if as_json {
        let reports: Vec<_> = listed.iter().map(StatusJson::from).collect();
        json::print(&terminal, &reports)?;
        return daemon.serves();
    }
    match group {
        _ if !listed.is_empty() => terminal.print(&table::of(&listed, now))?,
        Some(group) => terminal.print(&messages::nobody_in(group, which))?,
        None => terminal.print(messages::nobody(which))?,
    }
    daemon.serves()
}

/// Who else may have to be listed, with a record or without.
fn without_record(
    which: Which,
    members: Option<&BTreeSet<String>>,
) -> Result<Vec<String>, Failure> {
    match (which, members) {
        (Which::Enabled | Which::Paused | Which::Locked, _) | (Which::All, None) => Ok(Vec::new()),
        (Which::All | Which::Disabled | Which::Required, Some(members)) => {
            Ok(members.iter().cloned().collect())
        }
        (Which::Disabled, None) => passwd::people(),
        (Which::Required, None) => passwd::people_and_root(),
    }
}

/// Whether an account is to be listed.
fn belongs(status: &Status, which: Which, now: u64) -> bool {
    match which {
        Which::All => true,
        Which::Enabled => is_in(status, &[State::Enabled]),
        Which::Paused => is_in(status, &[State::Paused]),
        Which::Locked => is_locked(status, now),
        Which::Disabled => is_off(status),
        Which::Required => status.problem.is_none() && status.required,
    }
}

/// Whether no code is accepted now from one side: from afar, at the console, from programs of the
/// user.
pub(crate) fn is_locked(status: &Status, now: u64) -> bool {
    let lasts = |until: Option<u64>| until.is_some_and(|until| until > now);
    status.locked_for_good
        || status.console_locked_for_good
        || status.own_locked_for_good
        || lasts(status.locked_until)
        || lasts(status.console_locked_until)
        || lasts(status.own_locked_until)
}

/// A set-up that was begun and not finished is none.
fn is_off(status: &Status) -> bool {
    is_in(status, &[State::None, State::Pending])
}

/// Whether an account is in one of these states. An account that cannot be used, or whose state is of
/// a later version, is in none.
pub(crate) fn is_in(status: &Status, states: &[State]) -> bool {
    let state = status.state.as_ref().and_then(OpenEnum::known);
    status.problem.is_none() && state.is_some_and(|state| states.contains(&state))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: State) -> Status {
        Status {
            state: Some(state.into()),
            ..Status::default()
        }
    }

    #[test]
    fn a_lock_of_any_origin_counts_and_a_past_one_does_not() {
        let now = 1000;
        assert!(!is_locked(&status(State::Enabled), now));
        for locked in [
            Status {
                locked_until: Some(1001),
                ..Status::default()
            },
            Status {
                console_locked_until: Some(1001),
                ..Status::default()
            },
            Status {
                locked_for_good: true,
                ..Status::default()
            },
            Status {
                console_locked_for_good: true,
                ..Status::default()
            },
            Status {
                own_locked_until: Some(1001),
                ..Status::default()
            },
            Status {
                own_locked_for_good: true,
                ..Status::default()
            },
        ] {
            assert!(is_locked(&locked, now), "{locked:?}");
        }
        let past = Status {
            locked_until: Some(1000),
            console_locked_until: Some(3),
            ..Status::default()
        };
        assert!(!is_locked(&past, now));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_neither_enabled_nor_off() {
        let damaged = Status {
            problem: Some("damaged".to_owned()),
            ..status(State::Enabled)
        };
        assert!(!belongs(&damaged, Which::Enabled, 0));
        assert!(!belongs(&damaged, Which::Disabled, 0));
        assert!(belongs(&damaged, Which::All, 0));
    }

    #[test]
    fn a_set_up_that_was_not_finished_is_disabled() {
        assert!(belongs(&status(State::Pending), Which::Disabled, 0));
        assert!(!belongs(&status(State::Pending), Which::Enabled, 0));
        assert!(!belongs(&status(State::Paused), Which::Disabled, 0));
    }
}
