//! What a program that is not root learns of other users.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use tfa_proto::Context;
use tfa_testkit::MemoryStore;
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, LoginService as _, Logins};
use tfad::state::DaemonState;

/// A user that exists on every system.
const USER: &str = "daemon";

fn begin(uid: u32, name: &str) -> (Result<(), Error>, usize) {
    let store = Arc::new(MemoryStore::new());
    let text = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), text)]).unwrap();
    let accounts = Arc::new(Accounts::new(Arc::clone(&store) as _));
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let state = DaemonState::new(journal, PathBuf::new(), config, None);
    let logins = Logins::new(Arc::new(state), accounts);
    let caller = Caller {
        name: ":1.7".to_owned(),
        uid,
        pid: None,
        host: None,
    };
    let begun = logins.begin(&caller, name, Ok(Context::default()));
    (begun.map(|_| ()), store.reads())
}

#[test]
fn a_refused_caller_has_no_record_read() {
    let user = nix::unistd::User::from_name(USER).unwrap().unwrap();
    let (begun, reads) = begin(12_345, USER);
    assert!(matches!(begun, Err(Error::NotOwnUser { .. })));
    assert_eq!(reads, 0);
    for uid in [0, user.uid.as_raw()] {
        let (begun, reads) = begin(uid, USER);
        assert!(begun.is_ok() && reads > 0, "{uid}");
    }
}

#[test]
fn an_unknown_user_is_refused_like_a_known_one() {
    let said = |name| format!("{:?}", begin(12_345, name).0);
    assert_eq!(said("no-such-user"), said(USER));
}
