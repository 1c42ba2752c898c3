//! An account's state in the contract's terms.

use tfa_core::{
    Account, Authenticator, FailureCounter, LockState, RuleEffect, ThrottleScope, Time,
};
use tfa_proto::{AuthenticatorKind, State, Status};

use crate::host::users::User;

/// What may be said about a user's account.
pub(crate) fn of(
    user: &User,
    account: Option<&Account>,
    required: Option<&RuleEffect>,
    now: Time,
) -> Status {
    let set_up = matches!(
        account.map(Account::state),
        Some(tfa_core::State::Enabled | tfa_core::State::Paused)
    );
    let grace_until = required
        .filter(|_| !set_up)
        .and_then(|effect| effect.grace_until(account, now))
        .filter(|until| now < *until);
    let bare = Status {
        user: user.name.clone(),
        uid: Some(user.uid),
        required: required.is_some(),
        grace_until: grace_until.map(Time::as_secs),
        ..Status::default()
    };
    let Some(account) = account else {
        return Status {
            state: Some(state_of(None).into()),
            ..bare
        };
    };
    let remote = account.throttle().counter(ThrottleScope::Remote);
    let console = account.throttle().counter(ThrottleScope::Console);
    let own = account.throttle().counter(ThrottleScope::OwnProgram);
    let wrong = account.wrong_codes();
    let left = account.backup_codes_left();
    Status {
        state: Some(state_of(Some(account)).into()),
        authenticators: account.authenticators().iter().map(described).collect(),
        pending_authenticator: account.pending().is_some(),
        backup_codes_left: u32::try_from(left).unwrap_or(u32::MAX),
        failures: remote.failures(),
        locked_until: until(remote, now),
        permanently_locked: remote.lock_state(now) == LockState::Permanent,
        console_failures: console.failures(),
        console_locked_until: until(console, now),
        console_permanently_locked: console.lock_state(now) == LockState::Permanent,
        own_failures: own.failures(),
        own_locked_until: until(own, now),
        own_permanently_locked: own.lock_state(now) == LockState::Permanent,
        wrong_codes: wrong.map_or(0, |wrong| wrong.count),
        last_wrong_code: wrong.map(|wrong| wrong.last.as_secs()),
        last_wrong_code_from: wrong.map(|wrong| wrong.from.clone()),
        invited_until: account
            .invitation()
            .filter(|invitation| invitation.is_open(now))
            .map(|invitation| invitation.until().as_secs()),
        last_login: account.last_login().map(Time::as_secs),
        ..bare
    }
}

fn described(authenticator: &Authenticator) -> tfa_proto::Authenticator {
    tfa_proto::Authenticator {
        id: authenticator.id().number(),
        kind: kind_of(authenticator).into(),
        name: authenticator.name().to_owned(),
        created: authenticator.created().map(Time::as_secs),
        last_accepted: authenticator.last_accepted().map(Time::as_secs),
    }
}

/// The kind in the contract's terms.
pub(crate) fn kind_of(authenticator: &Authenticator) -> AuthenticatorKind {
    match authenticator.kind() {
        tfa_core::AuthenticatorKind::Totp => AuthenticatorKind::Totp,
        tfa_core::AuthenticatorKind::Hotp => AuthenticatorKind::Hotp,
    }
}

/// The state in the contract's terms.
pub(crate) fn state_of(account: Option<&Account>) -> State {
    match account.map_or(tfa_core::State::None, Account::state) {
        tfa_core::State::None => State::None,
        tfa_core::State::Pending => State::Pending,
        tfa_core::State::Enabled => State::Enabled,
        tfa_core::State::Paused => State::Paused,
    }
}

/// What may be said where the record cannot be used.
pub(crate) fn unusable(user: &str, uid: Option<u32>, why: String) -> Status {
    Status {
        user: user.to_owned(),
        uid,
        problem: Some(why),
        ..Status::default()
    }
}

fn until(counter: &FailureCounter, now: Time) -> Option<u64> {
    match counter.timed_lock(now) {
        LockState::Until(until) => Some(until.as_secs()),
        LockState::Unlocked | LockState::Permanent => None,
    }
}
