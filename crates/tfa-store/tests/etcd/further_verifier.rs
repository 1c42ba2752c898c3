//! A further verifier gets the store of its fleet with a file.

use std::fs;
use std::path::{Path, PathBuf};

use tfa_store::etcd::{self, Found};
use tfa_store::{
    Adoption, Commit, EtcdAccess, KeyBefore, Passphrase, Revision, Store as _, StoreError,
    StoreLeft, VerifierFile, VerifierFileError, VerifierInvitation, adopt_store, adoption,
    leave_store, leave_store_unasked, open, store_left, undo_adoption,
};
use tfa_testkit::MemoryKv;
use zeroize::Zeroizing;

use crate::open::Host;

const TOKEN: &str = "tfa-join-TOKEN";
const KEY_OF_STORE: &str = "etcd.key-id";

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned()))
}

fn good() -> Passphrase {
    passphrase("correct horse")
}

fn invitation() -> VerifierInvitation {
    VerifierInvitation {
        host: "v2.test".to_owned(),
        token: TOKEN.to_owned(),
        port: 7443,
        etcd: EtcdAccess {
            endpoints: vec!["https://192.0.2.7:2379".to_owned()],
            ..EtcdAccess::default()
        },
        store: String::new(),
    }
}

/// The first verifier, with the record of lea in etcd, and the file that it has made.
fn first_verifier(etcd: &MemoryKv) -> (Host, PathBuf) {
    let host = Host::new();
    let store = host.open(etcd).unwrap().store;
    let commit = store.commit("lea", 1000, b"one", Revision::NONE);
    assert!(matches!(commit, Ok(Commit::Committed(_))));
    let path = host.state_dir().path.join("v2.invite");
    let kv = etcd.another();
    VerifierFile::write(&path, &host.state_dir(), kv, invitation(), &good()).unwrap();
    (host, path)
}

fn read(path: &Path) -> VerifierFile {
    match VerifierFile::read(path, &good()) {
        Ok(file) => file,
        Err(error) => panic!("{error}"),
    }
}

/// A host with the empty database of an installation.
fn installed() -> Host {
    let host = Host::new();
    let opened = open(&host.state_dir(), |_| None).unwrap();
    opened.store.close();
    host
}

fn key_of(host: &Host) -> Vec<u8> {
    fs::read(host.state_dir().path.join("key")).unwrap()
}

fn is_running() -> Result<(), String> {
    Ok(())
}

