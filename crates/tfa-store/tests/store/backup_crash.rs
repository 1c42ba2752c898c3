//! Restorations that are killed: the database is the old one or the new one.

use tfa_store::{Revision, restore};
use zeroize::Zeroizing;

use crate::backup::{backed_up, file, restoration_of, restored};
use crate::kills::Kills;
use crate::scratch::{Scratch, child_word, get, put};

/// Restores once, and prints where it is: it writes the new database, and then replaces the old one.
#[test]
fn child_restores_until_it_is_killed() {
    let Some(state) = child_word() else { return };
    let scratch = std::mem::ManuallyDrop::new(Scratch::of(state.into()));
    let source = file(&scratch);
    let options = restoration_of(&source, true);
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

#[test]
fn kill_9_during_a_restoration_leaves_the_old_or_the_new_state() {
    const ROUNDS: u32 = 40;
    let test = "backup_crash::child_restores_until_it_is_killed";
    for word in ["writes", "replaces"] {
        let mut kills = Kills::of(test, word, &with_backup());
        while kills.go_on(ROUNDS) {
            let scratch = with_backup();
            kills.kill(&scratch);
            let store = scratch.store();
            let records: Vec<Vec<u8>> = (0..50)
                .map(|number| get(&store, &format!("user{number}")).unwrap().0)
                .collect();
            assert!(records.iter().all(|record| *record == records[0]));
            match records[0].as_slice() {
                b"of the backup" => kills.was_too_late(true),
                b"of later" => kills.was_too_late(false),
                other => panic!("{other:?}"),
            }
            drop(store);
            // What the kill left does not stay after the next one.
            restored(&scratch, &file(&scratch), None, true).unwrap();
            let names = scratch.picture().into_iter().map(|(name, _)| name);
            assert_eq!(names.collect::<Vec<_>>(), ["accounts.db", "key", "key.id"]);
        }
    }
}
