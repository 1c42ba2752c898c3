//! The state of an account as JSON: `tfa-enroll status --json`, `tfactl show --json`, and, in an
//! array, `tfactl list --json`.
//!
//! The keys are stable: keys may be added, none goes or changes its meaning. Times are RFC 3339 in
//! UTC, or null.
//!
//! | key | value |
//! | --- | --- |
//! | `user` | the login name |
//! | `uid` | the uid that the account was set up for, or that the user has; null where the system knows no such user |
//! | `state` | `none` (not set up), `pending` (set-up begun, no code proved yet), `enabled`, `paused`; empty where there is a `problem` |
//! | `authenticators` | their names |
//! | `offer_pending` | a new authenticator was offered and not yet proved |
//! | `backup_codes_left` | how many |
//! | `failures` | wrong codes in a row from afar |
//! | `locked_until` | no code is accepted from afar before; null when not locked for a time |
//! | `locked_for_good` | from afar no code is accepted until the administrator unlocks |
//! | `console_failures`, `console_locked_until`, `console_locked_for_good` | the same at the console |
//! | `own_failures`, `own_locked_until`, `own_locked_for_good` | the same for programs that run as the user |
//! | `wrong_codes` | wrong codes since the last login that was told of them |
//! | `last_wrong_code` | when the last of them was typed, or null |
//! | `last_wrong_code_from` | its remote host, its terminal, or the PAM service that knows neither; empty for a program of the user's own; or null |
//! | `required` | the policy requires a second factor of this user; null while it cannot be read |
//! | `grace_until` | until when the policy lets the user in without; null when there is no grace |
//! | `invited_until` | until when an invitation is good; null when there is none |
//! | `devices` | the remembered devices |
//! | `last_login` | when a code was last accepted at a login, or null |
//! | `problem` | why the record cannot be used, or null; with a text the other keys say nothing |
//! | `note` | what the administrator should know of a record that can be used, or null |

use serde::Serialize;

use super::rfc3339;
use tfa_proto::Status;

/// A [`Status`] in the words of JSON.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    user: &'a str,
    uid: Option<u32>,
    state: &'a str,
    authenticators: &'a [String],
    offer_pending: bool,
    backup_codes_left: u32,
    failures: u32,
    locked_until: Option<String>,
    locked_for_good: bool,
    console_failures: u32,
    console_locked_until: Option<String>,
    console_locked_for_good: bool,
    own_failures: u32,
    own_locked_until: Option<String>,
    own_locked_for_good: bool,
    wrong_codes: u32,
    last_wrong_code: Option<String>,
    last_wrong_code_from: Option<&'a str>,
    required: Option<bool>,
    grace_until: Option<String>,
    invited_until: Option<String>,
    devices: &'a [String],
    last_login: Option<String>,
    problem: Option<&'a str>,
    note: Option<&'a str>,
}

impl<'a> From<&'a Status> for Report<'a> {
    fn from(status: &'a Status) -> Self {
        Self {
            user: &status.user,
            uid: status.uid,
            state: &status.state,
            authenticators: &status.authenticators,
            offer_pending: status.offer_pending,
            backup_codes_left: status.backup_codes_left,
            failures: status.failures,
            locked_until: status.locked_until.map(rfc3339),
            locked_for_good: status.locked_for_good,
            console_failures: status.console_failures,
            console_locked_until: status.console_locked_until.map(rfc3339),
            console_locked_for_good: status.console_locked_for_good,
            own_failures: status.own_failures,
            own_locked_until: status.own_locked_until.map(rfc3339),
            own_locked_for_good: status.own_locked_for_good,
            wrong_codes: status.wrong_codes,
            last_wrong_code: status.last_wrong_code.map(rfc3339),
            last_wrong_code_from: status.last_wrong_code_from.as_deref(),
            required: (!status.policy_unknown).then_some(status.required),
            grace_until: status.grace_until.map(rfc3339),
            invited_until: status.invited_until.map(rfc3339),
            devices: &status.devices,
            last_login: status.last_login.map(rfc3339),
            problem: status.problem.as_deref(),
            note: status.note.as_deref(),
        }
    }
}
