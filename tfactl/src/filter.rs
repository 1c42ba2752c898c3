//! The filters of `tfactl list`.

use tfa_proto::{ListFilter, OpenEnum, State, Status};

/// The users to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Users who have a record.
    All,
    /// Users who are asked for codes.
    Enabled,
    /// Users who have not finished enrollment.
    Disabled,
    /// Users who have paused two-factor login.
    Paused,
    /// Users with a lock.
    Locked,
    /// Users for whom the policy requires two-factor login.
    Required,
}

impl Filter {
    /// What the daemon leaves out. A filter for users without a record needs to know all who have one.
    pub(crate) fn of_daemon(self) -> ListFilter {
        match self {
            Self::All | Self::Disabled | Self::Required => ListFilter::All,
            Self::Enabled => ListFilter::Enabled,
            Self::Paused => ListFilter::Paused,
            Self::Locked => ListFilter::Locked,
        }
    }
}

/// Whether the filter selects the account.
pub(crate) fn selects(status: &Status, filter: Filter, now: u64) -> bool {
    match filter {
        Filter::All => true,
        Filter::Enabled => is_in(status, &[State::Enabled]),
        Filter::Paused => is_in(status, &[State::Paused]),
        Filter::Locked => is_locked(status, now),
        Filter::Disabled => is_off(status),
        Filter::Required => status.problem.is_none() && status.required,
    }
}

/// Whether a lock has not ended: for remote logins, for the console, for programs that run as the
/// user, or at a member of a fleet.
pub(crate) fn is_locked(status: &Status, now: u64) -> bool {
    let lasts = |until: Option<u64>| until.is_some_and(|until| until > now);
    status.permanently_locked
        || status.locked_known_origins > 0
        || status.session_permanently_locked
        || lasts(status.session_locked_until)
        || status.console_permanently_locked
        || status.own_permanently_locked
        || lasts(status.locked_until)
        || lasts(status.console_locked_until)
        || lasts(status.own_locked_until)
        || status
            .member_locks
            .iter()
            .any(|one| one.locked_until.is_none_or(|until| until > now))
}

/// Whether the user has not enrolled, or has not finished enrollment.
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
    fn every_scope_has_a_lock_and_past_locks_do_not_count() {
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
                permanently_locked: true,
                ..Status::default()
            },
            Status {
                console_permanently_locked: true,
                ..Status::default()
            },
            Status {
                locked_known_origins: 1,
                ..Status::default()
            },
            Status {
                session_locked_until: Some(1001),
                ..Status::default()
            },
            Status {
                session_permanently_locked: true,
                ..Status::default()
            },
            Status {
                own_locked_until: Some(1001),
                ..Status::default()
            },
            Status {
                own_permanently_locked: true,
                ..Status::default()
            },
        ] {
            assert!(is_locked(&locked, now), "{locked:?}");
        }
        let past = Status {
            locked_until: Some(1000),
            console_locked_until: Some(3),
            session_locked_until: Some(4),
            known_origins: 2,
            ..Status::default()
        };
        assert!(!is_locked(&past, now));
    }

    #[test]
    fn an_unusable_record_is_neither_enabled_nor_disabled() {
        let damaged = Status {
            problem: Some("damaged".to_owned()),
            ..status(State::Enabled)
        };
        assert!(!selects(&damaged, Filter::Enabled, 0));
        assert!(!selects(&damaged, Filter::Disabled, 0));
        assert!(selects(&damaged, Filter::All, 0));
    }

    #[test]
    fn an_unfinished_enrollment_is_disabled() {
        assert!(selects(&status(State::Pending), Filter::Disabled, 0));
        assert!(!selects(&status(State::Pending), Filter::Enabled, 0));
        assert!(!selects(&status(State::Paused), Filter::Disabled, 0));
    }
}
