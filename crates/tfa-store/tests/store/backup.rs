//! Backups: what is in them, what they refuse, and what they bring back.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tfa_store::{
    BackupError, BackupOptions, BackupWritten, KeyRotation, Passphrase, RestoreOptions, Restored,
    Revision, Rotated, Store, StoreError, ask_for_rotation, back_up, restore,
};
use zeroize::Zeroizing;

use crate::scratch::{Scratch, find, get, put, uid};

pub(crate) const NOW: u64 = 1_795_910_400;

/// The name of a backup beside the state directory.
pub(crate) fn file(scratch: &Scratch) -> PathBuf {
    scratch.state().with_file_name("backup")
}

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned()))
}

/// A backup without its key.
pub(crate) fn backup_to(target: &Path) -> BackupOptions<'_> {
    BackupOptions {
        target,
        passphrase: None,
        now: NOW,
        host: "one.example",
    }
}

/// A restoration that needs no passphrase.
pub(crate) fn restoration_of(source: &Path, force: bool) -> RestoreOptions<'_> {
    RestoreOptions {
        source,
        passphrase: None,
        force,
        now: NOW,
        max_age: Duration::MAX,
    }
}

/// Makes a backup, with the key if there is a passphrase.
pub(crate) fn backed_up(
    scratch: &Scratch,
    with: Option<&str>,
) -> Result<BackupWritten, BackupError> {
    let passphrase = with.map(passphrase);
    let target = file(scratch);
    let options = BackupOptions {
        passphrase: passphrase.as_ref(),
        ..backup_to(&target)
    };
    let mut can_be_read = |_: &str, _: &[u8]| true;
    back_up(
        &scratch.state_dir(),
        &options,
        &mut can_be_read,
        &mut |_, _| true,
    )
}

/// Restores a backup of records that stay as they are.
pub(crate) fn restored(
    scratch: &Scratch,
    source: &Path,
    with: Option<&str>,
    force: bool,
) -> Result<Restored, BackupError> {
    let passphrase = with.map(passphrase);
    let options = RestoreOptions {
        passphrase: passphrase.as_ref(),
        ..restoration_of(source, force)
    };
    restore(
        &scratch.state_dir(),
        &options,
        &mut |_, record, _| Some(Zeroizing::new(record.to_vec())),
        &mut || Ok(()),
        &mut |_, _| true,
    )
}

/// A store that was closed, with these records.
fn with_records(users: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let store = scratch.store();
    for user in users {
        put(&store, user, user.as_bytes(), Revision::NONE);
    }
    scratch
}

/// Everything in the folder of the state directory, beside it too.
fn files(scratch: &Scratch) -> Vec<String> {
    let names = fs::read_dir(scratch.state().parent().unwrap()).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_of_a_serving_store_is_of_one_moment() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    // The two records always change in this order: of any moment the first is as new or one newer.
    let number = |record: &[u8]| u64::from_le_bytes(record.try_into().unwrap());
    let mut revisions = ["a", "z"].map(|user| put(&*store, user, &[0; 8], Revision::NONE));
    for more in 0..300 {
        put(&*store, &format!("m{more}"), b"unchanged", Revision::NONE);
    }
    let ended = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
        std::thread::spawn(move || {
            for step in 1_u64.. {
                for (user, revision) in ["a", "z"].into_iter().zip(&mut revisions) {
                    *revision = put(&*store, user, &step.to_le_bytes(), *revision);
                }
                if ended.load(Ordering::Relaxed) {
                    return step;
                }
            }
            0
        })
    };
    let mut last = 0;
    for _ in 0..20 {
        let written = backed_up(&scratch, None).unwrap();
        assert_eq!(written.records, 302);
        let other = Scratch::new();
        other.made_state();
        fs::copy(scratch.file("key"), other.file("key")).unwrap();
        assert_eq!(
            restored(&other, &file(&scratch), None, false)
                .unwrap()
                .records,
            302
        );
        let copy = other.store();
        let [first, second] = ["a", "z"].map(|user| number(&get(&copy, user).unwrap().0));
        assert!(
            first == second || first == second + 1,
            "{first} and {second}"
        );
        assert!(first >= last, "{first} after {last}");
        last = first;
        fs::remove_file(file(&scratch)).unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    assert!(writer.join().unwrap() > last);
    assert!(last > 0);
}

