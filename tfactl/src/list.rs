//! `tfactl list`: who has two-factor login, and who has not.

use std::collections::HashSet;

use tfa_bus::command::{Failure, Report, Terminal, now};
use tfa_bus::{State, Status};

use crate::daemon::Daemon;
use crate::{passwd, table, texts};

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
    /// Who is locked, from afar or at the console.
    Locked,
}

pub(crate) async fn run(which: Which, json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let recorded = daemon.list().await?;
    let now = now();
    let mut listed = match which {
        Which::Disabled => without_set_up(&mut daemon, recorded).await?,
        _ => recorded
            .into_iter()
            .filter(|status| belongs(status, which, now))
            .collect(),
    };
    listed.sort_by(|one, other| one.user.cmp(&other.user));
    if json {
        let reports: Vec<_> = listed.iter().map(Report::from).collect();
        let text = serde_json::to_string_pretty(&reports).map_err(std::io::Error::other)?;
        terminal.say(&text)?;
    } else if listed.is_empty() {
        terminal.say(texts::nobody(which))?;
    } else {
        terminal.say(&table::of(&listed, now))?;
    }
    Ok(())
}

/// Whether an account that has a record is to be listed.
fn belongs(status: &Status, which: Which, now: u64) -> bool {
    match which {
        Which::All => true,
        Which::Enabled => status.problem.is_none() && status.state == State::Enabled.name(),
        Which::Paused => status.problem.is_none() && status.state == State::Paused.name(),
        Which::Locked => is_locked(status, now),
        Which::Disabled => is_off(status),
    }
}

/// Whether no code is accepted now, from afar or at the console.
pub(crate) fn is_locked(status: &Status, now: u64) -> bool {
    let lasts = |until: Option<u64>| until.is_some_and(|until| until > now);
    status.locked_for_good
        || status.console_locked_for_good
        || lasts(status.locked_until)
        || lasts(status.console_locked_until)
}

/// A set-up that was begun and not finished is none.
fn is_off(status: &Status) -> bool {
    status.problem.is_none()
        && (status.state == State::None.name() || status.state == State::Pending.name())
}

/// The people of this host less those who have a set-up.
async fn without_set_up(
    daemon: &mut Daemon,
    recorded: Vec<Status>,
) -> Result<Vec<Status>, Failure> {
    let known: HashSet<String> = recorded.iter().map(|status| status.user.clone()).collect();
    let mut listed: Vec<_> = recorded.into_iter().filter(is_off).collect();
    for person in passwd::people()? {
        if !known.contains(&person) {
            // One call each: what the policy says about a person, only the daemon knows.
            listed.push(daemon.show(&person).await?);
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: State) -> Status {
        Status {
            state: state.name().to_owned(),
            ..Status::default()
        }
    }

    #[test]
    fn a_lock_of_either_origin_counts_and_a_past_one_does_not() {
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
