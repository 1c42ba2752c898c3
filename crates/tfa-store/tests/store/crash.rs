//! Crashes and full disks: a change is stored whole or not at all, and stored if it was reported.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use tfa_store::{Commit, Revision, Sealed, SqliteStore, StateDir, Store, StoreError};
use tfa_testkit::skip_without_root;

use crate::scratch::{Scratch, child, child_word, find, get, open, pages_in_log, put, uid, uid_of};

/// A user's record after so many steps; every seventh step removes it.
fn after(step: u64) -> Option<Vec<u8>> {
    (!step.is_multiple_of(7)).then(|| step.to_le_bytes().repeat(60))
}

/// Takes steps without end, and prints before and after each one which it is.
fn walk(store: Arc<Sealed<SqliteStore>>, user: String) {
    let (mut step, mut revision) = (0, Revision::NONE);
    loop {
        step += 1;
        println!("{user} begins {step}");
        let outcome = match after(step) {
            Some(record) => store.commit(&user, uid(&user), &record, revision),
            None => store.remove(&user, Some(revision)),
        };
        let Commit::Committed(new) = outcome.unwrap() else {
            panic!("{user}: a conflict")
        };
        revision = new;
        println!("{user} done {step}");
    }
}

#[test]
fn child_walks_until_it_is_killed() {
    let Some(state) = child_word() else { return };
    let store = Arc::new(
        open(&StateDir {
            path: state.into(),
            credentials: None,
        })
        .store,
    );
    let walks: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || walk(store, format!("user{n}")))
        })
        .collect();
    for walk in walks {
        walk.join().unwrap();
    }
}

/// The output of a walking child: for each user the last step begun and the last one done.
#[derive(Default)]
struct Told(HashMap<String, (u64, u64)>);

impl Told {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let [user, what, step] = words[..] else {
            return;
        };
        let Ok(step) = step.parse() else { return };
        let (begun, done) = self.0.entry(user.to_owned()).or_default();
        match what {
            "begins" => *begun = step,
            "done" => *done = step,
            _ => {}
        }
    }

    fn steps(&self) -> u64 {
        self.0.values().map(|(_, done)| done).sum()
    }

    /// Checks that each user's record is that of the last step done, or of the one begun.
    fn holds_in(&self, store: &Sealed<SqliteStore>) {
        for (user, &(begun, done)) in &self.0 {
            let found = get(store, user).map(|(record, _)| record);
            assert!(
                found == after(done) || found == after(begun),
                "{user} did {done}, began {begun}, found {found:?}"
            );
            let by_uid = find(store, uid(user));
            assert_eq!(by_uid.as_ref(), found.is_some().then_some(user));
        }
        put(store, "afterwards", b"one", Revision::NONE);
    }
}