#[test]
fn a_backup_is_private_and_never_replaces_a_file() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    let mode = fs::metadata(file(&scratch)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(file(&scratch)).unwrap();
    let refused = backed_up(&scratch, None).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(fs::read(file(&scratch)).unwrap(), before);
    // A dangling link is a file, too.
    fs::remove_file(file(&scratch)).unwrap();
    std::os::unix::fs::symlink("nowhere", file(&scratch)).unwrap();
    let refused = backed_up(&scratch, None).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(files(&scratch), ["backup", "state"]);
}

#[test]
fn a_cancelled_backup_leaves_no_file() {
    let scratch = with_records(&["lea"]);
    let target = file(&scratch);
    let options = backup_to(&target);
    let mut can_be_read = |_: &str, _: &[u8]| true;
    let state = scratch.state_dir();
    let cancelled = back_up(&state, &options, &mut can_be_read, &mut |_, _| false);
    assert!(matches!(cancelled, Err(BackupError::Cancelled)));
    assert_eq!(files(&scratch), ["state"]);
}

#[test]
fn a_damaged_record_is_named_and_gives_no_backup() {
    let scratch = with_records(&["lea", "max"]);
    scratch.sql("UPDATE account SET sealed = zeroblob(60) WHERE user = 'max'");
    match backed_up(&scratch, None) {
        Err(BackupError::RecordsDamaged(users)) => assert_eq!(users, ["max"]),
        other => panic!("{other:?}"),
    }
    assert_eq!(files(&scratch), ["state"]);
    // A record that the index has and the table has not would be a user without a second factor.
    scratch.sql("DELETE FROM account WHERE user = 'max'");
    let refused = backed_up(&scratch, None).unwrap_err();
    assert!(
        refused.to_string().contains("the record of max"),
        "{refused}"
    );
    assert_eq!(files(&scratch), ["state"]);
}

#[test]
fn a_record_and_its_key_are_not_in_a_backup_in_the_clear() {
    let scratch = Scratch::new();
    let secret = b"the secret of an authenticator";
    put(&scratch.store(), "lea", secret, Revision::NONE);
    backed_up(&scratch, Some("twelve letters")).unwrap();
    let bytes = fs::read(file(&scratch)).unwrap();
    let key = fs::read(scratch.file("key")).unwrap();
    for needle in [&secret[..], &key, b"twelve letters"] {
        assert!(!bytes.windows(needle.len()).any(|window| window == needle));
    }
}

#[test]
fn the_same_host_restores_after_the_loss_of_the_database() {
    let scratch = with_records(&["lea", "max"]);
    let (_, before) = get(&scratch.store(), "max").unwrap();
    backed_up(&scratch, None).unwrap();
    fs::remove_file(scratch.file("accounts.db")).unwrap();
    let done = restored(&scratch, &file(&scratch), None, false).unwrap();
    assert_eq!((done.records, done.created), (2, NOW));
    assert_eq!(done.host, "one.example");
    let store = scratch.store();
    for user in ["lea", "max"] {
        let (record, revision) = get(&store, user).unwrap();
        assert_eq!(record, user.as_bytes());
        // No commit of before is taken for one of the restored record.
        assert!(revision > before);
        assert_eq!(find(&store, uid(user)).as_deref(), Some(user));
    }
    let (_, revision) = get(&store, "lea").unwrap();
    put(&store, "lea", b"new", revision);
    put(&store, "ina", b"new", Revision::NONE);
    assert_eq!(store.list("", 9).unwrap().records.len(), 3);
}

