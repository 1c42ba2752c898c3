//! What people do at the daemon.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_proto::{Context, Next, Phase, Verdict};

use crate::inside::client;
use crate::person::Person;
use crate::phone;

/// The code of this moment, which is good for half a minute at least.
pub(super) fn current_code(person: Person) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    phone::code(person, now.as_secs() / 30)
}

/// A login, both phases of it.
pub(super) fn log_in(person: Person) {
    client::log_in(person, &current_code(person));
    let context = Context {
        phase: Phase::Account,
        auth_result: Some(Verdict::Verified),
        ..client::context()
    };
    let (_, turn) = client::begun(person, &context);
    assert_eq!(turn.next, Next::Verdict(Verdict::Verified), "{turn:?}");
}

/// A wrong code, and away.
pub(super) fn be_refused(person: Person) {
    let turn = client::answered(person, &phone::wrong_code(person));
    assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
}
