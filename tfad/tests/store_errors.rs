//! An error of the store refuses the login that needs the store, and no other.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod alice;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use tfa_core::{Account, Authenticator, BackupSet, Input, Parameters, Secret, Time};
use tfa_proto::{Context, Next, Turn, Verdict};
use tfa_store::{ByUid, Commit, Move, Page, Record, Revision, Store, StoreError};
use tfa_testkit::MemoryStore;
use tfad::account::{self, Accounts};
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::host::users::User;
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, LoginService as _, Logins};
use tfad::state::DaemonState;
use totp_rs::Builder;

use alice::{Names, alice};

const KEY: &[u8] = b"12345678901234567890";
const OPTIONAL: &str = "[policy]\nmode = \"optional\"\n";
const REQUIRED_SOON: &str = "[policy]\nmode = \"required\"\ngrace = \"7d\"\n";
const OFF: &str = "[policy]\nmode = \"off\"\n";

/// A store whose calls fail while a test wants it.
#[derive(Default)]
struct FailingStore {
    store: MemoryStore,
    /// The names whose records cannot be loaded.
    unreadable: Mutex<Vec<&'static str>>,
    find_fails: AtomicBool,
    changes_fail: AtomicBool,
    does_not_answer: AtomicBool,
}

fn check(fails: bool) -> Result<(), StoreError> {
    if fails {
        let why = "a test wants it".to_owned();
        return Err(StoreError::DatabaseDamaged { why });
    }
    Ok(())
}

impl Store for FailingStore {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        let unreadable = self.unreadable.lock().unwrap();
        check(unreadable.contains(&user))?;
        if self.does_not_answer.load(Ordering::SeqCst) {
            let why = "tfa-fleet does not run".to_owned();
            return Err(StoreError::Unavailable { why });
        }
        self.store.load(user)
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        check(self.find_fails.load(Ordering::SeqCst))?;
        self.store.find(uid)
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        check(self.changes_fail.load(Ordering::SeqCst))?;
        self.store.commit(user, uid, record, expected)
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        check(self.changes_fail.load(Ordering::SeqCst))?;
        self.store.rename(moves)
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        check(self.changes_fail.load(Ordering::SeqCst))?;
        self.store.remove(user, expected)
    }

    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        self.store.list(after, limit)
    }

    fn names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), StoreError> {
        self.store.names(after, limit)
    }
}

/// A host with the accounts of a store that can fail.
struct Host {
    store: Arc<FailingStore>,
    accounts: Arc<Accounts>,
    logins: Logins,
}

impl Host {
    fn new(policy: &str) -> Self {
        let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
        let store = Arc::new(FailingStore::default());
        let accounts = Accounts::new(Arc::clone(&store) as _).with_names(Arc::new(Names));
        let accounts = Arc::new(accounts);
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let state = DaemonState::new(journal, PathBuf::new(), config, None);
        let logins = Logins::new(Arc::new(state), Arc::clone(&accounts));
        Self {
            store,
            accounts,
            logins,
        }
    }

    /// A host on which alice has enrolled.
    fn with_alice() -> Self {
        let host = Self::new(OPTIONAL);
        host.accounts.change(&alice(), enroll).unwrap();
        host
    }

    fn begin(&self) -> Result<(u32, Turn), Error> {
        let context = Context {
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            ..Context::default()
        };
        self.logins.begin(&root(), "alice", Ok(context))
    }

    /// Begins a login that must be asked for a code, and returns the number of the dialog.
    fn begin_and_be_asked(&self) -> u32 {
        let (dialog, turn) = self.begin().unwrap();
        assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
        dialog
    }

    fn answer(&self, dialog: u32, code: &str) -> Result<Turn, Error> {
        self.logins.answer(&root().name, dialog, code)
    }
}

fn root() -> Caller {
    Caller {
        name: ":1.7".to_owned(),
        uid: 0,
        pid: None,
        host: None,
    }
}

fn backup_codes() -> &'static (BackupSet, String) {
    // Ten Argon2id hashes, which are slow to create.
    static CODES: LazyLock<(BackupSet, String)> = LazyLock::new(|| {
        let (set, codes) = BackupSet::draw(|bytes| bytes.fill(7)).unwrap();
        let code = codes.first().unwrap().to_printed();
        (set, code)
    });
    &CODES
}

/// Enrolls with the first code of RFC 6238, appendix B, truncated to six digits.
fn enroll(account: &mut Account) {
    let secret = Secret::new(KEY).unwrap();
    let phone = Authenticator::totp("phone", Parameters::default(), secret);
    let earlier = Time::from_secs(59);
    account.set_up(phone, earlier).unwrap();
    let (codes, _) = backup_codes();
    account
        .confirm(&Input::parse("287082"), Some(codes.clone()), earlier)
        .unwrap();
}

/// The current code of alice.
fn current_code() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Builder::new()
        .with_secret(KEY)
        .build_noncompliant()
        .generate(now.as_secs())
        .to_string()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(login: Result<T, Error>) {
    match login {
        Err(Error::Account(account::Error::Store(_))) => {}
        other => panic!("not refused by the error of the store: {other:?}"),
    }
}