#[test]
fn another_host_needs_the_key_and_seals_with_its_own() {
    for own_key in [true, false] {
        let scratch = with_records(&["lea"]);
        backed_up(&scratch, Some("twelve letters")).unwrap();
        let other = Scratch::new();
        if own_key {
            drop(other.store());
        }
        let key = fs::read(other.file("key")).ok();
        let picture = own_key.then(|| other.picture());
        let restored = |with| restored(&other, &file(&scratch), with, false);
        let refused = restored(None).unwrap_err();
        assert!(matches!(refused, BackupError::NeedsPassphrase), "{refused}");
        let refused = restored(Some("twelve lettert")).unwrap_err();
        assert!(matches!(refused, BackupError::WrongPassphrase), "{refused}");
        assert_eq!(picture, own_key.then(|| other.picture()));
        restored(Some("twelve letters")).unwrap();
        let after = fs::read(other.file("key")).unwrap();
        assert_eq!(key.unwrap_or_else(|| after.clone()), after);
        assert_ne!(after, fs::read(scratch.file("key")).unwrap());
        assert_eq!(get(&other.store(), "lea").unwrap().0, b"lea");
    }
    // Without the key in the file.
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    let other = Scratch::new();
    let refused = restored(&other, &file(&scratch), Some("any"), true).unwrap_err();
    assert!(matches!(refused, BackupError::KeyElsewhere(_)), "{refused}");
}

#[test]
fn a_restoration_seals_with_the_credential_of_the_host() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, Some("twelve letters")).unwrap();
    let other = Scratch::new();
    let place = other.with_credential(&[9; 32]);
    let (source, passphrase) = (file(&scratch), passphrase("twelve letters"));
    let options = RestoreOptions {
        passphrase: Some(&passphrase),
        ..restoration_of(&source, false)
    };
    let mut keep = |_: &str, record: &[u8], _| Some(Zeroizing::new(record.to_vec()));
    restore(&place, &options, &mut keep, &mut || Ok(()), &mut |_, _| {
        true
    })
    .unwrap();
    assert!(!other.file("key").exists());
    let opened = crate::scratch::open(&place);
    assert_eq!(get(&opened.store, "lea").unwrap().0, b"lea");
    assert_eq!(opened.notices, []);
}

#[test]
fn records_that_differ_are_replaced_only_by_force() {
    type Change = fn(&Scratch);
    let changes: [(Change, &str); 3] = [
        (
            |scratch| {
                let store = scratch.store();
                let (_, revision) = get(&store, "lea").unwrap();
                put(&store, "lea", b"lea", revision);
            },
            "changed since: lea",
        ),
        (
            |scratch| {
                put(&scratch.store(), "ina", b"ina", Revision::NONE);
            },
            "would lose theirs: ina",
        ),
        (
            |scratch| {
                let _ = scratch.store().remove("max", None).unwrap();
            },
            "would have one again: max",
        ),
    ];
    for (change, said) in changes {
        let scratch = with_records(&["lea", "max"]);
        backed_up(&scratch, None).unwrap();
        change(&scratch);
        let before = scratch.picture();
        let refused = restored(&scratch, &file(&scratch), None, false).unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
        assert_eq!(scratch.picture(), before);
        let done = restored(&scratch, &file(&scratch), None, true).unwrap();
        assert!(!done.replaced.unwrap().is_none());
        assert_eq!(done.put_aside, None);
        let store = scratch.store();
        assert_eq!(get(&store, "lea").unwrap().0, b"lea");
        assert_eq!(get(&store, "max").unwrap().0, b"max");
        assert_eq!(get(&store, "ina"), None);
        assert_eq!(find(&store, uid("ina")), None);
    }
    // The same records need no force.
    let scratch = with_records(&["lea", "max"]);
    backed_up(&scratch, None).unwrap();
    restored(&scratch, &file(&scratch), None, false).unwrap();
}

