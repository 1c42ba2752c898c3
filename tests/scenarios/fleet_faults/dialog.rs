//! Logins without PAM: what the module asks, and what the daemon of a member answers.

use std::path::Path;
use std::time::Duration;

use tfa_fleet_history::{Code, Op, Outcome};
use tfa_proto::{Context, LineKind, Next, Phase, Turn, Verdict};
use tfa_wire::{Endpoints, LoginClient};

use super::cluster::Host;
use super::log::Log;

/// As long as the module waits.
const LOGIN_TIME: Duration = Duration::from_secs(15);

/// What a user types in a login.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'t> {
    pub(crate) user: &'t str,
    /// `None`: a wrong code.
    pub(crate) code: Option<Code>,
    pub(crate) typed: &'t str,
}

impl Attempt<'_> {
    pub(crate) fn op(self, host: &str) -> Op {
        Op::Login {
            user: self.user.to_owned(),
            host: host.to_owned(),
            code: self.code,
        }
    }
}

/// A login from a place of this number.
pub(crate) fn log_in(host: &Host, attempt: Attempt<'_>, log: &Log, from: u64) -> Outcome {
    log.call(attempt.op(host.name), || {
        let (mut client, turn) = match begin(host, attempt.user, &context(from)) {
            Ok(begun) => begun,
            Err(error) => return error,
        };
        if !matches!(turn.next, Next::Ask(_)) {
            return outcome(&turn);
        }
        match client.answer(attempt.typed) {
            Ok(turn) => outcome(&turn),
            Err(error) => Outcome::Unknown(format!("answer: {error:?}")),
        }
    })
}

/// Begins a dialog.
pub(crate) fn begin(
    host: &Host,
    user: &str,
    context: &Context,
) -> Result<(LoginClient, Turn), Outcome> {
    let socket = host.machine.path_on_host("/run/tfa/login");
    let endpoints = Endpoints {
        daemon: &socket,
        bus: Path::new("/nonexistent"),
    };
    LoginClient::begin(endpoints, LOGIN_TIME, user, context)
        .map_err(|error| Outcome::Unknown(format!("begin: {error:?}")))
}

/// The auth phase of a login over SSH. Each login is from another place: no place becomes known.
fn context(from: u64) -> Context {
    let [_, _, _, _, _, second, third, fourth] = from.to_be_bytes();
    Context {
        service: "sshd".to_owned(),
        rhost: format!("100.{second}.{third}.{fourth}"),
        tty: "ssh".to_owned(),
        password_given: true,
        ..Context::default()
    }
}

/// Its account phase, for a user who was not asked for a code.
pub(crate) fn account_phase(from: u64) -> Context {
    Context {
        phase: Phase::Account,
        auth_result: Some(Verdict::NotRequired),
        ..context(from)
    }
}

/// What a turn says of the code.
pub(crate) fn outcome(turn: &Turn) -> Outcome {
    let text: Vec<_> = turn.lines.iter().map(|line| line.text.as_str()).collect();
    let text = text.join(" ");
    let is_failure = turn.lines.iter().any(|line| line.kind == LineKind::Failure);
    match &turn.next {
        Next::Verdict(verdict) if verdict.is_verified() => Outcome::Let,
        Next::Verdict(Verdict::NotRequired | Verdict::MustEnroll) => Outcome::Open,
        Next::Verdict(Verdict::Locked) => Outcome::Locked(seconds(&text)),
        _ if text.contains("Too many wrong codes") => Outcome::Locked(seconds(&text)),
        _ if text.contains("already used") => Outcome::Used,
        _ if is_failure => Outcome::Wrong,
        next => Outcome::Unknown(format!("{next:?} {text}")),
    }
}

/// How long a lock lasts at least. Minutes are rounded up in the text.
pub(crate) fn seconds(text: &str) -> u64 {
    let words: Vec<_> = text.split([' ', '.']).collect();
    let number = |unit: &str| {
        let unit = words.iter().position(|word| word.starts_with(unit))?;
        words.get(unit.checked_sub(1)?)?.parse::<u64>().ok()
    };
    let minutes = number("minute").map(|minutes| 60 * minutes.saturating_sub(1));
    number("second").or(minutes).unwrap_or(0)
}
