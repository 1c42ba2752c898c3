//! Texts about the state of an account that both commands show.

use tfa_proto::{Authenticator, AuthenticatorKind, State, Status};
use tfa_text::time::date_time;

/// The list of authenticators, for the help of both commands.
pub const AUTHENTICATORS_HELP: &str = "\
KIND is totp (codes by time), hotp (codes by a counter) or security-key (an SSH
key in hardware). A hyphen stands for an unknown time, or for no use yet.
The JSON output is an array of objects: id, kind, name, created, last_accepted
(times in RFC 3339 format, in UTC, or null), fingerprint (that of a security
key, as ssh-keygen -l shows it, else null) and weak (the key was imported and is
shorter than 128 bits).";

/// Two-factor login is off for the whole host.
pub const OFF_FOR_ALL: &str = "Two-factor login is off for the whole host: nothing is enforced.";

/// The keys of [`StatusJson`](crate::StatusJson), for the help of both commands.
pub const STATUS_JSON_HELP: &str = "\
Keys of the JSON output, which do not change (see tfa-enroll(1)):
  user, uid                the login name and its number; the number is null for
                           a user who does not exist on this host
  state                    none, pending, enabled or paused; empty if there is a
                           problem
  authenticators           an array of objects: id, kind (totp, hotp or
                           security-key), name, created and last_accepted (times
                           or null), fingerprint (of a security key, or null),
                           weak (an imported key shorter than 128 bits)
  pending_authenticator    a new authenticator waits for its first correct code,
                           or for its first SSH login
  pending_kind             which kind waits, or null
  backup_codes_left        the number of unused backup codes
  failures                 consecutive wrong codes in remote logins from unknown
                           places: all but the known_origins
  locked_until             the end of the lock for these logins, or null
  permanently_locked       only the administrator can remove that lock
  known_origins            the number of SSH keys and addresses from which the
                           user has logged in with a code within 30 days
  locked_known_origins     how many of them are locked after wrong codes, or
                           count as unknown places
  session_failures, session_locked_until, session_permanently_locked
                           the same for sudo, su and polkit
  console_failures, console_locked_until, console_permanently_locked
                           the same for logins at the console
  own_failures, own_locked_until, own_permanently_locked
                           the same for programs that run as the user
  member_locks             an array of the locks at members of a fleet: host and
                           scope (sessions, console or own-programs), or null;
                           failures, locked_until (null: it has no fixed end,
                           see tfad(8)), all_others (of the members without
                           counters of their own)
  wrong_codes              wrong codes that no login has reported yet
  last_wrong_code, last_wrong_code_from
                           when and from where the last of them came, or null
  failed_attempts          why the last attempts failed (tfactl show only): an
                           array of objects: reason, service, from, last, count,
                           drift_seconds and locked_until (see tfactl(8))
  required                 the policy requires two-factor login; null if the
                           policy cannot be read
  off                      two-factor login is off for the whole host, so no
                           user is asked for a code; null as above
  grace_until              the end of the grace period, or null
  invited_until            the end of the validity of an invitation, or null
  exempt_until, exempt_reason
                           the end of an exemption by the administrator, and
                           the reason for it, or null
  devices                  an array of remembered devices: id, kind (key or
                           address), mark, key_type, first_used, last_used,
                           until, current (always false here)
  bound_codes              an array of the sets of codes that are bound to hosts
                           of a fleet: host, left, made, confirmed (the host
                           uses the set)
  last_login               the time of the last login with a code or a security
                           key, or null
  problem                  why the record cannot be used, or null
  note                     a note about the record, or null
Times are in RFC 3339 format, in UTC.";

/// The state of an account whose record can be used; `None` where it cannot.
#[must_use]
pub fn state_text(status: &Status) -> Option<&str> {
    let state = status.state.as_ref().filter(|_| status.problem.is_none())?;
    Some(match state.known() {
        Some(State::Enabled) => "on",
        Some(State::Paused) if status.required => {
            "paused, but logins ask for codes: it is required"
        }
        Some(State::Paused) => "paused, logins do not ask for codes",
        Some(State::Pending) if waits_for_key(status) => {
            "unfinished, the security key waits for its first SSH login"
        }
        Some(State::Pending) => "unfinished, logins do not ask for codes",
        Some(State::None) => "off",
        None => state.name(),
    })
}

/// The state of an account whose record cannot be used.
pub const UNUSABLE: &str = "unusable, logins are refused";

/// Whether a security key waits for its first login.
#[must_use]
pub fn waits_for_key(status: &Status) -> bool {
    let kind = status.pending_kind.as_ref();
    kind.is_some_and(|kind| *kind == AuthenticatorKind::SecurityKey)
}

/// The kind of an authenticator, in words.
#[must_use]
pub fn kind_text(authenticator: &Authenticator) -> &str {
    match authenticator.kind.known() {
        Some(AuthenticatorKind::Totp) => "time-based",
        Some(AuthenticatorKind::Hotp) => "counter-based",
        Some(AuthenticatorKind::SecurityKey) => "security key",
        None => authenticator.kind.name(),
    }
}

/// The authenticators in plain columns, the name last, because it may contain spaces.
#[must_use]
pub fn authenticator_list(all: &[Authenticator]) -> String {
    let kinds = all.iter().map(|one| one.kind.name().len());
    let width = kinds.max().unwrap_or(0).max(4);
    let head = format!(
        "{:<4}  {:<width$}  {:<10}  {:<16}  NAME",
        "ID", "KIND", "ADDED", "LAST-USED"
    );
    let rows = all.iter().map(|one| {
        let unknown = || "-".to_owned();
        let day = |at| {
            date_time(at)
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        format!(
            "{:<4}  {:<width$}  {:<10}  {:<16}  {}",
            one.id,
            one.kind.name(),
            one.created.map_or_else(unknown, day),
            one.last_accepted
                .map_or_else(unknown, |at| date_time(at).replace(' ', "T")),
            one.name
        )
    });
    let lines: Vec<_> = std::iter::once(head).chain(rows).collect();
    lines.join("\n")
}
