//! The state of an account as JSON: `tfa-enroll status --json`, `tfactl show --json`, and, in an
//! array, `tfactl list --json`.
//!
//! The keys are stable: keys may be added, and existing keys do not change. Times are in RFC 3339
//! format, in UTC, or null.
//!
//! | key | value |
//! | --- | --- |
//! | `user` | the login name |
//! | `uid` | the uid of the record, or else of the user; null where the user does not exist on this host |
//! | `state` | `none` (not enrolled), `pending` (enrollment started, no code entered), `enabled`, `paused`; empty where there is a `problem` |
//! | `authenticators` | their names |
//! | `pending_authenticator` | whether a new authenticator waits for its first correct code |
//! | `backup_codes_left` | the number of unused backup codes |
//! | `failures` | consecutive wrong codes in remote logins |
//! | `locked_until` | the end of the lock for remote logins, or null |
//! | `permanently_locked` | whether the lock for remote logins has no end |
//! | `console_failures`, `console_locked_until`, `console_permanently_locked` | the same at the console |
//! | `own_failures`, `own_locked_until`, `own_permanently_locked` | the same for programs that run as the user |
//! | `wrong_codes` | wrong codes that no login has reported yet |
//! | `last_wrong_code` | the time of the last of them, or null |
//! | `last_wrong_code_from` | its remote host, its terminal, or the PAM service if neither is known; empty for a program that runs as the user; or null |
//! | `required` | whether the policy requires a second factor; null if the policy cannot be read |
//! | `grace_until` | the end of the grace period, or null |
//! | `invited_until` | the end of the validity of an invitation, or null |
//! | `devices` | reserved; always an empty array |
//! | `last_login` | the time of the last login with a code, or null |
//! | `problem` | why the record cannot be used, or null; if it is set, the other keys are not valid |
//! | `note` | a note for the administrator about a record that can be used, or null |

use serde::Serialize;

use tfa_proto::{OpenEnum, Status};
use tfa_text::time::rfc3339;

/// A [`Status`] as JSON.
#[derive(Debug, Serialize)]
pub struct StatusJson<'a> {
    user: &'a str,
    uid: Option<u32>,
    state: &'a str,
    authenticators: &'a [String],
    pending_authenticator: bool,
    backup_codes_left: u32,
    failures: u32,
    locked_until: Option<String>,
    permanently_locked: bool,
    console_failures: u32,
    console_locked_until: Option<String>,
    console_permanently_locked: bool,
    own_failures: u32,
    own_locked_until: Option<String>,
    own_permanently_locked: bool,
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

impl<'a> From<&'a Status> for StatusJson<'a> {
    fn from(status: &'a Status) -> Self {
        Self {
            user: &status.user,
            uid: status.uid,
            state: status.state.as_ref().map_or("", OpenEnum::name),
            authenticators: &status.authenticators,
            pending_authenticator: status.pending_authenticator,
            backup_codes_left: status.backup_codes_left,
            failures: status.failures,
            locked_until: status.locked_until.map(rfc3339),
            permanently_locked: status.permanently_locked,
            console_failures: status.console_failures,
            console_locked_until: status.console_locked_until.map(rfc3339),
            console_permanently_locked: status.console_permanently_locked,
            own_failures: status.own_failures,
            own_locked_until: status.own_locked_until.map(rfc3339),
            own_permanently_locked: status.own_permanently_locked,
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
