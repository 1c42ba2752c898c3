//! An account's state in the contract's terms.

use tfa_bus::{State, Status};
use tfa_core::{Account, Gate, Origin, Tally, Time};

use crate::users::User;

/// What may be said about a user's account.
pub(super) fn of(user: &User, account: Option<&Account>, now: Time) -> Status {
    let bare = Status {
        user: user.name.clone(),
        uid: user.uid,
        ..Status::default()
    };
    let Some(account) = account else {
        return Status {
            state: State::None.name().to_owned(),
            ..bare
        };
    };
    let state = match account.state() {
        tfa_core::State::None => State::None,
        tfa_core::State::Pending => State::Pending,
        tfa_core::State::Enabled => State::Enabled,
        tfa_core::State::Paused => State::Paused,
    };
    let remote = account.throttle().tally(Origin::Remote);
    let console = account.throttle().tally(Origin::Console);
    let left = account.backup_codes_left();
    let names = account
        .authenticators()
        .iter()
        .map(|one| one.name().to_owned());
    Status {
        state: state.name().to_owned(),
        authenticators: names.collect(),
        offer_pending: account.offer().is_some(),
        backup_codes_left: u32::try_from(left).unwrap_or(u32::MAX),
        failures: remote.failures(),
        locked_until: until(remote, now),
        locked_for_good: remote.gate(now) == Gate::ForGood,
        console_failures: console.failures(),
        console_locked_until: until(console, now),
        console_locked_for_good: console.gate(now) == Gate::ForGood,
        last_login: account.last_login().map(Time::as_secs),
        ..bare
    }
}

/// What may be said where the record cannot be used.
pub(super) fn unusable(user: &str, uid: u32, why: String) -> Status {
    Status {
        user: user.to_owned(),
        uid,
        problem: Some(why),
        ..Status::default()
    }
}

fn until(tally: &Tally, now: Time) -> Option<u64> {
    match tally.pace(now) {
        Gate::Until(until) => Some(until.as_secs()),
        Gate::Open | Gate::ForGood => None,
    }
}