#[test]
fn a_database_that_cannot_be_read_is_put_aside_by_force() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    fs::write(scratch.file("accounts.db"), [7; 20_000]).unwrap();
    let refused = restored(&scratch, &file(&scratch), None, false).unwrap_err();
    assert!(matches!(refused, BackupError::Unreadable(_)), "{refused}");
    assert_eq!(fs::read(scratch.file("accounts.db")).unwrap(), [7; 20_000]);
    let done = restored(&scratch, &file(&scratch), None, true).unwrap();
    assert_eq!(done.replaced, None);
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"lea");
    let aside = scratch.file(&format!("accounts.db.damaged-{NOW}"));
    assert_eq!(done.put_aside.as_ref(), Some(&aside));
    assert_eq!(fs::read(aside).unwrap(), [7; 20_000]);
}

#[test]
fn a_log_that_a_kill_left_is_not_applied_to_the_restored_database() {
    for lost in [&[][..], &["accounts.db"], &["accounts.db", "key.id"]] {
        let scratch = with_records(&["lea"]);
        backed_up(&scratch, None).unwrap();
        let store = scratch.store();
        let (_, revision) = get(&store, "lea").unwrap();
        put(&store, "lea", b"later", revision);
        let kept: Vec<_> = ["accounts.db", "accounts.db-wal"]
            .map(|name| (name, fs::read(scratch.file(name)).unwrap()))
            .into();
        drop(store);
        for (name, bytes) in kept {
            fs::write(scratch.file(name), bytes).unwrap();
        }
        for name in lost {
            fs::remove_file(scratch.file(name)).unwrap();
        }
        restored(&scratch, &file(&scratch), None, true).unwrap();
        assert!(!scratch.file("accounts.db-wal").exists());
        assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"lea");
    }
}

/// A log is all that is left: the database was removed, or a crash came between two renamings.
#[test]
fn a_log_without_its_database_is_not_applied_to_the_restored_one() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    let store = scratch.store();
    let (_, revision) = get(&store, "lea").unwrap();
    put(&store, "lea", b"later", revision);
    let log = fs::read(scratch.file("accounts.db-wal")).unwrap();
    drop(store);
    fs::remove_file(scratch.file("accounts.db")).unwrap();
    fs::write(scratch.file("accounts.db-wal"), &log).unwrap();
    restored(&scratch, &file(&scratch), None, false).unwrap();
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"lea");
    let aside = scratch.file(&format!("accounts.db-wal.damaged-{NOW}"));
    assert_eq!(fs::read(aside).unwrap(), log);
}

#[test]
fn what_was_put_aside_is_never_replaced() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    for damage in [7, 8] {
        fs::write(scratch.file("accounts.db"), [damage; 20_000]).unwrap();
        restored(&scratch, &file(&scratch), None, true).unwrap();
    }
    for (name, damage) in [("", 7), ("-2", 8)] {
        let aside = scratch.file(&format!("accounts.db.damaged-{NOW}{name}"));
        assert_eq!(fs::read(aside).unwrap(), [damage; 20_000]);
    }
}

#[test]
fn a_host_that_had_a_key_gets_no_other_one() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, Some("twelve letters")).unwrap();
    fs::remove_file(scratch.file("key")).unwrap();
    for name in ["accounts.db", "key.id"] {
        let before = scratch.picture();
        let restored = restored(&scratch, &file(&scratch), Some("twelve letters"), true);
        let refused = restored.unwrap_err();
        assert!(
            matches!(refused, BackupError::HostKeyMissing(_)),
            "{refused}"
        );
        assert_eq!(scratch.picture(), before);
        fs::remove_file(scratch.file(name)).unwrap();
    }
    restored(&scratch, &file(&scratch), Some("twelve letters"), true).unwrap();
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"lea");
}