fn names_in(host: &Host) -> Vec<String> {
    let entries = fs::read_dir(host.state_dir().path).unwrap().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn further_verifier_reads_what_the_first_has_stored() {
    let etcd = MemoryKv::default();
    let (first, path) = first_verifier(&etcd);
    let second = installed();
    let before = key_of(&second);
    let file = read(&path);
    assert_eq!(file.invitation.token, TOKEN);
    assert_eq!(file.invitation.etcd, invitation().etcd);
    file.check_etcd(etcd.another()).unwrap();
    let place = adoption(&second.state_dir(), &file).unwrap();
    assert_eq!(place, Adoption::Free);
    let kept = adopt_store(&second.state_dir(), &file, &mut is_running).unwrap();
    assert_eq!(kept, KeyBefore::Kept("key.before-fleet".to_owned()));
    let aside = second.state_dir().path.join("key.before-fleet");
    assert_eq!(fs::read(aside).unwrap(), before);
    assert_eq!(key_of(&second), key_of(&first));
    let store = second.open(&etcd).unwrap().store;
    let place = adoption(&second.state_dir(), &file).unwrap();
    assert_eq!(place, Adoption::Complete);
    let (record, _) = store.load("lea").unwrap().unwrap();
    assert_eq!(record.as_bytes(), b"one");
    let own = open(&second.state_dir(), |_| None);
    assert!(matches!(own, Err(StoreError::Unsafe { .. })));
}

#[test]
fn file_shows_neither_key_nor_token_and_opens_unchanged_only() {
    let etcd = MemoryKv::default();
    let (first, path) = first_verifier(&etcd);
    let bytes = fs::read(&path).unwrap();
    for secret in [key_of(&first).as_slice(), TOKEN.as_bytes()] {
        assert!(!bytes.windows(secret.len()).any(|found| found == secret));
    }
    let wrong = VerifierFile::read(&path, &passphrase("correct horsf"));
    assert!(matches!(wrong, Err(VerifierFileError::WrongPassphrase)));
    // The derivation of the key is slow: bytes of each part.
    for at in [0, 14, 16, 40, 80, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(VerifierFile::read(&path, &good()).is_err(), "{at}");
    }
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(VerifierFile::read(&path, &good()).is_err());
    // A second one replaces none.
    let kv = etcd.another();
    let again = VerifierFile::write(&path, &first.state_dir(), kv, invitation(), &good());
    assert!(matches!(again, Err(VerifierFileError::File(_))));
}

#[test]
fn adoption_is_undone_to_what_was_there() {
    let etcd = MemoryKv::default();
    let (_first, path) = first_verifier(&etcd);
    let file = read(&path);
    let second = installed();
    let (names, key) = (names_in(&second), key_of(&second));
    let kept = adopt_store(&second.state_dir(), &file, &mut is_running).unwrap();
    // tfad has noted the store.
    drop(second.open(&etcd).unwrap());
    undo_adoption(&second.state_dir(), &kept).unwrap();
    assert_eq!((names_in(&second), key_of(&second)), (names.clone(), key));
    let mut not_stopped = || Err("it does not stop".to_owned());
    let refused = adopt_store(&second.state_dir(), &file, &mut not_stopped);
    assert!(matches!(refused, Err(VerifierFileError::Running(_))));
    assert_eq!(names_in(&second), names);
    open(&second.state_dir(), |_| None).unwrap().store.close();

    // Also where tfad has never run.
    let bare = Host::new();
    let kept = adopt_store(&bare.state_dir(), &file, &mut is_running).unwrap();
    assert_eq!(kept, KeyBefore::Absent);
    undo_adoption(&bare.state_dir(), &kept).unwrap();
    assert_eq!(names_in(&bare), [""; 0]);
}

#[test]
fn interrupted_adoption_refuses_no_user_and_goes_on() {
    let etcd = MemoryKv::default();
    let (_first, path) = first_verifier(&etcd);
    let file = read(&path);
    // After the key, before the role: an empty database with another key.
    let second = installed();
    adopt_store(&second.state_dir(), &file, &mut is_running).unwrap();
    open(&second.state_dir(), |_| None).unwrap().store.close();
    adopt_store(&second.state_dir(), &file, &mut is_running).unwrap();

    // The mark without the key, as tfad of a host makes it that has etcd and not the key.
    let third = installed();
    drop(third.open(&etcd).unwrap());
    let place = adoption(&third.state_dir(), &file).unwrap();
    assert_eq!(place, Adoption::Unfinished);
    adopt_store(&third.state_dir(), &file, &mut is_running).unwrap();
    for host in [&second, &third] {
        let opened = host.open(&etcd).unwrap();
        assert!(opened.store.load("lea").unwrap().is_some());
    }
}

#[test]
fn undone_adoption_keeps_the_key_of_a_user_who_has_enrolled_meanwhile() {
    let etcd = MemoryKv::default();
    let (_first, path) = first_verifier(&etcd);
    let second = installed();
    let kept = adopt_store(&second.state_dir(), &read(&path), &mut is_running).unwrap();
    let own = open(&second.state_dir(), |_| None).unwrap().store;
    let commit = own.commit("bob", 1001, b"one", Revision::NONE);
    assert!(matches!(commit, Ok(Commit::Committed(_))));
    own.close();
    undo_adoption(&second.state_dir(), &kept).unwrap();
    let own = open(&second.state_dir(), |_| None).unwrap().store;
    assert!(own.load("bob").unwrap().is_some());
    own.close();
}

#[test]
fn host_knows_a_store_in_etcd_by_its_key() {
    let kv = MemoryKv::default();
    let look = |host: &Host| etcd::look(&host.state_dir(), kv.another()).unwrap();
    let host = installed();
    assert_eq!(look(&host), Found::Nothing);
    let (first, _) = first_verifier(&kv);
    assert_eq!((look(&first), look(&host)), (Found::Own, Found::OfOthers));
}

#[test]
fn host_that_could_lose_accounts_gets_no_store() {
    let etcd = MemoryKv::default();
    let (first, path) = first_verifier(&etcd);
    let file = read(&path);
    let with_accounts = installed();
    let own = open(&with_accounts.state_dir(), |_| None).unwrap().store;
    let commit = own.commit("bob", 1001, b"one", Revision::NONE);
    assert!(matches!(commit, Ok(Commit::Committed(_))));
    own.close();
    let lost = installed();
    fs::remove_file(lost.state_dir().path.join("accounts.db")).unwrap();
    for host in [&with_accounts, &lost] {
        let key = key_of(host);
        let refused = adopt_store(&host.state_dir(), &file, &mut is_running);
        assert!(matches!(refused, Err(VerifierFileError::HasAccounts(_))));
        assert_eq!(key_of(host), key);
    }
    // Another etcd, and a host of another store.
    let other = MemoryKv::default();
    let elsewhere = Host::new();
    drop(elsewhere.open(&other).unwrap());
    let refused = adoption(&elsewhere.state_dir(), &file);
    assert!(matches!(refused, Err(VerifierFileError::OtherStore(_))));
    for kv in [&other, &MemoryKv::default()] {
        let refused = file.check_etcd(kv.another());
        assert!(matches!(refused, Err(VerifierFileError::OtherEtcd)));
    }
    let rotating = installed();
    fs::write(rotating.state_dir().path.join("key.next"), [7; 32]).unwrap();
    let refused = adoption(&rotating.state_dir(), &file);
    assert!(matches!(refused, Err(VerifierFileError::Rotating)));

    // Only a verifier with its accounts in etcd invites.
    let target = first.state_dir().path.join("other.invite");
    let kv = etcd.another();
    let refused = VerifierFile::write(&target, &installed().state_dir(), kv, invitation(), &good());
    assert!(matches!(refused, Err(VerifierFileError::NotInEtcd)));
    assert!(!target.exists());
}

/// Two verifiers of a fleet.
struct TwoVerifiers {
    _first: Host,
    second: Host,
    /// The key of the second one before it joined.
    own: Vec<u8>,
    /// The sealing key of the fleet.
    sealing: Vec<u8>,
}

fn two_verifiers(etcd: &MemoryKv) -> TwoVerifiers {
    let (first, path) = first_verifier(etcd);
    let second = installed();
    let (own, sealing) = (key_of(&second), key_of(&first));
    adopt_store(&second.state_dir(), &read(&path), &mut is_running).unwrap();
    drop(second.open(etcd).unwrap());
    TwoVerifiers {
        _first: first,
        second,
        own,
        sealing,
    }
}

#[test]
fn verifier_that_leaves_keeps_the_key_aside_and_has_its_own_again() {
    let etcd = MemoryKv::default();
    let TwoVerifiers {
        _first,
        second,
        own,
        sealing,
    } = two_verifiers(&etcd);
    let state_dir = second.state_dir();
    let found = store_left(&state_dir, etcd.another()).unwrap();
    assert_eq!(found, StoreLeft::InUse);

    // Nothing goes while the daemon runs.
    let before = names_in(&second);
    let mut not_stopped = || Err("it runs".to_owned());
    let refused = leave_store(&state_dir, etcd.another(), &mut not_stopped);
    assert!(matches!(refused, Err(VerifierFileError::Running(_))));
    assert_eq!(names_in(&second), before);

    let left = leave_store(&state_dir, etcd.another(), &mut is_running).unwrap();
    let left = left.unwrap();
    assert_eq!(fs::read(state_dir.path.join(&left)).unwrap(), sealing);
    assert_eq!(key_of(&second), own);
    assert!(!names_in(&second).contains(&"etcd.id".to_owned()));
    open(&state_dir, |_| None).unwrap().store.close();
    assert_eq!(key_of(&second), own);
}

#[test]
fn first_verifier_that_leaves_makes_a_key_of_its_own() {
    let etcd = MemoryKv::default();
    let (first, _) = first_verifier(&etcd);
    let (state_dir, sealing) = (first.state_dir(), key_of(&first));
    let left = leave_store(&state_dir, etcd.another(), &mut is_running).unwrap();
    assert_eq!(left.as_deref(), Some("key.left-fleet"));
    open(&state_dir, |_| None).unwrap().store.close();
    assert_ne!(key_of(&first), sealing);
    let kept = fs::read(state_dir.path.join("key.left-fleet")).unwrap();
    assert_eq!(kept, sealing);
}

#[test]
fn interrupted_leave_is_made_again_and_takes_no_other_key_away() {
    let etcd = MemoryKv::default();
    let TwoVerifiers {
        _first,
        second,
        own,
        sealing,
    } = two_verifiers(&etcd);
    let state_dir = second.state_dir();
    let noted = Noted::of(&second);
    leave_store(&state_dir, etcd.another(), &mut is_running).unwrap();
    // It was interrupted before its last step.
    noted.put_back(&second);
    let again = leave_store(&state_dir, etcd.another(), &mut is_running).unwrap();
    assert_eq!(again, None);
    assert_keys(&second, &own, &sealing);
}

#[test]
fn verifier_leaves_a_lost_etcd_with_the_key_aside_and_its_own_again() {
    let etcd = MemoryKv::default();
    let TwoVerifiers {
        _first,
        second,
        own,
        sealing,
    } = two_verifiers(&etcd);
    let state_dir = second.state_dir();
    let before = names_in(&second);
    let mut not_stopped = || Err("it runs".to_owned());
    let refused = leave_store_unasked(&state_dir, &mut not_stopped);
    assert!(matches!(refused, Err(VerifierFileError::Running(_))));
    assert_eq!(names_in(&second), before);

    let left = leave_store_unasked(&state_dir, &mut is_running).unwrap();
    assert_eq!(left.as_deref(), Some("key.left-fleet"));
    assert_keys(&second, &own, &sealing);
    assert!(!has_a_store(&second));
}

/// The host has its own key again, and that of the fleet aside.
fn assert_keys(host: &Host, own: &[u8], sealing: &[u8]) {
    assert_eq!(key_of(host), own);
    let kept = fs::read(host.state_dir().path.join("key.left-fleet")).unwrap();
    assert_eq!(kept, sealing);
}

/// Whether a file shows a store in etcd.
fn has_a_store(host: &Host) -> bool {
    names_in(host).iter().any(|name| name.starts_with("etcd."))
}

/// What a host has noted of its store in etcd, which goes last where it leaves.
struct Noted(Vec<(String, Vec<u8>)>);

impl Noted {
    fn of(host: &Host) -> Self {
        let names = names_in(host).into_iter();
        let noted = names.filter(|name| name.starts_with("etcd."));
        let path = host.state_dir().path;
        Self(
            noted
                .map(|name| (name.clone(), fs::read(path.join(name)).unwrap()))
                .collect(),
        )
    }

    /// Puts it back, as where the host was interrupted before.
    fn put_back(&self, host: &Host) {
        for (name, contents) in &self.0 {
            fs::write(host.state_dir().path.join(name), contents).unwrap();
        }
    }

    /// Puts back which key the store has, without the store.
    fn put_back_key(self, host: &Host) {
        let key = self.0.into_iter().filter(|(name, _)| name == KEY_OF_STORE);
        Self(key.collect()).put_back(host);
    }
}

#[test]
fn interrupted_leave_goes_on_without_etcd_and_takes_no_other_key_away() {
    for asks_etcd in [true, false] {
        let etcd = MemoryKv::default();
        let TwoVerifiers {
            _first,
            second,
            own,
            sealing,
        } = two_verifiers(&etcd);
        let state_dir = second.state_dir();
        let noted = Noted::of(&second);
        let left = match asks_etcd {
            true => leave_store(&state_dir, etcd.another(), &mut is_running),
            false => leave_store_unasked(&state_dir, &mut is_running),
        };
        assert_eq!(left.unwrap().as_deref(), Some("key.left-fleet"));
        noted.put_back(&second);
        let again = leave_store_unasked(&state_dir, &mut is_running).unwrap();
        assert_eq!(again, None);
        assert_keys(&second, &own, &sealing);
        assert!(!has_a_store(&second));
    }
}

#[test]
fn verifier_that_never_had_the_key_leaves_a_lost_etcd_with_its_own() {
    let etcd = MemoryKv::default();
    let (_first, path) = first_verifier(&etcd);
    let second = installed();
    let own = key_of(&second);
    // It has etcd and not the key.
    drop(second.open(&etcd).unwrap());
    let noted = Noted::of(&second);
    let left = leave_store_unasked(&second.state_dir(), &mut is_running).unwrap();
    assert_eq!(left, None);
    assert_eq!(key_of(&second), own);

    // Interrupted, it gets the key, and leaves before tfad has opened the store with it.
    noted.put_back(&second);
    let file = read(&path);
    adopt_store(&second.state_dir(), &file, &mut is_running).unwrap();
    let left = leave_store_unasked(&second.state_dir(), &mut is_running).unwrap();
    assert_eq!(left.as_deref(), Some("key.left-fleet"));
    assert_eq!(key_of(&second), own);
}

#[test]
fn what_was_noted_of_an_earlier_fleet_says_nothing_about_the_next() {
    let etcd = MemoryKv::default();
    let TwoVerifiers {
        _first,
        second,
        own,
        ..
    } = two_verifiers(&etcd);
    let state_dir = second.state_dir();
    let noted = Noted::of(&second);
    leave_store(&state_dir, etcd.another(), &mut is_running).unwrap();
    noted.put_back(&second);
    // It was interrupted after the mark, and before the rest.
    fs::remove_file(state_dir.path.join("etcd.id")).unwrap();

    let other = MemoryKv::default();
    let (first, path) = first_verifier(&other);
    adopt_store(&state_dir, &read(&path), &mut is_running).unwrap();
    drop(second.open(&other).unwrap());
    // An interrupted run of before has left it.
    noted.put_back_key(&second);
    let left = leave_store_unasked(&state_dir, &mut is_running).unwrap();
    let left = state_dir.path.join(left.unwrap());
    assert_eq!(fs::read(left).unwrap(), key_of(&first));
    assert_eq!(key_of(&second), own);
}
