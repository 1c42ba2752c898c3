//! The machine of a test: boots, runs, and is removed.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::cgroup;
use crate::command::{Command, Leader, Output};
use crate::container::{Container, Overlay};
use crate::failure::OrFail;
use crate::image;
use crate::layer;
use crate::suite::Suite;
use crate::terminal::Terminal;

/// A booted Debian machine. When it is dropped, also by a panic, it powers off and its disk is
/// removed.
///
/// With `TFA_KEEP=1` in the environment its disk is kept, and a line shows how to boot it again.
pub struct Machine {
    /// `None` only during a reboot.
    container: Option<Container>,
    folder: PathBuf,
    _in_use: File,
}

impl Machine {
    /// Boots a machine with the package installed. For codes over SSH it also needs
    /// [`offer_questions`](Self::offer_questions).
    #[must_use]
    pub fn boot() -> Self {
        Self::boot_on(Suite::Bookworm)
    }

    /// Boots a machine of this release with the package installed.
    #[must_use]
    pub fn boot_on(suite: Suite) -> Self {
        Self::over(&[&image::installed_on(suite), &image::base_of(suite)])
    }

    /// Boots a plain Debian machine without the package.
    #[must_use]
    pub fn boot_bare() -> Self {
        Self::over(&[&image::base()])
    }

    /// Boots a Debian machine without the package, but with these other Debian packages. They are
    /// downloaded from the host's mirrors once, and cached.
    #[must_use]
    pub fn boot_bare_with(packages: &[&str]) -> Self {
        let with_packages = image::with_packages(Suite::Bookworm, packages);
        Self::over(&[&with_packages, &image::base()])
    }

    /// Boots a machine with these Debian packages, and with the project's package installed after
    /// them. Both layers are cached.
    #[must_use]
    pub fn boot_with(packages: &[&str]) -> Self {
        Self::boot_on_with(Suite::Bookworm, packages)
    }

    /// [`Self::boot_with`] on this release.
    #[must_use]
    pub fn boot_on_with(suite: Suite, packages: &[&str]) -> Self {
        Self::over(&[
            &image::installed_with(suite, packages),
            &image::with_packages(suite, packages),
            &image::base_of(suite),
        ])
    }

    fn over(layers: &[&Path]) -> Self {
        clear_dead_machines();
        let (folder, in_use) = new_folder();
        let container = Container::boot(Overlay::new(&folder, layers));
        Self {
            container: Some(container),
            folder,
            _in_use: in_use,
        }
    }

    /// Shuts the machine down and boots it again with the same disk. Terminals end.
    pub fn reboot(&mut self) {
        let overlay = self
            .container
            .take()
            .or_fail("find the machine")
            .power_off();
        self.container = Some(Container::boot(overlay));
    }

    /// Kills all processes at once, like a power failure, and boots again.
    pub fn power_cut(&mut self) {
        let overlay = self
            .container
            .take()
            .or_fail("find the machine")
            .power_cut();
        self.container = Some(Container::boot(overlay));
    }

    /// Installs the package on a running machine with apt, as an administrator does.
    pub fn install_package(&self) {
        image::install_into(self.container());
    }

    /// The console, on which a getty waits for a login.
    #[must_use]
    pub fn console(&self) -> &Terminal {
        self.container().console()
    }

    /// Prepares a command to run inside, as root by default.
    pub fn command<W: AsRef<str>>(&self, words: impl IntoIterator<Item = W>) -> Command {
        let words: Vec<W> = words.into_iter().collect();
        Command::new(self.leader(), &words)
    }

    /// Runs a command as root, and returns its result.
    pub fn run<W: AsRef<str>>(&self, words: impl IntoIterator<Item = W>) -> Output {
        self.command(words).run()
    }

    /// Runs a command as a user, and returns its result.
    pub fn run_as<W: AsRef<str>>(&self, user: &str, words: impl IntoIterator<Item = W>) -> Output {
        self.command(words).user(user).run()
    }

