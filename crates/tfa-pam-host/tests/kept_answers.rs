//! Answers that are kept are those that the present files give, after each change of what libpam reads.

#![cfg(test)]

use std::cell::Cell;
use std::env::consts::ARCH;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use tfa_pam_host::{KeptAnswers, PamHost, Reading};

thread_local! {
    static COMPUTED: Cell<u32> = const { Cell::new(0) };
}

/// An answer that depends on all that was read.
fn all_of(reading: &Reading) -> u64 {
    COMPUTED.set(COMPUTED.get() + 1);
    digest(reading)
}

fn digest(reading: &Reading) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{reading:?}").hash(&mut hasher);
    hasher.finish()
}

/// The files were written now, and are read an hour later.
fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

/// A folder that stands for `/`, removed at the end.
struct Host {
    root: PathBuf,
    answers: KeptAnswers<u64>,
}

impl Host {
    fn new(files: &[(&str, &str)]) -> Self {
        Self::at(files, in_an_hour)
    }

    fn at(files: &[(&str, &str)], now: fn() -> SystemTime) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-kept-answers-{}-{count}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let host = Self {
            answers: KeptAnswers::below(&root, all_of, now),
            root,
        };
        for (path, text) in files {
            host.write(path, text);
        }
        host
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// The answer for a service, and whether it was kept.
    fn ask(&self, service: &str) -> (u64, bool) {
        let before = COMPUTED.get();
        let answer = self.answers.of(service);
        assert_eq!(answer, digest(&PamHost::below(&self.root).read(service)));
        (answer, COMPUTED.get() == before)
    }

    /// Makes a change of what libpam reads for a service.
    fn changes(&self, service: &str, change: impl FnOnce(&Self)) {
        let (before, _) = self.ask(service);
        assert_eq!(self.ask(service), (before, true));
        self.pass_a_tick();
        change(self);
        let (after, is_kept) = self.ask(service);
        assert!(!is_kept && after != before);
    }

    /// Waits until a change of a file has another time than the last one.
    fn pass_a_tick(&self) {
        let time = || {
            self.write("clock", "");
            let clock = fs::metadata(self.path("clock")).unwrap();
            (clock.ctime(), clock.ctime_nsec())
        };
        let start = time();
        while time() == start {}
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).unwrap();
    }
}

const UNIX: &str = "auth required pam_unix.so\n";
const DENY: &str = "auth required pam_deny.so\n";
const TFA: &str = "auth required pam_tfa.so\n";

#[test]
fn each_change_of_a_file_is_in_the_next_answer() {
    let host = Host::new(&[
        ("etc/pam.d/sshd", "@include common-auth\n"),
        ("etc/pam.d/common-auth", UNIX),
        ("srv/deny", DENY),
    ]);
    let common = "etc/pam.d/common-auth";
    // In place, with the same size.
    host.changes("sshd", |host| host.write(common, DENY));
    host.changes("sshd", |host| {
        let time = fs::metadata(host.path(common)).unwrap().modified().unwrap();
        host.write(common, UNIX);
        let file = File::options().write(true).open(host.path(common));
        file.unwrap().set_modified(time).unwrap();
    });
    host.changes("sshd", |host| {
        fs::rename(host.path("srv/deny"), host.path(common)).unwrap();
    });
    // An include is added, of a file that is missing.
    host.changes("sshd", |host| {
        host.write("etc/pam.d/sshd", "@include common-auth\n@include more\n");
    });
    host.changes("sshd", |host| host.write("etc/pam.d/more", TFA));
    host.changes("sshd", |host| host.remove("etc/pam.d/more"));
    host.changes("sshd", |host| {
        host.write("srv/more", UNIX);
        symlink(host.path("srv/more"), host.path("etc/pam.d/more")).unwrap();
    });
    host.changes("sshd", |host| {
        host.write("srv/other", TFA);
        symlink(host.path("srv/other"), host.path("srv/new")).unwrap();
        fs::rename(host.path("srv/new"), host.path("etc/pam.d/more")).unwrap();
    });
    // A further include, in an included file.
    host.changes("sshd", |host| host.write("srv/other", "@include last\n"));
    host.changes("sshd", |host| host.write("etc/pam.d/last", TFA));
    // What services without lines of their own have.
    host.changes("sshd", |host| {
        host.write("etc/pam.d/other", "account required pam_deny.so\n")
    });
    host.changes("sshd", |host| host.remove("etc/pam.d/other"));
    // With none of the folders, libpam reads one file.
    host.changes("sshd", |host| {
        fs::rename(host.path("etc/pam.d"), host.path("etc/pam.d.no")).unwrap();
    });
    // Not kept: the service has no file.
    host.write("etc/pam.conf", &format!("sshd {TFA}"));
    let (of_single_file, _) = host.ask("sshd");
    assert_eq!(host.ask("sshd"), (of_single_file, false));
    host.pass_a_tick();
    fs::rename(host.path("etc/pam.d.no"), host.path("etc/pam.d")).unwrap();
    assert_ne!(host.ask("sshd").0, of_single_file);
    // Another folder in place of the one with the files.
    host.changes("sshd", |host| {
        fs::rename(host.path("etc/pam.d"), host.path("etc/pam.old")).unwrap();
        host.write("etc/pam.d/sshd", TFA);
    });
}

