//! Real files that change after, or while, they are examined.

#![cfg(test)]

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tfa_file_state::{Examination, FileStates};

/// A folder with two files, a link to the first one, and a folder with a file; removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-file-state-{}-{count}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.at("below")).unwrap();
        for (name, text) in [("one", "yes"), ("two", "no!"), ("below/file", "yes")] {
            folder.write(name, text);
        }
        symlink(folder.at("one"), folder.at("link")).unwrap();
        folder.pass_a_tick();
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    /// Waits until a change of a file has another time than the last one.
    fn pass_a_tick(&self) {
        let time = || {
            self.write("clock", "");
            let clock = fs::metadata(self.at("clock")).unwrap();
            fs::remove_file(self.at("clock")).unwrap();
            (clock.ctime(), clock.ctime_nsec())
        };
        let start = time();
        while time() == start {}
    }

    /// Examines what the change of a test may concern.
    fn states(&self) -> Option<FileStates> {
        let examination = in_an_hour();
        for name in ["one", "link", "absent", "below", "below/file", "none/file"] {
            examination.state(&self.at(name));
        }
        examination.read(&self.at("link")).unwrap();
        examination.finish()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The files were written now, and are examined an hour later.
fn in_an_hour() -> Examination {
    Examination::new(SystemTime::now() + Duration::from_secs(3600))
}

fn writable(path: &Path) -> File {
    OpenOptions::new().write(true).open(path).unwrap()
}

#[test]
fn each_change_of_a_path_is_seen() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 12] = [
        ("written in place, with the same size", |folder| {
            let file = writable(&folder.at("one"));
            file.write_all_at(b"no!", 0).unwrap();
        }),
        ("written in place, and the time set back", |folder| {
            let time = fs::metadata(folder.at("one")).unwrap().modified().unwrap();
            let file = writable(&folder.at("one"));
            file.write_all_at(b"no!", 0).unwrap();
            file.set_modified(time).unwrap();
        }),
        ("replaced by one of the same size and time", |folder| {
            let time = fs::metadata(folder.at("one")).unwrap().modified().unwrap();
            writable(&folder.at("two")).set_modified(time).unwrap();
            fs::rename(folder.at("two"), folder.at("one")).unwrap();
        }),
        ("the link leads elsewhere", |folder| {
            symlink(folder.at("two"), folder.at("new")).unwrap();
            fs::rename(folder.at("new"), folder.at("link")).unwrap();
        }),
        ("the link leads nowhere", |folder| {
            symlink(folder.at("gone"), folder.at("new")).unwrap();
            fs::rename(folder.at("new"), folder.at("link")).unwrap();
        }),
        ("removed", |folder| {
            fs::remove_file(folder.at("one")).unwrap();
        }),
        ("created", |folder| folder.write("absent", "")),
        ("a folder created", |folder| {
            fs::create_dir(folder.at("absent")).unwrap();
        }),
        ("a file created in a folder", |folder| {
            folder.write("below/new", "")
        }),
        ("its folder replaced", |folder| {
            fs::rename(folder.at("below"), folder.at("before")).unwrap();
            fs::create_dir(folder.at("below")).unwrap();
            fs::hard_link(folder.at("before/file"), folder.at("below/file")).unwrap();
        }),
        ("created with its folder", |folder| {
            fs::create_dir(folder.at("none")).unwrap();
            folder.write("none/file", "");
        }),
        ("other permissions", |folder| {
            fs::set_permissions(folder.at("one"), Permissions::from_mode(0o600)).unwrap();
        }),
    ];
    for (name, change) in changes {
        let folder = Folder::new();
        let states = folder.states().unwrap();
        folder.pass_a_tick();
        assert!(states.are_unchanged(), "{name}");
        change(&folder);
        assert!(!states.are_unchanged(), "{name}");
    }
}

