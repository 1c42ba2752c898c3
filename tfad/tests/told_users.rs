//! Users of members of a fleet, for whom an administrator makes a record on a verifier that need not know them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod alice;

use std::sync::Arc;
use std::time::Duration;

use tfa_core::{Account, UserExemption};
use tfa_proto::{RenameOutcome, Renamed};
use tfa_store::Store;
use tfa_testkit::MemoryStore;
use tfad::account::{Accounts, Error, NamedUser};
use tfad::host::clock;
use tfad::host::users::{NameService, NameServiceFailed, User};

use alice::{Names, NoNames, UID, alice};

/// A name service that does not answer.
struct Broken;

impl NameService for Broken {
    fn by_name(&self, _: &str) -> Result<Option<User>, NameServiceFailed> {
        Err(NameServiceFailed("the directory is down".to_owned()))
    }

    fn by_uid(&self, _: u32) -> Result<Option<User>, NameServiceFailed> {
        Err(NameServiceFailed("the directory is down".to_owned()))
    }
}

/// A name service that knows al as another name of alice.
struct Aliases;

impl NameService for Aliases {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        let named = |name: &str| User {
            name: name.to_owned(),
            ..alice()
        };
        Ok(["alice", "al"].contains(&name).then(|| named(name)))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        Names.by_uid(uid)
    }
}

fn user(name: &str, uid: u32) -> User {
    User {
        name: name.to_owned(),
        uid,
        aliases: Vec::new(),
    }
}

fn verifier(names: impl NameService + 'static) -> Accounts {
    let accounts = Accounts::new(Arc::new(MemoryStore::new())).by_name_alone();
    accounts.with_names(Arc::new(names))
}

/// Makes a record that refuses other uids.
fn exempt(accounts: &Accounts, user: &User) {
    let hour = Duration::from_secs(3600);
    let exemption = UserExemption::new("a new phone", hour, clock::now()).unwrap();
    let change = |account: &mut Account| account.exempt(exemption.clone());
    accounts.change(user, change).unwrap();
}

/// Why a user with a told uid is refused.
#[track_caller]
fn refused(accounts: &Accounts, name: &str, uid: u32) -> String {
    let named = accounts.named_user(name, Some(uid));
    match named.unwrap_err() {
        Error::UidChanged(text) | Error::NoSuchUser(text) => text,
        error @ (Error::NameService(_) | Error::Damaged(_)) => error.to_string(),
        error => panic!("{error:?}"),
    }
}

#[test]
fn user_whom_neither_host_nor_store_knows_has_the_told_uid() {
    let accounts = verifier(Names);
    let named = accounts.named_user("bob", Some(1234)).unwrap();
    let is_known = Some(false);
    let user = user("bob", 1234);
    assert_eq!(named, NamedUser { user, is_known });
}

#[test]
fn user_whom_the_host_knows_with_that_uid_has_the_canonical_name() {
    let accounts = verifier(Aliases);
    let named = accounts.named_user("alice", Some(UID)).unwrap();
    assert_eq!(
        (named.user, named.is_known),
        (alice(), Some(true)),
        "the uid is that of the host"
    );
    let named = accounts.named_user("al", Some(UID)).unwrap();
    assert_eq!(named.user.name, "alice");
    assert_eq!(named.user, accounts.named_user("al", None).unwrap().user);
}

#[test]
fn name_with_another_uid_on_the_host_is_refused_with_both() {
    let accounts = verifier(Names);
    let text = refused(&accounts, "alice", 1234);
    assert!(text.contains("1000") && text.contains("1234"), "{text}");
    let text = refused(&accounts, "bob", UID);
    assert!(text.contains("1000 is alice"), "{text}");
}

#[test]
fn name_service_that_fails_refuses_a_told_uid() {
    let text = refused(&verifier(Broken), "bob", 1234);
    assert!(text.contains("the directory is down"), "{text}");
    assert!(text.contains("Nothing was changed"), "{text}");
}

#[test]
fn record_with_another_uid_is_refused_with_both_and_the_way_out() {
    let accounts = verifier(NoNames);
    exempt(&accounts, &user("bob", 1234));
    let text = refused(&accounts, "bob", 1235);
    assert!(text.contains("1234") && text.contains("1235"), "{text}");
    assert!(text.contains("tfactl rename bob bob --uid 1235"), "{text}");
    let same = accounts.named_user("bob", Some(1234)).unwrap();
    assert_eq!((same.user, same.is_known), (user("bob", 1234), None));
}

#[test]
fn record_with_that_uid_needs_no_name_service() {
    let accounts = verifier(Broken);
    exempt(&accounts, &user("bob", 1234));
    let named = accounts.named_user("bob", Some(1234)).unwrap();
    assert_eq!((named.user, named.is_known), (user("bob", 1234), None));
}

#[test]
fn uid_with_the_record_of_another_name_is_refused_with_that_name() {
    let accounts = verifier(NoNames);
    exempt(&accounts, &user("bob", 1234));
    let text = refused(&accounts, "robert", 1234);
    assert!(text.contains("under the name bob"), "{text}");
    let way_out = "tfactl rename bob robert --uid 1234";
    assert!(text.contains(way_out), "{text}");
}

