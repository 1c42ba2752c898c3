//! A login as the module makes it, but for PAM: one connection, Begin, Answer, the end.

use std::path::Path;
use std::time::Duration;

use tfa_bus::{Context, LoginClient, LoginError, Next, SYSTEM_BUS_SOCKET, Verdict};

use crate::person::Person;

/// How long a login may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Logs in. Whatever is not a yes ends the run.
pub(crate) fn log_in(person: Person, code: &str) {
    let context = Context {
        service: "bench-load".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        tty: "ssh".to_owned(),
        ..Context::default()
    };
    let bus = Path::new(SYSTEM_BUS_SOCKET);
    let name = person.name();
    let (mut client, turn) = understood(LoginClient::begin(bus, LIMIT, &name, &context));
    if !matches!(turn.next, Next::Ask(_)) {
        panic!("{} was asked for no code: {turn:?}", person.name());
    }
    let turn = understood(client.answer(code));
    if turn.next != Next::Verdict(Verdict::Verified) {
        panic!("{} was not let in under load: {turn:?}", person.name());
    }
}

fn understood<T>(result: Result<T, LoginError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a login under load failed: {error:?}"),
    }
}