#[test]
fn store_that_does_not_answer_says_of_no_name_that_it_is_unknown() {
    let host = Host::with_alice();
    let unknown = host.accounts.user("carol");
    assert!(
        matches!(unknown, Err(account::Error::UnknownUser(_))),
        "{unknown:?}"
    );
    host.store.does_not_answer.store(true, Ordering::SeqCst);
    assert_refused(host.accounts.user("carol").map_err(Error::Account));
    assert_eq!(host.accounts.user("alice").unwrap().name, "alice");
}

#[test]
fn a_record_that_cannot_be_loaded_refuses_the_login() {
    let host = Host::with_alice();
    host.store.unreadable.lock().unwrap().push("alice");
    assert_refused(host.begin());
    host.store.unreadable.lock().unwrap().clear();
    host.begin_and_be_asked();
}

#[test]
fn a_uid_that_cannot_be_found_refuses_the_login() {
    // Without a record under the name, only the index shows that there is none for the uid.
    let host = Host::new(OPTIONAL);
    host.store.find_fails.store(true, Ordering::SeqCst);
    assert_refused(host.begin());
    host.store.find_fails.store(false, Ordering::SeqCst);
    let (_, turn) = host.begin().unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::NotRequired));
}

#[test]
fn an_alias_whose_record_cannot_be_loaded_refuses_the_login() {
    let host = Host::with_alice();
    let user = User {
        aliases: vec!["ALICE".to_owned()],
        ..alice()
    };
    assert!(host.accounts.load(&user).unwrap().is_some());
    host.store.unreadable.lock().unwrap().push("ALICE");
    let loaded = host.accounts.load(&user);
    assert!(matches!(loaded, Err(account::Error::Store(_))));
}

#[test]
fn an_unreadable_record_is_not_taken_for_an_absent_one() {
    let host = Host::new(OPTIONAL);
    let mut account = Account::new(1000);
    enroll(&mut account);
    let stored = host
        .store
        .commit("former", 1000, &account.encode(), Revision::NONE);
    assert!(matches!(stored, Ok(Commit::Committed(_))));
    assert!(host.accounts.has_none("alice"));
    host.store.unreadable.lock().unwrap().push("alice");
    assert!(!host.accounts.has_none("alice"));
    // The record that cannot be read is in the way of one that would get its name.
    let pair = [("former".to_owned(), "alice".to_owned())];
    let refused = host.accounts.rename(&pair, &HashMap::new(), false);
    assert!(
        matches!(refused, Err(account::Error::InTheWay(_))),
        "{refused:?}"
    );
}

#[test]
fn a_login_under_mode_off_does_not_depend_on_the_store() {
    let host = Host::new(OFF);
    host.store.unreadable.lock().unwrap().push("alice");
    host.store.find_fails.store(true, Ordering::SeqCst);
    let (_, turn) = host.begin().unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::NotRequired));
}

#[test]
fn a_first_login_that_cannot_be_stored_gets_no_grace() {
    let host = Host::new(REQUIRED_SOON);
    host.store.changes_fail.store(true, Ordering::SeqCst);
    assert_refused(host.begin());
    host.store.changes_fail.store(false, Ordering::SeqCst);
    host.begin().unwrap();
    let account = host.accounts.load(&alice()).unwrap().unwrap();
    assert!(account.first_required().is_some());
}

#[test]
fn a_correct_code_that_cannot_be_marked_as_used_is_refused() {
    let host = Host::with_alice();
    let (_, backup_code) = backup_codes();
    for code in [&current_code(), backup_code] {
        let dialog = host.begin_and_be_asked();
        host.store.changes_fail.store(true, Ordering::SeqCst);
        assert_refused(host.answer(dialog, code));
        // The dialog is over.
        let again = host.answer(dialog, code);
        assert!(matches!(again, Err(Error::NoSuchDialog)), "{again:?}");
        host.store.changes_fail.store(false, Ordering::SeqCst);
        let dialog = host.begin_and_be_asked();
        let turn = host.answer(dialog, code).unwrap();
        let is_verified = matches!(turn.next, Next::Verdict(verdict) if verdict.is_verified());
        assert!(is_verified, "{turn:?}");
    }
}

#[test]
fn a_code_is_refused_if_its_record_cannot_be_loaded_again() {
    let host = Host::with_alice();
    let dialog = host.begin_and_be_asked();
    // Another login changed the record, so that the commit conflicts.
    let other = |account: &mut Account| account.require(Time::from_secs(1));
    host.accounts.change(&alice(), other).unwrap();
    host.store.unreadable.lock().unwrap().push("alice");
    assert_refused(host.answer(dialog, &current_code()));
}

#[test]
fn a_wrong_code_that_cannot_be_counted_ends_the_dialog() {
    let host = Host::with_alice();
    let dialog = host.begin_and_be_asked();
    host.store.changes_fail.store(true, Ordering::SeqCst);
    assert_refused(host.answer(dialog, "000000"));
    let again = host.answer(dialog, "000000");
    assert!(matches!(again, Err(Error::NoSuchDialog)), "{again:?}");
}
