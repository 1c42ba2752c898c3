//! An account's state in the contract's terms.

use tfa_core::{
    Account, Authenticator, BoundHost, FailedAttempt, FailureReason, LockState, RememberRules,
    RuleEffect, ThrottleScope, Time,
};
use tfa_proto::{
    AuthenticatorKind, BoundCodes, Device, DeviceKind, LockScope, MemberLock, State, Status,
};

use crate::host::users::User;

/// Whether the grace period of an account would begin with its first login, of which there was none. A login on a member
/// of a fleet begins none.
pub(crate) fn grace_has_not_begun(
    account: Option<&Account>,
    required: Option<&RuleEffect>,
    now: Time,
) -> bool {
    required.is_some_and(|effect| effect.records_first_login(now))
        && account.and_then(Account::first_required).is_none()
}

/// What may be said about a user's account.
pub(crate) fn of(
    user: &User,
    account: Option<&Account>,
    required: Option<&RuleEffect>,
    rules: &RememberRules,
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
        grace_on_verifiers_only: false,
        ..Status::default()
    };
    let Some(account) = account else {
        return Status {
            state: Some(state_of(None).into()),
            ..bare
        };
    };
    let remote = Lock::of(account, ThrottleScope::UNKNOWN, now);
    let session = Lock::of(account, ThrottleScope::Session, now);
    let console = Lock::of(account, ThrottleScope::Console, now);
    let own = Lock::of(account, ThrottleScope::OwnProgram, now);
    let wrong = account.wrong_codes();
    let left = account.backup_codes_left();
    let exemption = account.exemption(now);
    Status {
        state: Some(state_of(Some(account)).into()),
        authenticators: account.authenticators().iter().map(described).collect(),
        pending_authenticator: account.pending().is_some(),
        pending_kind: account
            .pending()
            .map(|pending| kind_of(pending.authenticator()).into()),
        backup_codes_left: count(left),
        failures: remote.failures,
        locked_until: remote.until,
        permanently_locked: remote.is_permanent,
        known_origins: count(account.known_origins(now)),
        locked_known_origins: count(account.locked_known_origins(now)),
        session_failures: session.failures,
        session_locked_until: session.until,
        session_permanently_locked: session.is_permanent,
        console_failures: console.failures,
        console_locked_until: console.until,
        console_permanently_locked: console.is_permanent,
        own_failures: own.failures,
        own_locked_until: own.until,
        own_permanently_locked: own.is_permanent,
        member_locks: member_locks(account, now),
        wrong_codes: wrong.map_or(0, |wrong| wrong.count),
        last_wrong_code: wrong.map(|wrong| wrong.last.as_secs()),
        last_wrong_code_from: wrong.map(|wrong| wrong.from.clone()),
        invited_until: account
            .invitation()
            .filter(|invitation| invitation.is_open(now))
            .map(|invitation| invitation.until().as_secs()),
        exempt_until: exemption.map(|exemption| exemption.until().as_secs()),
        exempt_reason: exemption.map(|exemption| exemption.reason().to_owned()),
        devices: devices(account, rules, now),
        bound_codes: account.bound_hosts().filter_map(bound_codes).collect(),
        last_login: account.last_login().map(Time::as_secs),
        ..bare
    }
}

/// The locks at members of a fleet.
fn member_locks(account: &Account, now: Time) -> Vec<MemberLock> {
    let throttle = account.throttle();
    let of_others = match throttle.lock_of_further_members(now) {
        LockState::Unlocked => None,
        state => Some(MemberLock {
            all_others: true,
            locked_until: end_of(state),
            ..MemberLock::default()
        }),
    };
    let locks = throttle.member_locks(now).map(|lock| MemberLock {
        host: lock.member.unwrap_or_default().to_owned(),
        all_others: false,
        scope: lock.scope.map(|scope| lock_scope_of(scope).into()),
        failures: lock.failures,
        locked_until: end_of(lock.state),
    });
    locks.chain(of_others).collect()
}

fn end_of(lock: LockState) -> Option<u64> {
    match lock {
        LockState::Until(until) => Some(until.as_secs()),
        LockState::Unlocked | LockState::Permanent => None,
    }
}

fn bound_codes(of: &BoundHost) -> Option<BoundCodes> {
    let set = of.in_use()?;
    Some(BoundCodes {
        host: of.host.clone(),
        left: u32::from(set.left),
        made: set.made.as_secs(),
        confirmed: set.is_confirmed,
    })
}

/// Why the last attempts failed, for an administrator.
pub(crate) fn failed_attempts(account: &Account, now: Time) -> Vec<tfa_proto::FailedAttempt> {
    account.failed_attempts(now).map(failed_attempt).collect()
}

