//! What a user does at the daemon.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_proto::{Context, Next, Phase, Verdict};

use crate::inside::client;
use crate::phone;
use crate::user::User;

/// The current code. It is valid for at least 30 seconds.
pub(super) fn current_code(user: User) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    phone::code(user, now.as_secs() / 30)
}

/// A login with both phases.
pub(super) fn log_in(user: User) {
    client::log_in(user, &current_code(user));
    let context = Context {
        phase: Phase::Account,
        auth_result: Some(Verdict::VerifiedByTotp),
        ..client::context()
    };
    let (_, turn) = client::begin(user, &context);
    assert_eq!(
        turn.next,
        Next::Verdict(Verdict::VerifiedByTotp),
        "{turn:?}"
    );
}

/// A wrong code, after which the client closes the connection.
pub(super) fn try_wrong_code(user: User) {
    let turn = client::give_code(user, &phone::wrong_code(user));
    assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
}
