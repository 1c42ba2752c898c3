//! Which record belongs to which user while the answers of the name service change.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use proptest::prelude::*;
use tfa_core::{
    Account, Authenticator, BackupSet, Credential, Input, Judgement, Parameters, Secret, State,
    ThrottleScope, Time,
};
use tfa_store::{ByUid, Sealed, SqliteStore, StateDir, Store};
use tfad::account::{Accounts, Error};
use tfad::host::users::{LookUpError, NameService, NameServiceFailed, User};

/// RFC 6238 appendix B, truncated to six digits.
const NOW: Time = Time::from_secs(1_111_111_109);
const CODE: &str = "081804";
const NO_CODE: &str = "123456";

/// A name service that a test changes.
#[derive(Default)]
struct Names {
    /// The users. Of several names of one uid the first is the canonical one.
    users: Vec<(String, u32)>,
    /// The separator between name and domain, if names have a domain.
    domain: Option<char>,
    /// Whether names are case-insensitive.
    folds: bool,
    /// The source of the users does not answer, so that unknown users are undetermined too.
    down: bool,
    /// The source of these uids disappeared without an error.
    hidden: Vec<u32>,
}

impl Names {
    fn spelled(&self, name: &str) -> String {
        self.domain
            .map_or_else(|| name.to_owned(), |sign| format!("CORP{sign}{name}"))
    }

    fn find(&self, is: impl Fn(&str, u32) -> bool) -> Result<Option<User>, NameServiceFailed> {
        let mut visible = self.users.iter();
        let found =
            visible.find(|(name, uid)| !self.hidden.contains(uid) && is(&self.spelled(name), *uid));
        match found {
            None if self.down => Err(NameServiceFailed("the directory is down".to_owned())),
            found => Ok(found.map(|(name, uid)| User {
                name: self.spelled(name),
                uid: *uid,
                aliases: Vec::new(),
            })),
        }
    }
}

#[derive(Default)]
struct Simulated(Mutex<Names>);

impl NameService for Simulated {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        let names = self.0.lock().unwrap();
        let folds = names.folds;
        names.find(|known, _| known == name || (folds && known.eq_ignore_ascii_case(name)))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        self.0.lock().unwrap().find(|_, known| known == uid)
    }
}

/// A host with a store and a name service.
struct Host {
    folder: PathBuf,
    store: Arc<Sealed<SqliteStore>>,
    names: Arc<Simulated>,
    accounts: Accounts,
}

impl Host {
    fn new(users: &[(&str, u32)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("tfad-identity-{}-{count}", std::process::id()));
        let state_dir = StateDir {
            path: folder.clone(),
            credentials: None,
        };
        let store = Arc::new(tfa_store::open(&state_dir, |_| None).unwrap().store);
        let names = Arc::new(Simulated::default());
        let accounts = Accounts::new(Arc::clone(&store) as _).with_names(Arc::clone(&names) as _);
        let host = Self {
            folder,
            store,
            names,
            accounts,
        };
        host.change(|names| {
            names.users = users
                .iter()
                .map(|(name, uid)| ((*name).to_owned(), *uid))
                .collect();
        });
        host
    }

    fn change(&self, change: impl FnOnce(&mut Names)) {
        change(&mut self.names.0.lock().unwrap());
    }

    fn user(&self, name: &str) -> Result<User, LookUpError> {
        self.names.look_up(name)
    }

    fn set_up(&self, name: &str) {
        let user = self.user(name).unwrap();
        self.accounts.change(&user, set_up).unwrap();
    }

    /// A login. Returns the account, or why there is none.
    fn login(&self, name: &str) -> Result<Option<Account>, Error> {
        self.accounts.load(&self.user(name)?)
    }

    fn state(&self, name: &str) -> State {
        let account = self.login(name).unwrap();
        account.map_or(State::None, |account| account.state())
    }

    fn types(&self, name: &str, code: &str) -> Judgement {
        let Input::Code(code) = Input::parse(code) else {
            panic!("the code has six digits")
        };
        let credential = Credential::Code(code);
        let judge = |account: &mut Account| account.judge(&credential, ThrottleScope::UNKNOWN, NOW);
        let user = self.user(name).unwrap();
        self.accounts.change(&user, judge).unwrap()
    }

