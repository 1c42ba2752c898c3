//! The sealing key: its source, and the effect of its loss.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use tfa_store::{Commit, Notice, Revision, Store, StoreError};
use tfa_testkit::skip_without_uid;

use crate::scratch::{Scratch, error, find, get, key_lost, lost_key_among, open, put, uid, uid_of};

/// A store in which lea and max have records.
fn with_records(scratch: &Scratch) {
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    put(&store, "max", b"two", Revision::NONE);
    store.close();
}

/// Checks that the store opens without a key, refuses only users with a record, changes nothing, and
/// that its text has these words.
fn opens_without_a_key(scratch: &Scratch, words: &[&str]) {
    let before = scratch.picture();
    let opened = scratch.open();
    assert!(lost_key_among(&opened.notices));
    let store = opened.store;
    let remedy = store.key_lost().unwrap().to_owned();
    for word in words
        .iter()
        .copied()
        .chain(["tfactl reset", "restart tfad"])
    {
        assert!(remedy.contains(word), "no {word:?} in: {remedy}");
    }
    assert_eq!(key_lost(store.load("lea")), remedy);
    assert_eq!(
        key_lost(store.commit("lea", uid("lea"), b"three", Revision::new(1))),
        remedy
    );
    assert_eq!(
        key_lost(store.commit("new", uid("new"), b"three", Revision::NONE)),
        remedy
    );
    assert!(get(&store, "nobody").is_none());
    assert_eq!(find(&store, uid("nobody")), None);
    assert_eq!(key_lost(store.find(uid("lea"))), remedy);
    let listed = store.list("", 9).unwrap().records;
    assert!(listed.iter().map(|(name, _)| name).eq(["lea", "max"]));
    for (_, record) in listed {
        assert_eq!(key_lost(record), remedy);
    }
    store.close();
    assert!(scratch.picture() == before);
}

