//! A login with the client of the module, without PAM: connect, Begin, Answer, close.

use std::path::PathBuf;
use std::time::Duration;

use tfa_proto::Verdict;
use tfa_proto::{Context, LOGIN_SOCKET, Next, SYSTEM_BUS_SOCKET, Turn};
use tfa_wire::{Endpoints, LoginClient, LoginError};

use crate::layout;
use crate::user::User;
use tfa_tests::Machine;

/// The time limit of one login.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a daemon is reached.
pub(crate) struct Daemon {
    login: PathBuf,
    bus: PathBuf,
}

impl Daemon {
    /// That of the machine in which this runs.
    pub(crate) fn here() -> Self {
        Self {
            login: PathBuf::from(LOGIN_SOCKET),
            bus: PathBuf::from(SYSTEM_BUS_SOCKET),
        }
    }

    /// That of a machine, for a program outside of it.
    pub(crate) fn of(machine: &Machine) -> Self {
        Self {
            login: machine.path_on_host(LOGIN_SOCKET),
            bus: machine.path_on_host(SYSTEM_BUS_SOCKET),
        }
    }
}

/// Logs in. Panics if the login is not verified.
pub(crate) fn log_in(user: User, code: &str) {
    log_in_at(&Daemon::here(), user, code);
}

/// Logs in at a daemon.
pub(crate) fn log_in_at(daemon: &Daemon, user: User, code: &str) {
    expect_verified(user, give_code(daemon, user, code));
}

/// Panics if a login is not verified.
fn expect_verified(user: User, turn: Turn) {
    let by_code = [Verdict::VerifiedByTotp, Verdict::VerifiedByBackupCode];
    if !by_code.map(Next::Verdict).contains(&turn.next) {
        panic!("the login of {} is not verified: {turn:?}", user.name());
    }
}

/// Returns the turn that follows a code.
pub(crate) fn give_code(daemon: &Daemon, user: User, code: &str) -> Turn {
    let (mut client, turn) = begin(daemon, user, &context());
    if !matches!(turn.next, Next::Ask(_)) {
        panic!(
            "the daemon does not ask {} for a code: {turn:?}",
            user.name()
        );
    }
    expect_ok(client.answer(code))
}

/// Begins a dialog at a daemon.
pub(crate) fn begin(daemon: &Daemon, user: User, context: &Context) -> (LoginClient, Turn) {
    let endpoints = Endpoints {
        daemon: &daemon.login,
        bus: &daemon.bus,
    };
    expect_ok(LoginClient::begin(
        endpoints,
        TIMEOUT,
        &user.name(),
        context,
    ))
}

/// The context of these logins.
pub(crate) fn context() -> Context {
    Context {
        service: layout::LOAD_SERVICE.to_owned(),
        rhost: "192.0.2.7".to_owned(),
        tty: "ssh".to_owned(),
        ..Context::default()
    }
}

/// Answers, and panics if the login is not verified then.
pub(crate) fn answer(client: &mut LoginClient, user: User, code: &str) {
    expect_verified(user, expect_ok(client.answer(code)));
}

fn expect_ok<T>(result: Result<T, LoginError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a login failed: {error:?}"),
    }
}