#[test]
fn record_that_refuses_nobody_gives_way_to_the_told_uid() {
    let store = Arc::new(MemoryStore::new());
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    let accounts = accounts.with_names(Arc::new(NoNames));
    // Audit mode has recorded a login, as a member told it.
    let noted = |account: &mut Account| {
        let outcome = tfa_core::AuditOutcome::SetUp;
        account.record_audit(outcome, "sshd", "", clock::now());
    };
    accounts.change(&user("bob", 1234), noted).unwrap();
    assert!(store.load("bob").unwrap().is_some());
    let named = accounts.named_user("bob", Some(1235)).unwrap();
    exempt(&accounts, &named.user);
    let record = accounts.load(&named.user).unwrap().unwrap();
    assert_eq!(record.uid(), 1235);
    let named = accounts.named_user("robert", Some(1234)).unwrap();
    assert_eq!(named.user, user("robert", 1234));
}

#[test]
fn damaged_record_is_no_absent_one() {
    let store = Arc::new(MemoryStore::new());
    let commit = store.commit("bob", 1234, b"no record", tfa_store::Revision::NONE);
    let _ = commit.unwrap();
    let accounts = Accounts::new(store).by_name_alone();
    let accounts = accounts.with_names(Arc::new(NoNames));
    for (name, uid) in [("bob", 1234), ("bob", 1235), ("robert", 1234)] {
        let text = refused(&accounts, name, uid);
        assert!(text.contains("the record of bob"), "{text}");
    }
}

#[test]
fn names_and_uids_that_no_user_has_are_refused() {
    let accounts = verifier(NoNames);
    for name in ["", "a:b", "../a", "a\nb", "-a", "a\u{202e}"] {
        let text = refused(&accounts, name, 1234);
        assert!(text.contains("not a user name"), "{text}");
        assert!(!text.contains(['\n', '\u{202e}']), "{text:?}");
    }
    let text = refused(&accounts, "bob", u32::MAX);
    assert!(text.contains("not the uid of a user"), "{text}");
    // root is known on each host.
    let text = refused(&verifier(tfad::host::users::Nss), "toor", 0);
    assert!(text.contains("0 is root"), "{text}");
}

#[test]
fn host_alone_takes_no_told_uid() {
    let alone = Accounts::new(Arc::new(MemoryStore::new()));
    let alone = alone.with_names(Arc::new(Names));
    for (name, uid) in [("bob", 1234), ("alice", UID)] {
        let text = refused(&alone, name, uid);
        assert!(text.contains("in no fleet"), "{text}");
    }
}

#[test]
fn unknown_user_of_a_fleet_is_refused_with_the_way_to_tell_the_uid() {
    let error = verifier(Names).named_user("bob", None).unwrap_err();
    let Error::UnknownUser(text) = error else {
        panic!("{error:?}");
    };
    assert!(text.contains("--uid UID"), "{text}");
    assert!(text.contains("id -u bob"), "{text}");
    let alone = Accounts::new(Arc::new(MemoryStore::new()));
    let alone = alone.with_names(Arc::new(Names));
    let text = alone.named_user("bob", None).unwrap_err().to_string();
    assert!(!text.contains("--uid"), "{text}");
}

fn rename(accounts: &Accounts, old: &str, new: &str, uid: Option<u32>) -> Result<Renamed, Error> {
    let uids = uid.map(|uid| (new.to_owned(), uid)).into_iter().collect();
    let renamed = accounts.rename(&[(old.to_owned(), new.to_owned())], &uids, false);
    renamed.map(|mut all| all.remove(0))
}

#[test]
fn wrong_uid_and_former_name_of_a_record_are_corrected_by_rename() {
    let accounts = verifier(NoNames);
    exempt(&accounts, &user("bob", 1234));
    let renamed = rename(&accounts, "bob", "bob", Some(1235)).unwrap();
    assert_eq!(
        (renamed.outcome, renamed.uid),
        (RenameOutcome::Moved.into(), 1235)
    );
    let named = accounts.named_user("bob", Some(1235)).unwrap();
    assert_eq!(named.user, user("bob", 1235));
    let renamed = rename(&accounts, "bob", "robert", Some(1235)).unwrap();
    assert_eq!(renamed.outcome, RenameOutcome::Moved);
    let record = accounts.load(&user("robert", 1235)).unwrap().unwrap();
    assert!(record.exemption(clock::now()).is_some());
}

#[test]
fn rename_refuses_a_told_uid_as_an_invitation_does() {
    let accounts = verifier(Names);
    exempt(&accounts, &user("bob", 1234));
    let refused = |new, uid| rename(&accounts, "bob", new, uid).unwrap_err().to_string();
    assert!(refused("robert", Some(UID)).contains("1000 is alice"));
    assert!(refused("alice", Some(1234)).contains("with the uid 1000"));
    assert!(refused("a:b", Some(1234)).contains("not a user name"));
    assert!(refused("robert", None).contains("--uid UID"));
    exempt(&accounts, &user("robert", 1300));
    let error = rename(&accounts, "bob", "robert", Some(1234)).unwrap_err();
    assert!(matches!(error, Error::InTheWay(_)), "{error:?}");
    assert_eq!(
        accounts.load(&user("bob", 1234)).unwrap().unwrap().uid(),
        1234
    );
}
