//! A mount namespace for one test, with its own `/etc`, `/run` and `/dev`. Users, PAM services, the
//! bus, the log and the time zone are then the same on every host. The namespace ends with the last
//! process in it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
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

/// The namespace of the current thread. Dropping it ends the bus, and then the log.
pub(super) struct Namespace {
    _bus: PrivateBus,
    log: Log,
}

impl Namespace {
    /// Runs `work` in a new namespace.
    pub(super) fn enter<T: Send>(work: impl FnOnce(&Self) -> T + Send) -> T {
        // The compiler is only visible outside the namespace.
        prepared::get();
        let inside = || {
            isolate();
            let namespace = Self {
                log: Log::open(),
                _bus: start_bus(),
            };
            work(&namespace)
        };
        // A thread of its own enters the namespace, with the processes that it starts.
        let result = thread::scope(|scope| scope.spawn(inside).join());
        result.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }

    /// Starts the daemon on a new copy of the store. `run` makes the command of its program.
    pub(super) fn daemon(&self, run: impl FnOnce(&Path) -> Command) -> Daemon {
        Daemon::start(&self.copy_store(), run)
    }

    /// Waits until the log has a line with this word.
    pub(super) fn await_log_line(&self, word: &str) {
        self.log.await_line(word);
    }

    fn copy_store(&self) -> PathBuf {
        let store = Path::new(PROGRAMS).join("state");
        folder::copy(&prepared::get().store, &store);
        store
    }
}

fn isolate() {
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace needs root: tests/runner");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();

    tmpfs("/run");
    let dev = Path::new("/run/dev");
    fs::create_dir(dev).unwrap();
    for name in ["null", "zero", "random", "urandom"] {
        bind_file(&Path::new("/dev").join(name), &dev.join(name));
    }
    symlink("/proc/self/fd", dev.join("fd")).unwrap();
    bind(dev, Path::new("/dev"));

    tmpfs("/etc");
    write_configuration();
    mount_programs();
}

/// Starts a system bus that allows every call to every user.
fn start_bus() -> PrivateBus {
    let folder = Path::new("/run/dbus");
    fs::create_dir(folder).unwrap();
    PrivateBus::start(folder, Path::new(SYSTEM_BUS_SOCKET))
}

/// Writes the files that the programs read.
fn write_configuration() {
    for name in ["passwd", "group", "nsswitch.conf"] {
        let file = prepared::get().users.join(name);
        bind_file(&file, &Path::new("/etc").join(name));
    }

    let module = Path::new(PROGRAMS).join("pam_tfa.so").display().to_string();
    fs::create_dir("/etc/pam.d").unwrap();
    for (service, module) in [("nothing-asked", "pam_permit.so"), ("tfa", &module)] {
        let stack = format!("auth required {module}\naccount required {module}\n");
        fs::write(Path::new("/etc/pam.d").join(service), stack).unwrap();
    }
    fs::write("/etc/pam.d/other", "").unwrap();
}

fn mount_programs() {
    let folder = Path::new(PROGRAMS);
    fs::create_dir(folder).unwrap();
    bind_file(&built::module(), &folder.join("pam_tfa.so"));
    bind_file(&built::daemon(), &folder.join("tfad"));
    for program in ["login", "module"] {
        bind_file(
            &prepared::get().programs.join(program),
            &folder.join(program),
        );
    }
    let settings = built::project().join("packaging/tfad.toml");
    bind_file(&settings, &folder.join("tfad.toml"));
}

fn tmpfs(path: &str) {
    let flags = MsFlags::empty();
    // By default all users can write to it, and the daemon rejects a configuration in such a folder.
    mount(None::<&str>, path, Some("tmpfs"), flags, Some("mode=755")).unwrap();
}

/// Binds a file to another name. A copy would not do: a program cannot be executed while it is open
/// for writing, and a process that another test forks can hold the file open.
fn bind_file(file: &Path, name: &Path) {
    File::create(name).unwrap();
    bind(file, name);
}

fn bind(from: &Path, to: &Path) {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(from), to, None::<&str>, flags, None::<&str>).unwrap();
}