    /// The names under which records are stored.
    fn stored(&self) -> Vec<String> {
        let listed = self.store.list("", 99).unwrap().records;
        listed.into_iter().map(|(name, _)| name).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn set_up(account: &mut Account) {
    let secret = Secret::new(b"12345678901234567890").unwrap();
    let phone = Authenticator::totp("phone", Parameters::default(), secret);
    // Ten Argon2id hashes, which are slow to create.
    static CODES: LazyLock<BackupSet> =
        LazyLock::new(|| BackupSet::draw(|bytes| bytes.fill(7)).unwrap().0);
    let codes = CODES.clone();
    let earlier = Time::from_secs(59);
    account.set_up(phone, earlier).unwrap();
    account
        .confirm(&Input::parse("287082"), Some(codes), earlier)
        .unwrap();
}

fn is_refused(login: Result<Option<Account>, Error>) -> bool {
    matches!(login, Err(Error::UidChanged(_)))
}

#[test]
fn a_renamed_user_keeps_the_record_and_a_right_code_moves_it() {
    let host = Host::new(&[("alice", 1000)]);
    host.set_up("alice");
    host.change(|names| names.users = vec![("alicia".to_owned(), 1000)]);
    assert_eq!(host.state("alicia"), State::Enabled);
    assert!(matches!(host.types("alicia", NO_CODE), Judgement::Wrong(_)));
    assert_eq!(host.stored(), ["alice"], "no code was verified");
    assert!(matches!(host.types("alicia", CODE), Judgement::Accepted(_)));
    assert_eq!(host.stored(), ["alicia"]);
    assert!(matches!(host.types("alicia", CODE), Judgement::AlreadyUsed));
}

#[test]
fn a_login_without_a_code_finds_the_record_and_does_not_move_it() {
    let host = Host::new(&[("alice", 1000)]);
    let first = Time::from_secs(1000);
    let user = host.user("alice").unwrap();
    let noted = |account: &mut Account| {
        account.require(first);
        account.forbid_grace();
    };
    host.accounts.change(&user, noted).unwrap();
    host.change(|names| names.domain = Some('\\'));
    let name = "CORP\\alice";
    let user = host.user(name).unwrap();
    let again = |account: &mut Account| account.require(NOW);
    host.accounts.change(&user, again).unwrap();
    let account = host.login(name).unwrap().unwrap();
    assert_eq!(account.first_required(), Some(first));
    assert!(account.has_no_grace());
    assert_eq!(host.stored(), ["alice"]);
}

#[test]
fn a_record_whose_name_has_another_uid_waits_for_an_administrator() {
    let host = Host::new(&[("alice", 1000)]);
    host.set_up("alice");
    // Alice has another uid, and bob has hers.
    host.change(|names| {
        names.users = vec![("alice".to_owned(), 2000), ("bob".to_owned(), 1000)];
    });
    assert!(is_refused(host.login("alice")));
    assert!(is_refused(host.login("bob")));
    // The directory that knew alice disappeared without an error. Bob is asked for her code.
    host.change(|names| names.hidden = vec![2000]);
    assert_eq!(host.state("bob"), State::Enabled);
    host.change(|names| {
        names.down = true;
    });
    assert!(matches!(host.login("bob"), Err(Error::NameService(_))));
}

/// The record of a removed enrollment limits an import, and nothing else.
#[test]
fn the_record_of_a_removed_enrollment_refuses_no_other_user() {
    let host = Host::new(&[("alice", 1000)]);
    host.set_up("alice");
    let user = host.user("alice").unwrap();
    let code = Input::parse(CODE);
    let Input::Code(code) = code else { panic!() };
    let removed = host.accounts.change(&user, |account| {
        account.remove(&Credential::Code(code.clone()), NOW)
    });
    removed.unwrap().unwrap();
    host.change(|names| {
        names.users = vec![("alice".to_owned(), 2000), ("bob".to_owned(), 1000)];
    });
    let alice = host.login("alice").unwrap().unwrap();
    assert_eq!((alice.uid(), alice.state()), (2000, State::None));
    assert!(alice.was_enrolled());
    assert!(host.login("bob").unwrap().is_none());
    host.set_up("alice");
    assert_eq!(host.state("alice"), State::Enabled);
    host.change(|names| names.users = vec![("alice".to_owned(), 2000)]);
    assert_eq!(host.state("alice"), State::Enabled);
}

#[test]
fn a_possible_owner_of_a_moved_record_is_known_without_grace() {
    let host = Host::new(&[("alice", 1000)]);
    host.set_up("alice");
    // The owner has another name, and a new user has the old name.
    host.change(|names| names.users = vec![("anna".to_owned(), 1000), ("alice".to_owned(), 1002)]);
    let alice = host.user("alice").unwrap();
    let other = host.accounts.other_owner("alice", &alice).unwrap();
    assert_eq!(other.unwrap().name, "anna");

    let itself = [("alice".to_owned(), "alice".to_owned())];
    host.accounts
        .rename(&itself, &HashMap::new(), false)
        .unwrap();
    assert_eq!(host.state("alice"), State::Enabled);
    assert!(host.login("anna").unwrap().unwrap().has_no_grace());
    let other = host.accounts.other_owner("alice", &alice).unwrap();
    assert_eq!(other, None);
}

#[test]
fn records_swapped_in_one_change_keep_their_grace() {
    let host = Host::new(&[("alice", 1000), ("bob", 1001)]);
    host.set_up("alice");
    host.set_up("bob");
    host.change(|names| names.users = vec![("alice".to_owned(), 1001), ("bob".to_owned(), 1000)]);
    let both = ["alice", "bob"].map(|name| (name.to_owned(), name.to_owned()));
    host.accounts.rename(&both, &HashMap::new(), false).unwrap();
    for name in ["alice", "bob"] {
        let account = host.login(name).unwrap().unwrap();
        assert_eq!(account.state(), State::Enabled);
        assert!(!account.has_no_grace());
    }
}

#[test]
fn a_name_that_became_an_alias_of_another_uid_is_refused() {
    let host = Host::new(&[("alice", 1000), ("bob", 1001)]);
    host.set_up("alice");
    host.change(|names| {
        names.users = vec![("bob".to_owned(), 1001), ("alice".to_owned(), 1001)];
    });
    assert_eq!(host.user("alice").unwrap().name, "bob");
    assert!(is_refused(host.login("alice")));
    assert_eq!(host.state("bob"), State::None);
}

#[test]
fn two_logins_of_one_uid_under_two_names_make_one_record() {
    let host = Host::new(&[("alice", 1000)]);
    let user = host.user("alice").unwrap();
    let renamed = User {
        name: "alicia".to_owned(),
        ..user.clone()
    };
    let note = |account: &mut Account| account.require(NOW);
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| host.accounts.change(&user, note));
        let other = host.accounts.change(&renamed, note);
        (one.join().unwrap(), other)
    });
    // The other name is unknown, so that it has the same record.
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(host.stored().len(), 1);
}

