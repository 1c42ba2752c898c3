//! A login as the module makes it, but for PAM: one connection, Begin, Answer, the end.

use std::path::Path;
use std::time::Duration;

use tfa_proto::Verdict;
use tfa_proto::{Context, LOGIN_SOCKET, Next, SYSTEM_BUS_SOCKET, Turn};
use tfa_wire::{Endpoints, LoginClient, LoginError};

use crate::person::Person;

/// How long a login may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Logs in. Whatever is not a yes ends the run.
pub(crate) fn log_in(person: Person, code: &str) {
    let turn = answered(person, code);
    if turn.next != Next::Verdict(Verdict::Verified) {
        panic!("{} was not let in: {turn:?}", person.name());
    }
}

/// What is said to a code.
pub(crate) fn answered(person: Person, code: &str) -> Turn {
    let (mut client, turn) = begun(person, &context());
    if !matches!(turn.next, Next::Ask(_)) {
        panic!("{} was asked for no code: {turn:?}", person.name());
    }
    understood(client.answer(code))
}

/// A dialog, begun.
pub(crate) fn begun(person: Person, context: &Context) -> (LoginClient, Turn) {
    let endpoints = Endpoints {
        daemon: Path::new(LOGIN_SOCKET),
        bus: Path::new(SYSTEM_BUS_SOCKET),
    };
    understood(LoginClient::begin(
        endpoints,
        LIMIT,
        &person.name(),
        context,
    ))
}

/// What PAM knows about these logins.
pub(crate) fn context() -> Context {
    Context {
        service: "bench-load".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        tty: "ssh".to_owned(),
        ..Context::default()
    }
}

fn understood<T>(result: Result<T, LoginError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a login failed: {error:?}"),
    }
}
