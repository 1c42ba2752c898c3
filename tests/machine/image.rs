//! What a machine boots from, made once and cached: the base, a plain Debian, and over it the
//! layer in which the project's package was installed with apt, as a user would.
//!
//! The cache is `/var/cache/tfa-tests`, or what `TFA_TEST_CACHE` names. Every layer is keyed by
//! what it is made of, made under a temporary name while a lock is held, then renamed.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::command::Command as Inside;
use crate::container::{Container, Overlay};
use crate::failure::OrFail;

/// The Debian that the machines run.
const SUITE: &str = "bookworm";

/// What the base holds on top of Debian's essential packages: a server that people log in to.
/// The package's dependencies are here too, for a machine has no network.
const PACKAGES: &[&str] = &[
    "systemd",
    "systemd-sysv",
    "dbus",
    "dbus-user-session",
    "libpam-systemd",
    "libpam-runtime",
    "libpam-modules",
    "libpam0g",
    "openssh-server",
    "openssh-client",
    "polkitd",
    "pkexec",
    "sudo",
    "login",
    "passwd",
    "adduser",
    "locales",
    "iproute2",
    "procps",
    "util-linux",
    "debconf",
    "libfaketime",
];

/// The steps after the packages.
const RECIPE: &str = include_str!("recipe.sh");

/// The base root, made now if it is not in the cache.
pub(crate) fn base() -> PathBuf {
    static BASE: Mutex<Option<Layer>> = Mutex::new(None);
    opened(&BASE, || {
        let key = digest(format!("{SUITE} {} {RECIPE}", PACKAGES.join(",")).as_bytes());
        Layer::open(&format!("base-{key}"), make_base)
    })
}

/// The layer, over [`base`], with the package installed.
pub(crate) fn installed() -> PathBuf {
    static INSTALLED: Mutex<Option<Layer>> = Mutex::new(None);
    let layer = opened(&INSTALLED, || {
        let base = base();
        let mut key = fs::read(package()).or_fail("read the package");
        key.extend_from_slice(base.as_os_str().as_encoded_bytes());
        Layer::open(&format!("installed-{}", digest(&key)), |folder| {
            install_package(&base, folder);
        })
    });
    layer.join("upper")
}

/// The folder of a layer that this run opens once. When that fails, it fails for every test with
/// its own reason.
fn opened(slot: &Mutex<Option<Layer>>, open: impl FnOnce() -> Layer) -> PathBuf {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    slot.get_or_insert_with(open).folder.clone()
}

/// The package under test: what `TFA_DEB` names, else the newest in `dist/`.
pub(crate) fn package() -> PathBuf {
    if let Some(named) = env::var_os("TFA_DEB") {
        return PathBuf::from(named);
    }
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    let age = |path: &PathBuf| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    fs::read_dir(&dist)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path())
                .collect::<Vec<_>>()
        })
        .unwrap_or_default()
        .into_iter()
        .filter(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            name.starts_with("tfa_") && name.ends_with(".deb")
        })
        .max_by_key(age)
        .or_fail("find dist/tfa_*.deb: run `make deb`, or set TFA_DEB")
}

/// The cache's folder.
pub(crate) fn cache() -> PathBuf {
    let folder = env::var_os("TFA_TEST_CACHE")
        .map_or_else(|| PathBuf::from("/var/cache/tfa-tests"), PathBuf::from);
    fs::create_dir_all(&folder).or_fail(&format!(
        "make {} (the machines need root)",
        folder.display()
    ));
    folder
}

/// One cached folder. Its lock is held, shared, for as long as this run may boot from it, so that
/// another run does not clear it away.
struct Layer {
    folder: PathBuf,
    _in_use: File,
}

impl Layer {
    fn open(name: &str, make: impl FnOnce(&Path)) -> Self {
        let cache = cache();
        let folder = cache.join(name);
        let lock = lock_file(&folder);
        lock.lock().or_fail("lock the cache");
        if !folder.is_dir() {
            clear_unused(&cache, name);
            let unfinished = cache.join(format!("{name}.unfinished"));
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished).or_fail("clear an unfinished layer");
            }
            make(&unfinished);
            fs::rename(&unfinished, &folder).or_fail("put a finished layer in place");
        }
        lock.lock_shared().or_fail("share the cache's lock");
        Self {
            folder,
            _in_use: lock,
        }
    }
}