#[test]
fn places_of_the_file_of_a_service_are_all_compared() {
    let host = Host::new(&[("usr/lib/pam.d/app", UNIX)]);
    let (before, _) = host.ask("app");
    assert_eq!(host.ask("app"), (before, true));
    fs::create_dir_all(host.path("etc/pam.d")).unwrap();
    assert_eq!(host.ask("app"), (before, false));
    host.changes("app", |host| host.write("etc/pam.d/app", TFA));
    host.changes("app", |host| host.remove("etc/pam.d/app"));
    host.changes("app", |host| host.write("usr/lib/pam.d/app", DENY));
    host.changes("app", |host| {
        symlink("/dev/null", host.path("etc/pam.d/app")).unwrap();
    });
}

#[test]
fn modules_and_their_folders_are_compared() {
    let host = Host::new(&[("etc/pam.d/su", &format!("{UNIX}{TFA}"))]);
    // Without a folder, each module counts as present.
    host.changes("su", |host| host.write("usr/lib/security/pam_unix.so", ""));
    host.changes("su", |host| host.remove("usr/lib/security/pam_unix.so"));
    host.changes("su", |host| host.write("lib/security/pam_unix.so", ""));
    host.changes("su", |host| {
        host.remove("lib/security/pam_unix.so");
        fs::create_dir(host.path("lib/security/pam_unix.so")).unwrap();
    });
    let folder = format!("lib/{ARCH}-linux-gnu/security");
    let permit = Path::new("/usr").join(&folder).join("pam_permit.so");
    // Another distribution has it elsewhere.
    let Ok(module) = fs::read(permit) else { return };
    let path = format!("{folder}/pam_tfa.so");
    host.write(&path, "");
    host.changes("su", |host| fs::write(host.path(&path), &module).unwrap());
    host.changes("su", |host| {
        fs::write(host.path(&path), &module[..module.len() / 2]).unwrap();
    });
}

#[test]
fn files_that_have_just_changed_are_read_each_time() {
    let host = Host::at(&[("etc/pam.d/su", UNIX)], SystemTime::now);
    for _ in 0..2 {
        let (_, is_kept) = host.ask("su");
        assert!(!is_kept);
    }
}

#[test]
fn names_without_a_file_take_no_place() {
    let host = Host::new(&[("etc/pam.d/su", UNIX), ("etc/pam.d/other", DENY)]);
    host.ask("su");
    for number in 0..100 {
        let name = format!("invented{number}");
        host.ask(&name);
        assert!(!host.ask(&name).1 && host.ask("su").1);
    }
}

#[test]
fn answers_that_were_not_used_for_long_give_way() {
    let host = Host::new(&[("etc/pam.d/su", UNIX)]);
    host.ask("su");
    for number in 0..100 {
        let name = format!("app{number}");
        host.write(&format!("usr/lib/pam.d/{name}"), TFA);
    }
    // The folder has changed once more for each of them.
    host.ask("su");
    for number in 0..100 {
        let name = format!("app{number}");
        host.ask(&name);
        assert!(host.ask(&name).1 && host.ask("su").1, "{number}");
    }
    assert!(!host.ask("app0").1);
}