#[test]
fn a_lost_key_is_refused_with_the_commands_that_lead_on() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, Some("twelve letters")).unwrap();
    let sealed = fs::read(scratch.file("accounts.db")).unwrap();
    fs::remove_file(scratch.file("key")).unwrap();
    let restored = || restored(&scratch, &file(&scratch), Some("twelve letters"), false);
    let refused = restored().unwrap_err().to_string();
    let (_, commands) = refused.rsplit_once(": ").unwrap();
    let lost = scratch.file("lost");
    // A sentence may follow.
    let commands = commands.trim_matches('"');
    let commands = commands.replace("/root/lost", lost.to_str().unwrap());
    let run = Command::new("sh").args(["-c", &commands]).status();
    assert!(run.unwrap().success(), "{commands}");
    restored().unwrap();
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"lea");
    // The key may be found later.
    assert_eq!(fs::read(lost.join("accounts.db")).unwrap(), sealed);
}

#[test]
fn records_are_revised_again_if_they_are_old_when_the_daemon_stops() {
    for (max_age, expected) in [(Duration::MAX, b"1"), (Duration::ZERO, b"2")] {
        let scratch = with_records(&["lea"]);
        backed_up(&scratch, None).unwrap();
        let source = file(&scratch);
        let options = RestoreOptions {
            max_age,
            ..restoration_of(&source, false)
        };
        let (revisions, stopped) = (Cell::new(0), Cell::new(false));
        let mut revise = |_: &str, _: &[u8], created| {
            assert_eq!(created, NOW);
            revisions.set(revisions.get() + 1);
            assert_eq!(stopped.get(), revisions.get() == 2);
            Some(Zeroizing::new(revisions.get().to_string().into_bytes()))
        };
        let mut stop = || {
            stopped.set(true);
            Ok(())
        };
        let state = scratch.state_dir();
        restore(&state, &options, &mut revise, &mut stop, &mut |_, _| true).unwrap();
        assert_eq!(get(&scratch.store(), "lea").unwrap().0, expected);
    }
}

/// Does what a daemon does that was asked for a rotation.
fn rotate(scratch: &Scratch) -> Result<Option<Rotated>, StoreError> {
    ask_for_rotation(&scratch.state_dir()).unwrap();
    KeyRotation::new(Arc::new(scratch.store()), scratch.state_dir()).run(&mut |_, _| true)
}

#[test]
fn a_restoration_seals_with_the_key_that_a_rotation_leaves() {
    let scratch = with_records(&["lea", "max"]);
    backed_up(&scratch, None).unwrap();
    let source = file(&scratch);
    let options = restoration_of(&source, true);
    let mut revised = 0;
    let mut revise = |_: &str, record: &[u8], _| {
        if revised == 0 {
            rotate(&scratch).unwrap().unwrap();
        }
        revised += 1;
        Some(Zeroizing::new(record.to_vec()))
    };
    let state = scratch.state_dir();
    restore(
        &state,
        &options,
        &mut revise,
        &mut || Ok(()),
        &mut |_, _| true,
    )
    .unwrap();
    assert_eq!(revised, 4);
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"lea");
}

