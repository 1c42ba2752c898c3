//! Restorations that are killed: the database is the old one or the new one.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tfa_store::{RestoreOptions, Revision, restore};
use zeroize::Zeroizing;

use crate::backup::{NOW, backed_up, file, restored};
use crate::scratch::{Scratch, child, child_word, get, put};

/// Restores once, and prints where it is: it writes the new database, and then replaces the old one.
#[test]
fn child_restores_until_it_is_killed() {
    let Some(state) = child_word() else { return };
    let scratch = std::mem::ManuallyDrop::new(Scratch::of(state.into()));
    let source = file(&scratch);
    let options = RestoreOptions {
        source: &source,
        passphrase: None,
        force: true,
        now: NOW,
        max_age: Duration::MAX,
    };
    println!("writes");
    let mut stop = || {
        println!("replaces");
        Ok(())
    };
    let mut keep = |_: &str, record: &[u8], _| Some(Zeroizing::new(record.to_vec()));
    restore(
        &scratch.state_dir(),
        &options,
        &mut keep,
        &mut stop,
        &mut |_, _| true,
    )
    .unwrap();
    println!("done");
}

/// A host with a backup, and with later records.
fn with_backup() -> Scratch {
    let scratch = Scratch::new();
    let commit = |record: &[u8]| {
        let store = scratch.store();
        for number in 0..50 {
            let user = format!("user{number}");
            let before = get(&store, &user).map_or(Revision::NONE, |(_, revision)| revision);
            put(&store, &user, record, before);
        }
    };
    commit(b"of the backup");
    backed_up(&scratch, None).unwrap();
    commit(b"of later");
    scratch
}

/// Restores in another process, and kills it so long after it has printed this word. Returns how long
/// that word came before the end, if it came to the end.
fn restore_and_kill(scratch: &Scratch, word: &str, after: Duration) -> Option<Duration> {
    let mut child = child(
        "backup_crash::child_restores_until_it_is_killed",
        &scratch.state().display().to_string(),
    )
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with(word) {}
    let start = Instant::now();
    if after < Duration::MAX {
        sleep(after);
        child.kill().unwrap();
    }
    let is_done = lines.any(|line| line.is_ok_and(|line| line.ends_with("done")));
    child.wait().unwrap();
    is_done.then(|| start.elapsed())
}

#[test]
fn kill_9_during_a_restoration_leaves_the_old_or_the_new_state() {
    const ROUNDS: u32 = 40;
    for word in ["writes", "replaces"] {
        let (mut old, mut new) = (0, 0);
        let took = restore_and_kill(&with_backup(), word, Duration::MAX).unwrap();
        // Each kill is later than the one before, until one is too late. So the kills sweep over the
        // time before the end several times, however long it is on a busy host.
        let mut after = Duration::ZERO;
        for _ in 0..ROUNDS {
            let scratch = with_backup();
            restore_and_kill(&scratch, word, after);
            let store = scratch.store();
            let records: Vec<Vec<u8>> = (0..50)
                .map(|number| get(&store, &format!("user{number}")).unwrap().0)
                .collect();
            assert!(records.iter().all(|record| *record == records[0]));
            match records[0].as_slice() {
                b"of the backup" => {
                    new += 1;
                    after = after.saturating_sub(took / 2);
                }
                b"of later" => {
                    old += 1;
                    after += took / 8;
                }
                other => panic!("{other:?}"),
            }
            drop(store);
            // What the kill left does not stay after the next one.
            restored(&scratch, &file(&scratch), None, true).unwrap();
            let names = scratch.picture().into_iter().map(|(name, _)| name);
            assert_eq!(names.collect::<Vec<_>>(), ["accounts.db", "key", "key.id"]);
        }
        assert!(old > 2 && new > 2, "{word}: {old} old, {new} new");
    }
}