#[test]
fn lost_key_refuses_only_users_with_a_record() {
    let scratch = Scratch::new();
    with_records(&scratch);
    let key = fs::read(scratch.file("key")).unwrap();
    fs::remove_file(scratch.file("key")).unwrap();
    opens_without_a_key(&scratch, &["is missing"]);
    // The remedy that the text names.
    fs::write(scratch.file("key"), key).unwrap();
    fs::set_permissions(scratch.file("key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"one");
}

#[test]
fn wrong_key_is_not_used() {
    let scratch = Scratch::new();
    with_records(&scratch);
    fs::write(scratch.file("key"), [1; 32]).unwrap();
    opens_without_a_key(&scratch, &["is another one"]);
}

#[test]
fn key_readable_by_others_is_refused() {
    if skip_without_uid(12345) {
        return;
    }
    let scratch = Scratch::new();
    with_records(&scratch);
    let key = scratch.file("key");
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        opens_without_a_key(&scratch, &["chmod 600"]);
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    chown(&key, Some(12345), None).unwrap();
    opens_without_a_key(&scratch, &["belongs to uid 12345", "chown 0"]);
    chown(&key, Some(0), None).unwrap();
    assert!(get(&scratch.store(), "lea").is_some());
}

#[test]
fn key_that_is_not_a_plain_file_of_32_bytes_is_refused() {
    let scratch = Scratch::new();
    with_records(&scratch);
    let key = scratch.file("key");
    let bytes = fs::read(&key).unwrap();
    for (contents, words) in [
        (&bytes[..31], "31 bytes"),
        (&[bytes.as_slice(), b"\n"].concat(), "33 bytes"),
        (b"", "0 bytes"),
    ] {
        fs::write(&key, contents).unwrap();
        opens_without_a_key(&scratch, &[words, "exactly 32"]);
    }
    let aside = scratch.state().with_file_name("aside");
    fs::write(&aside, &bytes).unwrap();
    fs::set_permissions(&aside, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(&key).unwrap();
    symlink(&aside, &key).unwrap();
    opens_without_a_key(&scratch, &["symbolic link"]);
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    opens_without_a_key(&scratch, &["not a regular file"]);
    fs::remove_dir(&key).unwrap();
    // No process writes to this pipe: a program that waits for one never starts.
    nix::unistd::mkfifo(&key, nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert!(
        scratch
            .open()
            .store
            .key_lost()
            .unwrap()
            .contains("not a regular file")
    );
}

#[test]
fn new_key_is_taken_once_every_record_was_removed() {
    let scratch = Scratch::new();
    with_records(&scratch);
    fs::remove_file(scratch.file("key")).unwrap();
    let store = scratch.store();
    assert_eq!(
        store.remove("lea", None).unwrap(),
        Commit::Committed(Revision::NONE)
    );
    store.close();
    assert!(
        scratch.store().key_lost().is_some(),
        "max still has a record"
    );
    assert!(!scratch.file("key").exists());
    let _ = scratch.store().remove("max", None).unwrap();
    let marker = fs::read(scratch.file("key.id")).unwrap();
    let opened = scratch.open();
    assert!(matches!(opened.notices[..], [Notice::KeyChanged { .. }]));
    let revision = put(&opened.store, "lea", b"three", Revision::NONE);
    assert!(revision > Revision::new(2), "revisions go on");
    assert_ne!(fs::read(scratch.file("key.id")).unwrap(), marker);
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"three");
}

#[test]
fn unusable_key_is_refused_at_the_first_start_and_unchanged() {
    for (contents, mode, words) in [
        (&[1; 31][..], 0o600, "31 bytes"),
        (b"", 0o600, "0 bytes"),
        (&[1; 32], 0o644, "chmod 600"),
    ] {
        let scratch = Scratch::new();
        scratch.made_state();
        fs::write(scratch.file("key"), contents).unwrap();
        fs::set_permissions(scratch.file("key"), fs::Permissions::from_mode(mode)).unwrap();
        let before = scratch.picture();
        let refusal = scratch.refusal();
        assert!(matches!(refusal, StoreError::KeyUnusable { .. }));
        assert!(refusal.to_string().contains(words), "{refusal}");
        assert!(scratch.picture() == before);
    }
}

#[test]
fn existing_key_is_used_at_the_first_start() {
    let scratch = Scratch::new();
    scratch.made_state();
    fs::write(scratch.file("key"), [5; 32]).unwrap();
    fs::set_permissions(scratch.file("key"), fs::Permissions::from_mode(0o600)).unwrap();
    put(&scratch.store(), "lea", b"one", Revision::NONE);
    assert_eq!(fs::read(scratch.file("key")).unwrap(), [5; 32]);
    assert!(get(&scratch.store(), "lea").is_some());
}

#[test]
fn credential_precedes_the_key_file_and_creates_none() {
    let scratch = Scratch::new();
    let place = scratch.with_credential(&[3; 32]);
    put(&open(&place).store, "lea", b"one", Revision::NONE);
    assert!(!scratch.file("key").exists());
    assert!(get(&open(&place).store, "lea").is_some());
    assert!(scratch.store().key_lost().unwrap().contains("is missing"));
    let place = scratch.with_credential(&[4; 32]);
    let lost = open(&place).store.key_lost().unwrap().to_owned();
    assert!(
        lost.contains("the systemd credential tfad.key is another one"),
        "{lost}"
    );
}

#[test]
fn credential_of_another_length_is_refused_at_the_first_start() {
    let scratch = Scratch::new();
    let place = scratch.with_credential(&[3; 44]);
    let refusal = error(tfa_store::open(&place, uid_of));
    assert!(matches!(refusal, StoreError::KeyUnusable { .. }));
    assert!(refusal.to_string().contains("44 bytes"), "{refusal}");
    assert!(scratch.picture().is_empty());
}

#[test]
fn credential_is_taken_while_there_is_no_record() {
    let scratch = Scratch::new();
    drop(scratch.store());
    let place = scratch.with_credential(&[3; 32]);
    let opened = open(&place);
    assert!(matches!(opened.notices[..], [Notice::KeyChanged { .. }]));
    put(&opened.store, "lea", b"one", Revision::NONE);
    drop(opened);
    fs::remove_file(scratch.file("key")).unwrap();
    assert!(get(&open(&place).store, "lea").is_some());
}

#[test]
fn credential_that_sealed_nothing_is_not_used() {
    let scratch = Scratch::new();
    with_records(&scratch);
    for credential in [&[3; 32][..], &[3; 5]] {
        let opened = open(&scratch.with_credential(credential));
        let [Notice::CredentialUnused { why }] = &opened.notices[..] else {
            panic!()
        };
        assert!(why.contains("systemd-creds encrypt"), "{why}");
        assert_eq!(get(&opened.store, "lea").unwrap().0, b"one");
    }
    // What the notice says to do.
    let key = fs::read(scratch.file("key")).unwrap();
    let place = scratch.with_credential(&key);
    fs::remove_file(scratch.file("key")).unwrap();
    let opened = open(&place);
    assert!(opened.notices.is_empty());
    assert_eq!(get(&opened.store, "lea").unwrap().0, b"one");
}

#[test]
fn store_refuses_commits_after_the_key_was_changed() {
    let scratch = Scratch::new();
    let old = scratch.store();
    let new = open(&scratch.with_credential(&[3; 32])).store;
    let refusal = key_lost(old.commit("lea", uid("lea"), b"one", Revision::NONE));
    assert!(refusal.contains("restart tfad"), "{refusal}");
    put(&new, "lea", b"one", Revision::NONE);
    assert!(old.load("lea").is_err());
}

#[test]
fn no_file_contains_a_secret_or_the_key_in_the_clear() {
    let scratch = Scratch::new();
    let secret = b"the secret of an authenticator, in the clear";
    let store = scratch.store();
    let mut revision = Revision::NONE;
    for _ in 0..20 {
        revision = put(&store, "lea", secret, revision);
    }
    put(&store, "max", secret, Revision::NONE);
    let _ = store.remove("max", None).unwrap();
    let key = fs::read(scratch.file("key")).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    // Copies, since closing a file of this process drops the locks on it.
    let copy = scratch.state().with_file_name("copy");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(scratch.state())
        .arg(&copy)
        .status();
    assert!(copied.unwrap().success());
    let mut seen = Vec::new();
    for entry in fs::read_dir(&copy).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let contents = fs::read(&path).unwrap();
        let has = |needle: &[u8]| {
            contents
                .windows(needle.len())
                .any(|window| window == needle)
        };
        assert!(!has(&secret[..16]) && !has(&secret[20..]), "{name}");
        if name != "key" {
            assert!(!has(&key) && !has(hex.as_bytes()), "{name}");
        }
        seen.push(name);
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "accounts.db",
            "accounts.db-shm",
            "accounts.db-wal",
            "key",
            "key.id"
        ]
    );
}

#[test]
fn default_of_the_unit_means_no_credential() {
    let scratch = Scratch::new();
    let place = scratch.with_credential(b"none");
    drop(open(&place));
    assert!(scratch.file("key").exists());
    assert!(!lost_key_among(&open(&place).notices));
}
