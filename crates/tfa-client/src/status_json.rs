//! The state of an account as JSON: `tfa-enroll status --json`, `tfactl show --json`, and, in an
//! array, `tfactl list --json`.
//!
//! The keys are stable: keys may be added, and existing keys do not change. Times are in RFC 3339
//! format, in UTC, or null.
//!
//! [`STATUS_JSON_HELP`](crate::STATUS_JSON_HELP) and tfa-enroll(1) say what they mean.

use serde::Serialize;

use tfa_proto::{Authenticator, FailedAttempt, MemberLock, OpenEnum, Status};
use tfa_text::time::rfc3339;

use crate::bound_codes::{BoundCodesJson, bound_codes_json};
use crate::devices::{DeviceJson, devices_json};

/// A [`Status`] as JSON.
#[derive(Debug, Serialize)]
pub struct StatusJson<'a> {
    user: &'a str,
    uid: Option<u32>,
    state: &'a str,
    authenticators: Vec<AuthenticatorJson<'a>>,
    pending_authenticator: bool,
    pending_kind: Option<&'a str>,
    backup_codes_left: u32,
    failures: u32,
    locked_until: Option<String>,
    permanently_locked: bool,
    known_origins: u32,
    locked_known_origins: u32,
    session_failures: u32,
    session_locked_until: Option<String>,
    session_permanently_locked: bool,
    console_failures: u32,
    console_locked_until: Option<String>,
    console_permanently_locked: bool,
    own_failures: u32,
    own_locked_until: Option<String>,
    own_permanently_locked: bool,
    member_locks: Vec<MemberLockJson<'a>>,
    wrong_codes: u32,
    last_wrong_code: Option<String>,
    last_wrong_code_from: Option<&'a str>,
    failed_attempts: Vec<FailedAttemptJson<'a>>,
    required: Option<bool>,
    off: Option<bool>,
    grace_until: Option<String>,
    invited_until: Option<String>,
    exempt_until: Option<String>,
    exempt_reason: Option<&'a str>,
    devices: Vec<DeviceJson<'a>>,
    bound_codes: Vec<BoundCodesJson<'a>>,
    last_login: Option<String>,
    problem: Option<&'a str>,
    note: Option<&'a str>,
}

impl<'a> From<&'a Status> for StatusJson<'a> {
    fn from(status: &'a Status) -> Self {
        Self {
            user: &status.user,
            uid: status.uid,
            state: status.state.as_ref().map_or("", OpenEnum::name),
            authenticators: authenticators_json(&status.authenticators),
            pending_authenticator: status.pending_authenticator,
            pending_kind: status.pending_kind.as_ref().map(OpenEnum::name),
            backup_codes_left: status.backup_codes_left,
            failures: status.failures,
            locked_until: status.locked_until.map(rfc3339),
            permanently_locked: status.permanently_locked,
            known_origins: status.known_origins,
            locked_known_origins: status.locked_known_origins,
            session_failures: status.session_failures,
            session_locked_until: status.session_locked_until.map(rfc3339),
            session_permanently_locked: status.session_permanently_locked,
            console_failures: status.console_failures,
            console_locked_until: status.console_locked_until.map(rfc3339),
            console_permanently_locked: status.console_permanently_locked,
            own_failures: status.own_failures,
            own_locked_until: status.own_locked_until.map(rfc3339),
            own_permanently_locked: status.own_permanently_locked,
            member_locks: status.member_locks.iter().map(member_lock).collect(),
            wrong_codes: status.wrong_codes,
            last_wrong_code: status.last_wrong_code.map(rfc3339),
            last_wrong_code_from: status.last_wrong_code_from.as_deref(),
            failed_attempts: status.failed_attempts.iter().map(failed_attempt).collect(),
            required: (!status.policy_unknown).then_some(status.required),
            off: (!status.policy_unknown).then_some(status.off),
            grace_until: status.grace_until.map(rfc3339),
            invited_until: status.invited_until.map(rfc3339),
            exempt_until: status.exempt_until.map(rfc3339),
            exempt_reason: status.exempt_reason.as_deref(),
            devices: devices_json(&status.devices),
            bound_codes: bound_codes_json(&status.bound_codes),
            last_login: status.last_login.map(rfc3339),
            problem: status.problem.as_deref(),
            note: status.note.as_deref(),
        }
    }
}

/// A [`MemberLock`] as JSON.
#[derive(Debug, Serialize)]
struct MemberLockJson<'a> {
    host: Option<&'a str>,
    scope: Option<&'a str>,
    failures: u32,
    locked_until: Option<String>,
    all_others: bool,
}

fn member_lock(one: &MemberLock) -> MemberLockJson<'_> {
    MemberLockJson {
        host: Some(&*one.host).filter(|host| !host.is_empty()),
        scope: one.scope.as_ref().map(OpenEnum::name),
        failures: one.failures,
        locked_until: one.locked_until.map(rfc3339),
        all_others: one.all_others,
    }
}

/// A [`FailedAttempt`] as JSON.
#[derive(Debug, Serialize)]
struct FailedAttemptJson<'a> {
    reason: &'a str,
    service: &'a str,
    from: &'a str,
    last: String,
    count: u32,
    drift_seconds: Option<i64>,
    locked_until: Option<String>,
}

fn failed_attempt(one: &FailedAttempt) -> FailedAttemptJson<'_> {
    FailedAttemptJson {
        reason: one.reason.name(),
        service: &one.service,
        from: &one.from,
        last: rfc3339(one.last),
        count: one.count,
        drift_seconds: one.drift,
        locked_until: one.locked_until.map(rfc3339),
    }
}

/// An [`Authenticator`] as JSON.
#[derive(Debug, Serialize)]
pub struct AuthenticatorJson<'a> {
    id: u32,
    kind: &'a str,
    name: &'a str,
    created: Option<String>,
    last_accepted: Option<String>,
    fingerprint: Option<&'a str>,
    weak: bool,
}

/// The authenticators as JSON.
#[must_use]
pub fn authenticators_json(all: &[Authenticator]) -> Vec<AuthenticatorJson<'_>> {
    let json = all.iter().map(|one| AuthenticatorJson {
        id: one.id,
        kind: one.kind.name(),
        name: &one.name,
        created: one.created.map(rfc3339),
        last_accepted: one.last_accepted.map(rfc3339),
        fingerprint: one.fingerprint.as_deref(),
        weak: one.weak,
    });
    json.collect()
}