#[test]
fn a_rotation_during_a_backup_waits_for_its_end_and_no_backup_is_made() {
    let scratch = with_records(&["lea", "max"]);
    let target = file(&scratch);
    let options = backup_to(&target);
    let mut checked = 0;
    let mut can_be_read = |_: &str, _: &[u8]| {
        if checked == 0 {
            let refused = rotate(&scratch).unwrap_err();
            assert!(matches!(refused, StoreError::Busy { .. }), "{refused}");
        }
        checked += 1;
        true
    };
    let state = scratch.state_dir();
    let refused = back_up(&state, &options, &mut can_be_read, &mut |_, _| true).unwrap_err();
    assert!(matches!(refused, BackupError::Rotating), "{refused}");
    assert_eq!(checked, 2);
    assert!(!target.exists());
    // A start does what the rotation lacks.
    drop(scratch.store());
    assert!(!scratch.file("key.next").exists());
    backed_up(&scratch, None).unwrap();
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_gives_no_backup() {
    let scratch = with_records(&["lea", "max"]);
    let target = file(&scratch);
    let options = backup_to(&target);
    let mut is_lea = |user: &str, record: &[u8]| user == "lea" && record == b"lea";
    let state = scratch.state_dir();
    match back_up(&state, &options, &mut is_lea, &mut |_, _| true) {
        Err(BackupError::RecordsDamaged(users)) => assert_eq!(users, ["max"]),
        other => panic!("{other:?}"),
    }
    assert!(!target.exists());
}

#[test]
fn a_store_that_serves_is_not_replaced() {
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    let store = scratch.store();
    let refused = restored(&scratch, &file(&scratch), None, true).unwrap_err();
    assert!(matches!(refused, BackupError::Running(_)), "{refused}");
    let (_, revision) = get(&store, "lea").unwrap();
    put(&store, "lea", b"still served", revision);
    drop(store);
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"still served");
    assert!(
        scratch
            .picture()
            .iter()
            .all(|(name, _)| !name.contains("restore"))
    );
}

