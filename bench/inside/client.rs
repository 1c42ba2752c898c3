//! A login with the client of the module, without PAM: connect, Begin, Answer, close.

use std::path::Path;
use std::time::Duration;

use tfa_proto::Verdict;
use tfa_proto::{Context, LOGIN_SOCKET, Next, SYSTEM_BUS_SOCKET, Turn};
use tfa_wire::{Endpoints, LoginClient, LoginError};

use crate::user::User;

/// The time limit of one login.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Logs in. Panics if the login is not verified.
pub(crate) fn log_in(user: User, code: &str) {
    let turn = give_code(user, code);
    let by_code = [Verdict::VerifiedByTotp, Verdict::VerifiedByBackupCode];
    if !by_code.map(Next::Verdict).contains(&turn.next) {
        panic!("the login of {} is not verified: {turn:?}", user.name());
    }
}

/// Returns the turn that follows a code.
pub(crate) fn give_code(user: User, code: &str) -> Turn {
    let (mut client, turn) = begin(user, &context());
    if !matches!(turn.next, Next::Ask(_)) {
        panic!(
            "the daemon does not ask {} for a code: {turn:?}",
            user.name()
        );
    }
    expect_ok(client.answer(code))
}

/// Begins a dialog.
pub(crate) fn begin(user: User, context: &Context) -> (LoginClient, Turn) {
    let endpoints = Endpoints {
        daemon: Path::new(LOGIN_SOCKET),
        bus: Path::new(SYSTEM_BUS_SOCKET),
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
        service: "bench-load".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        tty: "ssh".to_owned(),
        ..Context::default()
    }
}

fn expect_ok<T>(result: Result<T, LoginError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a login failed: {error:?}"),
    }
}