#[test]
fn file_that_has_just_changed_is_not_kept() {
    let folder = Folder::new();
    let second = |seconds: u64| Duration::from_secs(seconds);
    let now = SystemTime::now();
    // The time of modification can be set, and the time of change cannot.
    let file = writable(&folder.at("one"));
    file.set_modified(UNIX_EPOCH).unwrap();
    for (time, is_kept) in [
        (UNIX_EPOCH, false),
        (now - second(3600), false),
        (now, false),
        (now + second(1), false),
        (now + second(5), true),
    ] {
        let examination = Examination::new(time);
        examination.state(&folder.at("one"));
        assert_eq!(examination.finish().is_some(), is_kept, "{time:?}");
    }
    // One that was changed in the future may change then again.
    file.set_modified(now + second(7200)).unwrap();
    assert!(folder.states().is_none());
}

#[test]
fn file_that_changes_while_it_is_examined_is_not_kept() {
    let folder = Folder::new();
    let examination = in_an_hour();
    examination.state(&folder.at("one"));
    folder.pass_a_tick();
    folder.write("one", "no!");
    assert!(examination.finish().is_none());
    // Another file was read than the one that is there before and after.
    let lead = |target: &str| {
        symlink(folder.at(target), folder.at("new")).unwrap();
        fs::rename(folder.at("new"), folder.at("link")).unwrap();
    };
    let examination = in_an_hour();
    examination.state(&folder.at("link"));
    lead("two");
    assert_eq!(examination.read(&folder.at("link")).unwrap(), b"no!");
    lead("one");
    assert!(examination.finish().is_none());
    // It was created, and is gone again.
    let examination = in_an_hour();
    examination.state(&folder.at("absent"));
    folder.write("absent", "yes");
    assert_eq!(examination.read(&folder.at("absent")).unwrap(), b"yes");
    fs::remove_file(folder.at("absent")).unwrap();
    assert!(examination.finish().is_none());
}

#[test]
fn path_is_looked_at_once() {
    let folder = Folder::new();
    let examination = in_an_hour();
    let before = examination.state(&folder.at("absent"));
    folder.write("absent", "");
    assert_eq!(examination.state(&folder.at("absent")), before);
}

#[test]
fn errors_are_not_kept() {
    let folder = Folder::new();
    // Too many links: it is not known what is there.
    symlink(folder.at("loop"), folder.at("loop")).unwrap();
    let examination = in_an_hour();
    assert!(examination.state(&folder.at("loop")).is_none());
    assert!(examination.finish().is_none());
    let examination = in_an_hour();
    assert!(examination.state(&folder.at("loop")).is_none());
    fs::remove_file(folder.at("loop")).unwrap();
    assert!(examination.finish().is_none());
    // A path that was absent cannot be examined any more.
    let states = folder.states().unwrap();
    symlink(folder.at("absent"), folder.at("absent")).unwrap();
    assert!(!states.are_unchanged());
    fs::remove_file(folder.at("absent")).unwrap();
    // A folder can be opened and not read.
    let examination = in_an_hour();
    examination.read(&folder.at("below")).unwrap_err();
    assert!(examination.finish().is_none());
}

#[test]
fn file_systems_without_exact_times_are_not_kept() {
    let examination = in_an_hour();
    assert!(examination.state(Path::new("/proc/version")).is_some());
    assert!(!examination.may_be_kept());
    assert!(examination.finish().is_none());
}

#[test]
fn number_of_paths_is_bounded() {
    let folder = Folder::new();
    for (paths, is_kept) in [(512, true), (513, false)] {
        let examination = in_an_hour();
        for number in 0..paths {
            examination.state(&folder.at(&number.to_string()));
        }
        assert_eq!(examination.finish().is_some(), is_kept);
    }
}

#[test]
fn kinds_of_files_are_told_apart() {
    let folder = Folder::new();
    let examination = in_an_hour();
    let state = |path: &Path| examination.state(path).unwrap();
    let file = state(&folder.at("link"));
    assert!(file.is_file() && !file.is_folder() && file.size() == 3);
    assert!(state(&folder.at("below")).is_folder());
    assert!(state(Path::new("/dev/null")).is_null_device());
    let zero = state(Path::new("/dev/zero"));
    assert!(!zero.is_null_device() && !zero.is_file() && !zero.is_socket());
}