fn failed_attempt(attempt: FailedAttempt) -> tfa_proto::FailedAttempt {
    let FailedAttempt {
        reason,
        service,
        from,
        last,
        count,
    } = attempt;
    tfa_proto::FailedAttempt {
        reason: reason_of(reason).into(),
        service,
        from,
        last: last.as_secs(),
        count,
        drift: match reason {
            FailureReason::OtherTime(time) => Some(time.drift),
            _ => None,
        },
        locked_until: match reason {
            FailureReason::Locked(until) => until.map(Time::as_secs),
            _ => None,
        },
    }
}

fn reason_of(reason: FailureReason) -> tfa_proto::FailureReason {
    use tfa_proto::FailureReason as Wire;
    match reason {
        FailureReason::WrongCode => Wire::WrongCode,
        FailureReason::OtherTime(_) => Wire::OtherTime,
        FailureReason::WrongLength => Wire::WrongLength,
        FailureReason::PendingAuthenticator => Wire::PendingAuthenticator,
        FailureReason::WrongBackupCode => Wire::WrongBackupCode,
        FailureReason::UsedCode => Wire::UsedCode,
        FailureReason::VoidCode => Wire::VoidCode,
        FailureReason::NotACode => Wire::NotACode,
        FailureReason::Locked(_) => Wire::Locked,
        FailureReason::NotEnrolled => Wire::NotEnrolled,
        FailureReason::NotAsked => Wire::NotAsked,
        FailureReason::WrongRecoveryCode => Wire::WrongRecoveryCode,
        FailureReason::FactorNotAccepted => Wire::FactorNotAccepted,
    }
}

/// The remembered devices.
pub(crate) fn devices(account: &Account, rules: &RememberRules, now: Time) -> Vec<Device> {
    let devices = account.devices(rules, now);
    let described = devices.map(|device| Device {
        id: device.id().number(),
        kind: match device.mark().kind() {
            tfa_core::DeviceKind::Key => DeviceKind::Key.into(),
            tfa_core::DeviceKind::Address => DeviceKind::Address.into(),
        },
        mark: device.mark().to_string(),
        key_type: device.mark().key_type().map(str::to_owned),
        first_used: device.first_used().as_secs(),
        last_used: device.last_used().as_secs(),
        until: device.until(rules).as_secs(),
        current: false,
    });
    described.collect()
}

fn described(authenticator: &Authenticator) -> tfa_proto::Authenticator {
    tfa_proto::Authenticator {
        id: authenticator.id().number(),
        kind: kind_of(authenticator).into(),
        name: authenticator.name().to_owned(),
        created: authenticator.created().map(Time::as_secs),
        last_accepted: authenticator.last_accepted().map(Time::as_secs),
        fingerprint: authenticator
            .key_fingerprint()
            .map(|print| print.to_string()),
        weak: authenticator.is_weak(),
    }
}

/// The kind in the contract's terms.
pub(crate) fn kind_of(authenticator: &Authenticator) -> AuthenticatorKind {
    match authenticator.kind() {
        tfa_core::AuthenticatorKind::Totp => AuthenticatorKind::Totp,
        tfa_core::AuthenticatorKind::Hotp => AuthenticatorKind::Hotp,
        tfa_core::AuthenticatorKind::SecurityKey => AuthenticatorKind::SecurityKey,
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

/// Whether an account has a lock that has not ended.
pub(crate) fn is_locked(account: &Account, now: Time) -> bool {
    let scopes = [
        ThrottleScope::UNKNOWN,
        ThrottleScope::Session,
        ThrottleScope::Console,
        ThrottleScope::OwnProgram,
    ];
    let locks = scopes.map(|scope| Lock::of(account, scope, now));
    let has_lock = |lock: &Lock| lock.is_permanent || lock.until.is_some();
    locks.iter().any(has_lock)
        || account.locked_known_origins(now) > 0
        || !member_locks(account, now).is_empty()
}

/// What a lock applies to, in the contract's terms.
pub(crate) fn lock_scope_of(scope: tfa_core::LockScope) -> LockScope {
    match scope {
        tfa_core::LockScope::KnownOrigin => LockScope::KnownOrigin,
        tfa_core::LockScope::UnknownOrigins => LockScope::UnknownOrigins,
        tfa_core::LockScope::Sessions => LockScope::Sessions,
        tfa_core::LockScope::OwnPrograms => LockScope::OwnPrograms,
        tfa_core::LockScope::Console => LockScope::Console,
    }
}

/// The lock of one scope.
struct Lock {
    failures: u32,
    until: Option<u64>,
    is_permanent: bool,
}

impl Lock {
    fn of(account: &Account, scope: ThrottleScope, now: Time) -> Self {
        let is_permanent = account.lock_state(scope, now) == LockState::Permanent;
        Self {
            failures: account.throttle().counter(scope).failures(),
            // At the console, a backup code must wait for it under a permanent lock too.
            until: end_of(account.backup_lock_state(scope, now)),
            is_permanent,
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
