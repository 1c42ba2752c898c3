//! Crashes and full disks: a change is there whole or not at all, and there if it was said to be.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tfad::store::{Commit, Place, Revision, SqliteStore, Store, StoreError};

use crate::scratch::{Scratch, child, child_word, get, open, put};

/// What a user's record says after so many steps; every seventh step removes it.
fn after(step: u64) -> Option<Vec<u8>> {
    (!step.is_multiple_of(7)).then(|| step.to_le_bytes().repeat(60))
}

/// Takes steps for ever: says before each which one comes, and after it that it is done.
async fn walk(store: Arc<SqliteStore>, user: String) {
    let (mut step, mut revision) = (0, Revision::NONE);
    loop {
        step += 1;
        println!("{user} begins {step}");
        let outcome = match after(step) {
            Some(record) => store.commit(&user, &record, revision).await,
            None => store.remove(&user, Some(revision)).await,
        };
        let Commit::Committed(new) = outcome.unwrap() else {
            panic!("{user}: a conflict")
        };
        revision = new;
        println!("{user} done {step}");
    }
}

#[tokio::test]
async fn child_walks_until_it_is_killed() {
    let Some(state) = child_word() else { return };
    let store = Arc::new(
        open(&Place {
            state: state.into(),
            credentials: None,
        })
        .store,
    );
    let walks: Vec<_> = (0..8)
        .map(|n| tokio::spawn(walk(Arc::clone(&store), format!("user{n}"))))
        .collect();
    for walk in walks {
        walk.await.unwrap();
    }
}

#[tokio::test]
async fn kill_9_between_any_two_writes_leaves_before_or_after() {
    let mut steps = 0;
    for round in 0..60 {
        let scratch = Scratch::new();
        let state = scratch.state().display().to_string();
        let mut child = child("crash::child_walks_until_it_is_killed", &state)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Killed after so many lines, while it runs on: nobody knows where.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said: Vec<String> = lines
            .by_ref()
            .take(5 + 23 * round)
            .map(Result::unwrap)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines.map(Result::unwrap));
        let (mut begun, mut done) = (HashMap::<_, u64>::new(), HashMap::<_, u64>::new());
        for line in &said {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                [user, "begins", step] => begun.insert(user, step.parse().unwrap()),
                [user, "done", step] => done.insert(user, step.parse().unwrap()),
                _ => None,
            };
        }
        let store = scratch.store();
        for (user, begun) in begun {
            let done = done.get(user).copied().unwrap_or(0);
            let found = get(&store, user).await.map(|(record, _)| record);
            assert!(
                found == after(done) || found == after(begun),
                "round {round}: {user} did {done}, began {begun}, found {found:?}"
            );
            steps += done;
        }
        put(&store, "afterwards", b"one", Revision::NONE).await;
    }
    assert!(steps > 10_000, "only {steps} steps were taken in all");
}

#[tokio::test]
async fn a_log_that_is_cut_off_anywhere_leaves_before_or_after() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let mut revision = Revision::NONE;
    for step in 1..=9_u8 {
        revision = put(&store, "lea", &[step; 100], revision).await;
    }
    let copy = scratch.state().with_file_name("copy");
    copy_of(&scratch.state(), &copy);
    store.close().await;
    let log = fs::read(copy.join("accounts.db-wal")).unwrap();
    let mut last = 0;
    for length in (0..=log.len()).step_by(997).chain([log.len()]) {
        let _ = fs::remove_dir_all(scratch.state());
        copy_of(&copy, &scratch.state());
        fs::write(scratch.file("accounts.db-wal"), &log[..length]).unwrap();
        fs::remove_file(scratch.file("accounts.db-shm")).unwrap();
        let found = get(&scratch.store(), "lea").await;
        let step = found.map_or(0, |(record, revision)| {
            assert_eq!(record, [record[0]; 100]);
            assert_eq!(revision, Revision::new(record[0].into()));
            record[0]
        });
        assert!(step >= last, "a longer log says less: {step} after {last}");
        last = step;
    }
    assert_eq!(last, 9);
}

/// A copy by another process: closing a file in this one drops the locks on it.
fn copy_of(from: &Path, to: &Path) {
    assert!(
        Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(to)
            .status()
            .unwrap()
            .success()
    );
}

/// A small file system of its own.
struct SmallDisk(Scratch);

impl SmallDisk {
    fn new() -> Self {
        let scratch = Scratch::new();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs"])
            .arg(scratch.made_state())
            .status();
        assert!(
            mount.unwrap().success(),
            "this test mounts a file system: run it as root"
        );
        Self(scratch)
    }

    /// Leaves nothing free; whoever frees it again removes this file.
    fn fill(&self) {
        let filler = fs::File::create(self.0.file("filler")).unwrap();
        for block in [4096, 1] {
            while std::io::Write::write_all(&mut &filler, &vec![1; block]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.file("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.state()).status();
    }
}

#[tokio::test]
async fn a_full_disk_commits_nothing_and_says_so_and_the_store_goes_on() {
    let disk = SmallDisk::new();
    let store = Arc::new(disk.0.store());
    let mut revisions = Vec::new();
    for number in 0..64 {
        let user = format!("user{number}");
        revisions.push(put(&*store, &user, b"before", Revision::NONE).await);
    }
    disk.fill();
    let commits: Vec<_> = revisions
        .iter()
        .enumerate()
        .map(|(number, &revision)| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store
                    .commit(&format!("user{number}"), &[7; 20_000], revision)
                    .await
            })
        })
        .collect();
    for commit in commits {
        let outcome = commit.await.unwrap();
        let Err(StoreError::Unavailable { why }) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(why.contains("full"), "{why}");
    }
    for (number, revision) in revisions.iter().enumerate() {
        let found = get(&*store, &format!("user{number}")).await;
        assert_eq!(found, Some((b"before".to_vec(), *revision)));
    }
    disk.free();
    let revision = put(&*store, "user0", b"after", revisions[0]).await;
    store.close().await;
    let again = disk.0.store();
    assert_eq!(
        get(&again, "user0").await,
        Some((b"after".to_vec(), revision))
    );
    assert_eq!(
        get(&again, "user1").await,
        Some((b"before".to_vec(), revisions[1]))
    );
}

#[tokio::test]
async fn a_disk_that_fills_up_at_any_point_keeps_what_was_acknowledged() {
    let disk = SmallDisk::new();
    let store = disk.0.store();
    let (mut revision, mut size) = (Revision::NONE, 1000);
    let mut failed = 0;
    while failed < 5 {
        let record = vec![size as u8; size];
        match store.commit("lea", &record, revision).await {
            Ok(Commit::Committed(new)) => revision = new,
            Ok(Commit::Conflict) => panic!("a conflict"),
            Err(_) => failed += 1,
        }
        if failed == 0 {
            size += 1000;
        }
    }
    let found = get(&store, "lea").await;
    assert_eq!(found.as_ref().unwrap().1, revision);
    drop(store);
    assert_eq!(get(&disk.0.store(), "lea").await, found);
}

#[test]
fn a_first_start_on_a_full_disk_says_so_and_works_later() {
    let disk = SmallDisk::new();
    disk.fill();
    let refusal = disk.0.refusal();
    assert!(
        matches!(refusal, StoreError::Unavailable { .. }),
        "{refusal}"
    );
    disk.free();
    drop(disk.0.store());
}
