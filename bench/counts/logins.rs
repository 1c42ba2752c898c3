//! What a user does at the daemon.

use tfa_proto::{Next, Verdict};

use crate::inside::client;
use crate::phone;
use crate::user::User;

/// The current code. It is valid for at least 30 seconds.
pub(super) fn current_code(user: User) -> String {
    phone::code(user, phone::current_step())
}

/// A login with both phases: the verdict of the auth phase covers the account phase.
pub(super) fn log_in(user: User) {
    expect_verified(user, &current_code(user));
}

/// One more login of a user who has logged in, with the code of the next step.
pub(super) fn log_in_again(user: User) {
    expect_verified(user, &phone::code(user, phone::current_step() + 1));
}

fn expect_verified(user: User, code: &str) {
    let turn = client::give_code(&client::Daemon::here(), user, code);
    let verified = Next::Verdict(Verdict::VerifiedByTotp);
    assert!(turn.next == verified && turn.covers_account, "{turn:?}");
}

/// Connections of all these users at once, after which as many threads of the daemon wait. A login
/// then starts no thread.
pub(super) fn connect_at_once(users: impl Iterator<Item = User>) {
    let open: Vec<_> = users
        .map(|user| client::begin(&client::Daemon::here(), user, &client::context()))
        .collect();
    drop(open);
}

/// A wrong code, after which the client closes the connection.
pub(super) fn try_wrong_code(user: User) {
    let turn = client::give_code(&client::Daemon::here(), user, &phone::wrong_code(user));
    assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
}