/// Removes the layers of the same kind that no run has open: they are of an older recipe or
/// package.
fn clear_unused(cache: &Path, name: &str) {
    let kind = name.split('-').next().unwrap_or(name);
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let folder = entry.path();
        let other = entry.file_name().into_string().unwrap_or_default();
        let same_kind = other.starts_with(kind) && !other.starts_with(name);
        if !same_kind || !folder.is_dir() || other.ends_with(".unfinished") {
            continue;
        }
        if lock_file(&folder).try_lock().is_ok() {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

fn lock_file(folder: &Path) -> File {
    let path = folder.with_extension("lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .or_fail(&format!("open {}", path.display()))
}

fn make_base(folder: &Path) {
    let hook = folder.with_extension("hook");
    fs::write(&hook, RECIPE).or_fail("write the recipe");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).or_fail("mark the recipe");

    let mut make = Command::new("mmdebstrap");
    make.arg("--variant=apt")
        .arg(format!("--include={}", PACKAGES.join(",")))
        .arg(format!("--customize-hook={} \"$1\"", hook.display()));
    for setting in apt_settings() {
        make.arg(format!("--aptopt={setting}"));
    }
    make.arg(SUITE).arg(folder).args(apt_sources(folder));
    let log = folder.with_extension("log");
    let output = File::create(&log).or_fail("write mmdebstrap's log");
    let errors = output.try_clone().or_fail("write mmdebstrap's log");
    let done = make
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .status()
        .or_fail("run mmdebstrap (tests/prerequisites installs it)");
    let _ = fs::remove_file(&hook);
    let _ = fs::remove_file(folder.with_extension("sources.list"));
    if !done.success() {
        let told = fs::read_to_string(&log).unwrap_or_default();
        panic!("mmdebstrap could not make the base ({done}):\n{told}");
    }
    let _ = fs::remove_file(&log);
}

/// How this host's apt reaches its mirrors: proxies and the like, for the machine's apt too.
fn apt_settings() -> Vec<String> {
    let taken = [
        "Acquire::http",
        "Acquire::https",
        "Acquire::Check-",
        "Acquire::Retries",
    ];
    said_by(Command::new("apt-config").args(["dump", "--no-empty"]))
        .lines()
        .filter(|line| taken.iter().any(|prefix| line.starts_with(prefix)))
        .filter(|line| !line.ends_with(" \"\";"))
        .map(str::to_owned)
        .collect()
}

/// This host's mirrors of the suite, as a file for mmdebstrap; none on another Debian, where
/// mmdebstrap goes to the suite's own default.
fn apt_sources(folder: &Path) -> Option<PathBuf> {
    let format = "deb $(SITE) $(RELEASE) $(COMPONENT)";
    let told = said_by(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ]));
    let mut lines: Vec<&str> = told
        .lines()
        .filter(|line| {
            let mut words = line.split(' ').skip(2);
            let release = words.next().unwrap_or_default();
            let of_suite = release
                .strip_prefix(SUITE)
                .is_some_and(|rest| matches!(rest, "" | "-updates" | "-security"));
            of_suite && words.next() == Some("main")
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    if lines.is_empty() {
        return None;
    }
    let path = folder.with_extension("sources.list");
    fs::write(&path, lines.join("\n") + "\n").or_fail("write the list of mirrors");
    Some(path)
}

fn install_package(base: &Path, folder: &Path) {
    let container = Container::boot(Overlay::new(folder, &[base]));
    install_into(&container);
    container.power_off();
}

/// Installs the package in a running machine.
pub(crate) fn install_into(container: &Container) {
    let package = package();
    let content = fs::read(&package).or_fail("read the package");
    let name = package
        .file_name()
        .and_then(|name| name.to_str())
        .or_fail("name the package");
    let path = format!("/root/{name}");
    let leader = container.leader();
    Inside::new(leader, &["sh", "-c", "cat >\"$1\"", "sh", &path])
        .stdin(content)
        .succeed();
    Inside::new(leader, &["apt-get", "install", "--yes", &path])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .within(Duration::from_secs(180))
        .succeed();
    Inside::new(leader, &["rm", &path]).succeed();
}

fn said_by(command: &mut Command) -> String {
    let told = command
        .output()
        .or_fail("ask apt how it reaches its mirrors");
    String::from_utf8_lossy(&told.stdout).into_owned()
}

/// A short name for some content.
fn digest(content: &[u8]) -> String {
    let mut sum = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .or_fail("run sha256sum");
    sum.stdin
        .take()
        .or_fail("feed sha256sum")
        .write_all(content)
        .or_fail("feed sha256sum");
    let told = sum.wait_with_output().or_fail("run sha256sum").stdout;
    String::from_utf8_lossy(&told).chars().take(12).collect()
}