/// A walking child, and its output.
fn walking(state: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = child(
        "crash::child_walks_until_it_is_killed",
        &state.display().to_string(),
    )
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

#[test]
fn kill_9_between_two_writes_leaves_a_whole_record() {
    let mut steps = 0;
    for round in 0..40 {
        let scratch = Scratch::new();
        let (mut child, mut lines) = walking(&scratch.state());
        // Killed after so many lines, while it runs: at an unknown point.
        let mut told = Told::default();
        lines
            .by_ref()
            .take(5 + 19 * round)
            .for_each(|line| told.hear(&line.unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(|line| told.hear(&line.unwrap()));
        told.holds_in(&scratch.store());
        steps += told.steps();
    }
    assert!(steps > 5000, "only {steps} steps were taken in all");
}

#[test]
fn child_commits_until_it_is_killed() {
    let Some(state) = child_word() else { return };
    let store = open(&StateDir {
        path: state.into(),
        credentials: None,
    })
    .store;
    let mut revision = get(&store, "lea").map_or(Revision::NONE, |it| it.1);
    loop {
        revision = put(&store, "lea", b"one", revision);
        println!("revision {revision}");
    }
}

#[test]
fn revisions_grow_over_every_kill_9() {
    let scratch = Scratch::new();
    let mut last = 0;
    for round in 0..30 {
        let mut child = child(
            "crash::child_commits_until_it_is_killed",
            &scratch.state().display().to_string(),
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut given = lines.filter_map(|line| {
            let line = line.unwrap();
            line.split_once("revision ")?.1.parse().ok()
        });
        let mut grows = |revision: u64| {
            assert!(revision > last, "{revision} after {last} in round {round}");
            last = revision;
        };
        given.by_ref().take(1 + round).for_each(&mut grows);
        child.kill().unwrap();
        child.wait().unwrap();
        given.for_each(&mut grows);
        // A commit that was not reported has a revision, too.
        let (_, revision) = get(&scratch.store(), "lea").unwrap();
        last = last.max(revision.get());
    }
}

/// Runs a command that must succeed.
fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// A mounted file system; unmounted on drop.
struct Mount(PathBuf);

impl Mount {
    fn new(options: &[&str], what: &Path, place: &Path) -> Self {
        fs::create_dir_all(place).unwrap();
        run(Command::new("mount").args(options).arg(what).arg(place));
        Self(place.to_owned())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Stops a child, and waits until all its threads are stopped.
fn stop(child: &Child) {
    run(Command::new("kill").args(["-STOP", &child.id().to_string()]));
    let stands = |thread: PathBuf| {
        let stat = fs::read_to_string(thread.join("stat")).unwrap();
        stat.rsplit(')').next().unwrap().starts_with(" T")
    };
    let all_stand = || {
        let mut threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
        threads.all(|thread| stands(thread.unwrap().path()))
    };
    while !all_stand() {
        std::thread::yield_now();
    }
}

/// The disk is a file system in a file. A power cut leaves what has reached that file: changes that were
/// not synchronised are still in the memory of the file system inside.
#[test]
fn power_cut_keeps_what_was_acknowledged() {
    if skip_without_root("a loop device") {
        return;
    }
    for round in 0..12 {
        let scratch = Scratch::new();
        let [disk, after_cut, place] =
            ["disk", "after", "mounted"].map(|name| scratch.state().with_file_name(name));
        fs::File::create(&disk).unwrap().set_len(16 << 20).unwrap();
        run(Command::new("mkfs.ext4")
            .args(["-q", "-E", "lazy_itable_init=0"])
            .arg(&disk));
        let mut told = Told::default();
        {
            let _mounted = Mount::new(&["-o", "loop"], &disk, &place);
            let (mut child, mut lines) = walking(&place.join("state"));
            lines
                .by_ref()
                .take(7 + 41 * round)
                .for_each(|line| told.hear(&line.unwrap()));
            // It is stopped while the copy is made.
            stop(&child);
            fs::copy(&disk, &after_cut).unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            lines.for_each(|line| told.hear(&line.unwrap()));
        }
        let _mounted = Mount::new(&["-o", "loop"], &after_cut, &place);
        let store = open(&StateDir {
            path: place.join("state"),
            credentials: None,
        })
        .store;
        told.holds_in(&store);
    }
}

#[test]
fn truncated_log_leaves_a_whole_record() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let mut revision = Revision::NONE;
    for step in 1..=9_u8 {
        revision = put(&store, "lea", &[step; 100], revision);
    }
    // The space ahead of the log is allocated beside the commits.
    let end = 32 + 4120 * u64::try_from(pages_in_log(&scratch)).unwrap();
    while fs::metadata(scratch.file("accounts.db-wal")).unwrap().len() <= end {
        std::thread::yield_now();
    }
    let copy = scratch.state().with_file_name("copy");
    copy_of(&scratch.state(), &copy);
    store.close();
    let log = fs::read(copy.join("accounts.db-wal")).unwrap();
    // The file is longer than the log in it.
    let end = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    assert!(end < log.len());
    let mut last = 0;
    for length in (0..=end).step_by(997).chain([end, log.len()]) {
        let _ = fs::remove_dir_all(scratch.state());
        copy_of(&copy, &scratch.state());
        fs::write(scratch.file("accounts.db-wal"), &log[..length]).unwrap();
        fs::remove_file(scratch.file("accounts.db-shm")).unwrap();
        let found = get(&scratch.store(), "lea");
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
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

/// A small file system of its own.
pub(crate) struct SmallDisk {
    _mounted: Mount,
    pub(crate) scratch: Scratch,
}

impl SmallDisk {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        let options = ["-t", "tmpfs", "-o", "size=4m,mode=700"];
        let mounted = Mount::new(&options, Path::new("tmpfs"), &scratch.state());
        Self {
            scratch,
            _mounted: mounted,
        }
    }

    /// Fills all but so many bytes; [`SmallDisk::free`] frees them.
    pub(crate) fn fill_but(&self, rest: u64) {
        let filler = fs::File::create(self.scratch.file("filler")).unwrap();
        while std::io::Write::write_all(&mut &filler, &[1; 4096]).is_ok() {}
        filler
            .set_len(filler.metadata().unwrap().len() - rest)
            .unwrap();
    }

    /// Removes the filler, and waits until its space is free: a process that another test has just
    /// forked holds the descriptor of the filler until it executes its program.
    pub(crate) fn free(&self) {
        let filler = self.scratch.file("filler");
        let disk = filler.parent().unwrap();
        let free = || nix::sys::statvfs::statvfs(disk).unwrap().blocks_free();
        let before = free();
        let is_empty = fs::metadata(&filler).unwrap().len() == 0;
        fs::remove_file(&filler).unwrap();
        for _ in 0..1_000_000 {
            if is_empty || free() > before {
                break;
            }
            std::thread::yield_now();
        }
    }
}

#[test]
fn full_disk_refuses_commits_until_there_is_space() {
    let disk = SmallDisk::new();
    let store = Arc::new(disk.scratch.store());
    let mut revisions = Vec::new();
    for number in 0..64 {
        let user = format!("user{number}");
        revisions.push(put(&*store, &user, b"before", Revision::NONE));
    }
    disk.fill_but(0);
    let commits: Vec<_> = revisions
        .iter()
        .enumerate()
        .map(|(number, &revision)| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                store.commit(
                    &format!("user{number}"),
                    uid(&format!("user{number}")),
                    &[7; 40_000],
                    revision,
                )
            })
        })
        .collect();
    let mut refused = 0;
    let mut held = vec![b"before".to_vec(); revisions.len()];
    for (number, commit) in commits.into_iter().enumerate() {
        let outcome = commit.join().unwrap();
        let found = get(&*store, &format!("user{number}")).unwrap();
        match outcome {
            Err(StoreError::DiskFull { why }) => {
                assert!(why.contains("full"), "{why}");
                assert_eq!(found, (b"before".to_vec(), revisions[number]));
                refused += 1;
            }
            // There was space in the log, or it was emptied after the first refusal.
            Ok(Commit::Committed(revision)) => {
                assert!(found == (vec![7; 40_000], revision));
                revisions[number] = revision;
                held[number] = vec![7; 40_000];
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0, "it was not full");
    disk.free();
    let revision = put(&*store, "user0", b"after", revisions[0]);
    store.close();
    let again = disk.scratch.store();
    assert_eq!(get(&again, "user0"), Some((b"after".to_vec(), revision)));
    for number in 1..revisions.len() {
        let found = get(&again, &format!("user{number}")).unwrap();
        assert!(found == (held[number].clone(), revisions[number]));
    }
}

#[test]
fn disk_that_fills_up_keeps_what_was_acknowledged() {
    let disk = SmallDisk::new();
    let store = disk.scratch.store();
    let (mut revision, mut size) = (Revision::NONE, 1000);
    let mut failed = 0;
    while failed < 5 {
        let record = vec![size as u8; size];
        match store.commit("lea", uid("lea"), &record, revision) {
            Ok(Commit::Committed(new)) => revision = new,
            Ok(Commit::Conflict) => panic!("a conflict"),
            Err(_) => failed += 1,
        }
        if failed == 0 {
            size += 1000;
        }
    }
    let found = get(&store, "lea");
    assert_eq!(found.as_ref().unwrap().1, revision);
    drop(store);
    assert_eq!(get(&disk.scratch.store(), "lea"), found);
}

#[test]
fn first_start_on_a_full_disk_is_refused_and_works_later() {
    let mut refusals = 0;
    for rest in (0..200).step_by(4) {
        let disk = SmallDisk::new();
        disk.fill_but(rest << 10);
        match tfa_store::open(&disk.scratch.state_dir(), uid_of) {
            Ok(_) => {}
            Err(refusal) => {
                assert!(
                    matches!(refusal, StoreError::DiskFull { .. } | StoreError::Io { .. }),
                    "{refusal}"
                );
                refusals += 1;
            }
        }
        disk.free();
        let store = disk.scratch.store();
        assert!(store.key_lost().is_none());
        put(&store, "lea", b"one", Revision::NONE);
    }
    assert!((10..45).contains(&refusals), "{refusals} refusals");
}