    /// Runs a command as root, and returns its standard output. Panics if it fails.
    #[track_caller]
    pub fn succeed<W: AsRef<str>>(&self, words: impl IntoIterator<Item = W>) -> String {
        self.command(words).succeed()
    }

    /// Runs a command as root, and returns its output. Panics if it succeeds.
    #[track_caller]
    pub fn fail<W: AsRef<str>>(&self, words: impl IntoIterator<Item = W>) -> Output {
        self.command(words).fail()
    }

    /// Runs a command as root on a terminal.
    #[must_use]
    pub fn terminal<W: AsRef<str>>(&self, words: impl IntoIterator<Item = W>) -> Terminal {
        self.command(words).terminal()
    }

    /// Runs a command as a user on a terminal.
    #[must_use]
    pub fn terminal_as<W: AsRef<str>>(
        &self,
        user: &str,
        words: impl IntoIterator<Item = W>,
    ) -> Terminal {
        self.command(words).user(user).terminal()
    }

    /// A directory on the host for the test's own files, such as pictures. It is removed with the
    /// machine.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        let scratch = self.folder.join("scratch");
        fs::create_dir_all(&scratch).or_fail("make a folder for the test's files");
        scratch
    }

    /// Where a file of the machine is on the host, as long as the machine runs: a socket, for example.
    #[must_use]
    pub fn path_on_host(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.leader().pid()))
    }

    pub(crate) fn leader(&self) -> &Leader {
        self.container().leader()
    }

    fn container(&self) -> &Container {
        match &self.container {
            Some(container) => container,
            None => panic!("the machine is not up"),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if env::var_os("TFA_KEEP").is_none() {
            drop(self.container.take());
            let _ = fs::remove_dir_all(&self.folder);
            let _ = fs::remove_file(self.folder.with_extension("lock"));
            return;
        }
        if let Some(container) = self.container.take()
            && !thread::panicking()
        {
            container.power_off();
        }
        let kept = self.folder.with_extension("kept");
        let _ = fs::rename(&self.folder, &kept);
        eprintln!(
            "the machine is kept. To boot it, with its console on this terminal:\n    \
             sh {}/boot\n\
             To be root in it, from another terminal:\n    \
             nsenter --all --target \"$(pgrep -P \"$(pgrep -f '^systemd-nspawn.*--machine=tfa-')\")\"",
            kept.display()
        );
    }
}

/// Creates the directory of a new machine, and the lock that marks it as in use.
fn new_folder() -> (PathBuf, File) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let machines = layer::cache().join("machines");
    fs::create_dir_all(&machines).or_fail("make the machines' folder");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = machines.join(format!("{}-{count}", std::process::id()));
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.with_extension("lock"))
        .or_fail("open a machine's lock");
    lock.lock().or_fail("lock a machine's folder");
    (folder, lock)
}

/// Raises the kernel's limit of inotify instances. A machine uses about a dozen, and all machines
/// share those of root. Debian's default is enough for ten machines.
fn allow_many_machines() {
    const LIMIT: &str = "/proc/sys/fs/inotify/max_user_instances";
    const ENOUGH: u32 = 1024;
    let limit = fs::read_to_string(LIMIT)
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok());
    if limit.is_some_and(|limit| limit < ENOUGH) {
        let _ = fs::write(LIMIT, ENOUGH.to_string());
    }
}

/// Removes the files of killed runs.
fn clear_dead_machines() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        allow_many_machines();
        cgroup::clear_dead();
        let machines = layer::cache().join("machines");
        for entry in fs::read_dir(machines).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "lock") {
                continue;
            }
            let free = File::open(&path).is_ok_and(|lock| lock.try_lock().is_ok());
            if free {
                let _ = fs::remove_dir_all(path.with_extension(""));
                let _ = fs::remove_file(&path);
            }
        }
    });
}