#[test]
fn a_former_name_finds_the_current_user_of_the_uid() {
    let host = Host::new(&[("alice", 1000)]);
    host.set_up("alice");
    host.change(|names| names.users = vec![("alicia".to_owned(), 1000)]);
    assert_eq!(host.accounts.user("alice").unwrap().name, "alicia");
    let unknown = host.accounts.user("bob");
    assert!(matches!(unknown, Err(Error::UnknownUser(_))));
    host.change(|names| names.users.clear());
    let unknown = host.accounts.user("alice");
    assert!(matches!(unknown, Err(Error::UnknownUser(_))));
}

/// A change of the answers of the name service, or a login.
#[derive(Debug, Clone)]
enum Event {
    Rename(usize, usize),
    Alias(usize, usize),
    Leave(usize),
    Join(usize, u32),
    OtherUid(usize, u32),
    Reorder,
    Spell(Option<char>),
    Fold(bool),
    Down(bool),
    Hide(u32),
    ShowAll,
    RightCode(usize),
    WrongCode(usize),
    Note(usize),
}

const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "Alice", "BOB"];
const UIDS: std::ops::Range<u32> = 1000..1005;

fn event() -> impl Strategy<Value = Event> {
    let (name, place) = (0..NAMES.len(), 0..8_usize);
    prop_oneof![
        (place.clone(), name.clone()).prop_map(|(who, name)| Event::Rename(who, name)),
        (place.clone(), name.clone()).prop_map(|(who, name)| Event::Alias(who, name)),
        place.clone().prop_map(Event::Leave),
        (name.clone(), UIDS).prop_map(|(name, uid)| Event::Join(name, uid)),
        (place, UIDS).prop_map(|(who, uid)| Event::OtherUid(who, uid)),
        Just(Event::Reorder),
        prop::sample::select(vec![None, Some('\\'), Some('+')]).prop_map(Event::Spell),
        any::<bool>().prop_map(Event::Fold),
        any::<bool>().prop_map(Event::Down),
        UIDS.prop_map(Event::Hide),
        Just(Event::ShowAll),
        name.clone().prop_map(Event::RightCode),
        name.clone().prop_map(Event::WrongCode),
        name.prop_map(Event::Note),
    ]
}