#[test]
fn a_backup_that_others_could_have_replaced_is_not_restored() {
    let scratch = with_records(&["alice"]);
    backed_up(&scratch, None).unwrap();
    let path = file(&scratch);
    let link = path.with_extension("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let followed = restored(&scratch, &link, None, true);
    assert!(matches!(followed, Err(BackupError::Link(named)) if named == link));
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = restored(&scratch, &path, None, true);
        assert!(matches!(refused, Err(BackupError::OfOthers(_))), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(restored(&scratch, &path, None, true).is_ok());
    // In a directory of others, these rename one backup over another.
    let folder = path.with_extension("folder");
    fs::create_dir(&folder).unwrap();
    let inside = folder.join("backup");
    fs::copy(&path, &inside).unwrap();
    let link = path.with_extension("way");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    for (mode, is_restored) in [
        (0o755, true),
        (0o1777, true),
        (0o775, false),
        (0o777, false),
    ] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        for path in [&inside, &link.join("backup")] {
            match restored(&scratch, path, None, true) {
                Err(BackupError::OfOthers(named)) => assert!(!is_restored && named == folder),
                result => assert!(is_restored && result.is_ok(), "{mode:o}"),
            }
        }
    }
    // Only root can give a file away.
    if std::os::unix::fs::chown(&path, Some(65_534), None).is_ok() {
        let refused = restored(&scratch, &path, None, true);
        assert!(matches!(refused, Err(BackupError::OfOthers(_))));
    }
}

#[test]
fn what_is_not_a_backup_changes_nothing() {
    let scratch = with_records(&["lea"]);
    let before = scratch.picture();
    let source = file(&scratch);
    for (bytes, said) in [
        (&b""[..], "not a backup"),
        (b"SQLite format 3\0", "not a backup"),
        (b"tfa-backup 2\nwhatever it may be", "newer version"),
        (b"tfa-backup 1\n", "cut off"),
        (b"tfa-backup 1\n\xff\xff\xff\xff", "not what was written"),
    ] {
        fs::write(&source, bytes).unwrap();
        let refused = restored(&scratch, &source, None, true).unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
        assert_eq!(scratch.picture(), before);
    }
    fs::remove_file(&source).unwrap();
    nix::unistd::mkfifo(&source, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let refused = restored(&scratch, &source, None, true).unwrap_err();
    assert!(refused.to_string().contains("not a backup"), "{refused}");
    let refused = restored(&scratch, Path::new("/nowhere"), None, true).unwrap_err();
    assert!(
        refused.to_string().contains("/nowhere: No such file"),
        "{refused}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_changed_byte_or_length_is_refused_and_changes_nothing(
        at: prop::sample::Index,
        bit in 0..8_u8,
        cut: prop::sample::Index,
        more: u8,
    ) {
        let scratch = with_records(&["lea", "max"]);
        backed_up(&scratch, None).unwrap();
        let before = scratch.picture();
        let bytes = fs::read(file(&scratch)).unwrap();
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= 1 << bit;
        let cut = bytes[..cut.index(bytes.len())].to_vec();
        let longer = [bytes.as_slice(), &[more]].concat();
        for wrong in [changed, cut, longer] {
            fs::write(file(&scratch), wrong).unwrap();
            prop_assert!(restored(&scratch, &file(&scratch), None, true).is_err());
            prop_assert_eq!(scratch.picture(), before.clone());
        }
        fs::write(file(&scratch), bytes).unwrap();
        prop_assert!(restored(&scratch, &file(&scratch), None, true).is_ok());
    }
}

#[test]
fn a_full_disk_gives_no_backup_and_restores_nothing() {
    if tfa_testkit::skip_without_root("a file system of its own") {
        return;
    }
    let scratch = with_records(&["lea"]);
    let store = scratch.store();
    for number in 0..200 {
        put(&store, &format!("user{number}"), &[7; 9000], Revision::NONE);
    }
    drop(store);
    // A backup on a disk that is too small for it.
    let disk = crate::crash::SmallDisk::new();
    disk.fill_but(1 << 20);
    let target = disk.scratch.file("backup");
    let options = backup_to(&target);
    let names = || disk.scratch.picture().into_iter().map(|(name, _)| name);
    let mut can_be_read = |_: &str, _: &[u8]| true;
    let state = scratch.state_dir();
    let full = back_up(&state, &options, &mut can_be_read, &mut |_, _| true).unwrap_err();
    assert!(full.to_string().contains("No space left"), "{full}");
    assert_eq!(names().collect::<Vec<_>>(), ["filler"]);
    disk.free();
    // A restoration on such a disk.
    backed_up(&scratch, Some("twelve letters")).unwrap();
    drop(disk.scratch.store());
    let before = names().collect::<Vec<_>>();
    let database = fs::read(disk.scratch.file("accounts.db")).unwrap();
    disk.fill_but(1 << 20);
    let full = restored(&disk.scratch, &file(&scratch), Some("twelve letters"), true).unwrap_err();
    assert!(full.to_string().contains("full"), "{full}");
    disk.free();
    assert_eq!(names().collect::<Vec<_>>(), before);
    assert_eq!(
        fs::read(disk.scratch.file("accounts.db")).unwrap(),
        database
    );
    restored(
        &disk.scratch,
        &file(&scratch),
        Some("twelve letters"),
        false,
    )
    .unwrap();
    assert_eq!(get(&disk.scratch.store(), "user7").unwrap().0, [7; 9000]);
}

#[test]
fn a_changed_backup_with_a_right_checksum_is_a_forgery() {
    use sha2::Digest as _;
    let scratch = with_records(&["lea"]);
    backed_up(&scratch, None).unwrap();
    let before = scratch.picture();
    let bytes = fs::read(file(&scratch)).unwrap();
    // The checksum, and the sealed checksum with its version, nonce and tag.
    let (body, end) = bytes.split_at(bytes.len() - 32 - (1 + 24 + 32 + 16));
    let at = body.windows(3).position(|window| window == b"one").unwrap();
    let mut forged = body.to_vec();
    forged[at] = b'x';
    let checksum = sha2::Sha256::digest(&forged);
    forged.extend_from_slice(&checksum);
    forged.extend_from_slice(&end[32..]);
    fs::write(file(&scratch), forged).unwrap();
    let refused = restored(&scratch, &file(&scratch), None, true).unwrap_err();
    assert!(
        refused.to_string().contains("not what was written"),
        "{refused}"
    );
    assert_eq!(scratch.picture(), before);
}
