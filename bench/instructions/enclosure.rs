//! A mount namespace for one test: its own `/etc`, `/run` and `/dev`. Users, PAM services, the bus,
//! the log and the time zone are the same on every host. The namespace is invisible from outside,
//! and ends with the last process in it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{panic, thread};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use tfa_proto::SYSTEM_BUS_SOCKET;
use tfa_testkit::PrivateBus;

use super::built::PROGRAMS;
use super::daemon::Daemon;
use super::log::Log;
use super::{built, prepared};
use crate::inside::folder;
use crate::person::Person;

/// The enclosure, seen from inside. The bus ends first, and the log last.
pub(super) struct Enclosure {
    _bus: PrivateBus,
    _log: Log,
}

impl Enclosure {
    /// Does something in a new one.
    pub(super) fn enter<T: Send>(work: impl FnOnce(&Self) -> T + Send) -> T {
        // What is made once is made with the host's own compiler, outside.
        prepared::get();
        let inside = || {
            enclose();
            let enclosure = Self {
                _log: Log::open(),
                _bus: start_bus(),
            };
            work(&enclosure)
        };
        // A thread of its own, and with it the processes that it starts, is in the namespace.
        let done = thread::scope(|scope| scope.spawn(inside).join());
        done.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }

    /// The daemon on a fresh copy of the store.
    pub(super) fn daemon(&self) -> Daemon {
        Daemon::start(&self.fresh_store(), None)
    }

    /// The same, counted, when it has stopped, in the file.
    pub(super) fn counted_daemon(&self, profile: &Path) -> Daemon {
        Daemon::start(&self.fresh_store(), Some(profile))
    }

    fn fresh_store(&self) -> PathBuf {
        let store = Path::new(PROGRAMS).join("state");
        folder::copy(&prepared::get().store, &store);
        store
    }
}

fn enclose() {
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace needs root: tests/runner");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();

    tmpfs("/run");
    let dev = Path::new("/run/dev");
    fs::create_dir(dev).unwrap();
    for name in ["null", "zero", "random", "urandom"] {
        put(&Path::new("/dev").join(name), &dev.join(name));
    }
    symlink("/proc/self/fd", dev.join("fd")).unwrap();
    bind(dev, Path::new("/dev"));

    tmpfs("/etc");
    furnish();
    bring_programs();
}

/// Starts the system bus, which allows everything to all users.
fn start_bus() -> PrivateBus {
    let folder = Path::new("/run/dbus");
    fs::create_dir(folder).unwrap();
    PrivateBus::start(folder, Path::new(SYSTEM_BUS_SOCKET))
}

/// Writes what the programs look for.
fn furnish() {
    let people: String = Person::first(prepared::USERS)
        .map(Person::passwd_line)
        .collect();
    let root = "root:x:0:0:root:/root:/bin/sh\n";
    fs::write("/etc/passwd", format!("{root}{people}")).unwrap();
    fs::write("/etc/group", "root:x:0:\n").unwrap();
    fs::write("/etc/nsswitch.conf", "passwd: files\ngroup: files\n").unwrap();

    let module = Path::new(PROGRAMS).join("pam_tfa.so").display().to_string();
    fs::create_dir("/etc/pam.d").unwrap();
    for (service, module) in [("nothing-asked", "pam_permit.so"), ("tfa", &module)] {
        let stack = format!("auth required {module}\naccount required {module}\n");
        fs::write(Path::new("/etc/pam.d").join(service), stack).unwrap();
    }
    fs::write("/etc/pam.d/other", "").unwrap();
}

fn bring_programs() {
    let folder = Path::new(PROGRAMS);
    fs::create_dir(folder).unwrap();
    put(&built::module(), &folder.join("pam_tfa.so"));
    put(&built::daemon(), &folder.join("tfad"));
    for program in ["login", "module"] {
        put(
            &prepared::get().programs.join(program),
            &folder.join(program),
        );
    }
    let settings = built::project().join("packaging/tfad.toml");
    put(&settings, &folder.join("tfad.toml"));
}

fn tmpfs(at: &str) {
    let flags = MsFlags::empty();
    // By default anybody may write in it, and the daemon takes no configuration from such a folder.
    mount(None::<&str>, at, Some("tmpfs"), flags, Some("mode=755")).unwrap();
}

/// Shows a file under another name, too. No copy: a program that is being written cannot be run,
/// and whatever another test starts meanwhile has the file open for a moment as well.
fn put(file: &Path, name: &Path) {
    File::create(name).unwrap();
    bind(file, name);
}

fn bind(from: &Path, to: &Path) {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(from), to, None::<&str>, flags, None::<&str>).unwrap();
}