impl Names {
    fn take(&mut self, event: &Event) {
        let count = self.users.len();
        let is_free =
            |users: &[(String, u32)], name: &str| users.iter().all(|(one, _)| one != name);
        match *event {
            Event::Rename(who, name) if count > 0 && is_free(&self.users, NAMES[name]) => {
                NAMES[name].clone_into(&mut self.users[who % count].0);
            }
            Event::Alias(who, name) if count > 0 && is_free(&self.users, NAMES[name]) => {
                let uid = self.users[who % count].1;
                self.users.push((NAMES[name].to_owned(), uid));
            }
            Event::Leave(who) if count > 0 => drop(self.users.remove(who % count)),
            Event::Join(name, uid) if is_free(&self.users, NAMES[name]) => {
                self.users.push((NAMES[name].to_owned(), uid));
            }
            Event::OtherUid(who, uid) if count > 0 => self.users[who % count].1 = uid,
            Event::Reorder => self.users.reverse(),
            Event::Spell(domain) => self.domain = domain,
            Event::Fold(folds) => self.folds = folds,
            Event::Down(down) => self.down = down,
            Event::Hide(uid) => self.hidden.push(uid),
            Event::ShowAll => self.hidden.clear(),
            _ => {}
        }
    }
}

impl Host {
    fn happens(&self, event: &Event) {
        let name = match *event {
            Event::RightCode(name) | Event::WrongCode(name) | Event::Note(name) => NAMES[name],
            _ => return self.change(|names| names.take(event)),
        };
        let name = self.names.0.lock().unwrap().spelled(name);
        let Ok(user) = self.user(&name) else { return };
        let code = if matches!(event, Event::RightCode(_)) {
            CODE
        } else {
            NO_CODE
        };
        let Input::Code(code) = Input::parse(code) else {
            panic!("the code has six digits")
        };
        let credential = Credential::Code(code);
        let judge = |account: &mut Account| {
            if matches!(event, Event::Note(_)) {
                account.require(NOW);
            } else if account.state() == State::Enabled {
                let _: Judgement = account.judge(&credential, ThrottleScope::UNKNOWN, NOW);
            }
        };
        let _: Result<(), Error> = self.accounts.change(&user, judge);
    }

    /// A user with a record, under one of the names or by uid, never counts as a user without one,
    /// and never gets the record of another user.
    fn takes_no_record_for_absent(&self) {
        let spelled = |name: &&str| self.names.0.lock().unwrap().spelled(name);
        for name in NAMES.iter().map(spelled) {
            let Ok(user) = self.user(&name) else { continue };
            let named = user.aliases.iter().chain([&user.name]);
            let named = named.filter(|name| self.store.load(name).unwrap().is_some());
            let of_the_uid = !matches!(self.store.find(user.uid).unwrap(), ByUid::None);
            let has_a_record = named.count() > 0 || of_the_uid;
            match self.accounts.load(&user) {
                Ok(None) => assert!(!has_a_record, "{name} has lost the second factor"),
                Ok(Some(account)) => assert_eq!(account.uid(), user.uid),
                Err(_) => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_answer_of_the_name_service_makes_a_record_absent(
        events in prop::collection::vec(event(), 1..40),
    ) {
        let host = Host::new(&[("alice", 1000), ("bob", 1001), ("carol", 1002)]);
        host.set_up("alice");
        host.set_up("bob");
        let before = [host.store.find(1000), host.store.find(1001)].map(Result::unwrap);
        assert!(before.iter().all(|found| matches!(found, ByUid::Found(..))));
        for event in &events {
            host.happens(event);
            host.takes_no_record_for_absent();
            // In every case each of the two still has the phone.
            for uid in [1000, 1001] {
                let ByUid::Found(_, record, _) = host.store.find(uid).unwrap() else {
                    panic!("the record of uid {uid} is gone")
                };
                let account = Account::decode(record.as_bytes()).unwrap();
                assert_eq!((account.uid(), account.state()), (uid, State::Enabled));
            }
        }
    }

    #[test]
    fn a_new_spelling_of_all_names_locks_no_user_out(
        spellings in prop::collection::vec(
            (prop::sample::select(vec![None, Some('\\'), Some('+')]), any::<bool>()),
            1..6,
        ),
    ) {
        let host = Host::new(&[("alice", 1000), ("bob", 1001)]);
        host.set_up("alice");
        for (domain, proves) in spellings {
            host.change(|names| names.domain = domain);
            let name = host.names.0.lock().unwrap().spelled("alice");
            assert_eq!(host.state(&name), State::Enabled);
            let code = if proves { CODE } else { NO_CODE };
            let judged = host.types(&name, code);
            assert!(!matches!(judged, Judgement::GaveUp | Judgement::NotACode));
            let name = host.names.0.lock().unwrap().spelled("bob");
            assert_eq!(host.state(&name), State::None);
        }
    }
}
