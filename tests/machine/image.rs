//! The layers that a machine boots from: a plain Debian base, and over it the project's package,
//! which apt installed on a booted machine. There may be a layer with other Debian packages, either
//! alone or below the layer of the project's package.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::command::Command as Inside;
use crate::container::{Container, Overlay};
use crate::failure::OrFail;
use crate::layer::{digest, layer};
use crate::suite::Suite;

/// The packages of the base in addition to Debian's essential ones: a server with user logins. The
/// dependencies of the project's package are included, because a machine has no network.
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

/// The steps that follow the installation of the packages.
const RECIPE: &str = include_str!("recipe.sh");

/// The base root file system of a release. It is created if it is not in the cache.
pub(crate) fn base_of(suite: Suite) -> PathBuf {
    let suite_name = suite.name();
    let key = digest(format!("{suite_name} {} {RECIPE}", PACKAGES.join(",")).as_bytes());
    layer(&suite.kind("base"), &key, |folder| make_base(suite, folder))
}

/// The base root file system of most machines.
pub(crate) fn base() -> PathBuf {
    base_of(Suite::Bookworm)
}

/// The layer over the base of a release in which the package is installed.
pub(crate) fn installed_on(suite: Suite) -> PathBuf {
    install_over(&suite.kind("installed"), &[&base_of(suite)])
}

/// The layer over the base of a release in which these Debian packages are installed.
pub(crate) fn with_packages(suite: Suite, packages: &[&str]) -> PathBuf {
    let base = base_of(suite);
    let key = digest(base.as_os_str().as_encoded_bytes());
    layer(&kind_of(suite, "debian", packages), &key, |folder| {
        let _ = Overlay::new(folder, &[&base]);
        add_packages(&base, folder, packages);
    })
    .join("upper")
}

/// The layer over these Debian packages in which the project's package is installed too.
pub(crate) fn installed_with(suite: Suite, packages: &[&str]) -> PathBuf {
    install_over(
        &kind_of(suite, "both", packages),
        &[&with_packages(suite, packages), &base_of(suite)],
    )
}

/// The layer over these layers, the topmost first, in which the package is installed.
fn install_over(kind: &str, layers: &[&Path]) -> PathBuf {
    let mut key = fs::read(package()).or_fail("read the package");
    for layer in layers {
        key.extend_from_slice(layer.as_os_str().as_encoded_bytes());
    }
    layer(kind, &digest(&key), |folder| {
        let container = Container::boot(Overlay::new(folder, layers));
        install_into(&container);
        container.power_off();
    })
    .join("upper")
}

/// A separate kind of layer for each list of packages. A new layer removes the older ones of its
/// kind, and must not remove layers with other packages.
fn kind_of(suite: Suite, what: &str, packages: &[&str]) -> String {
    let packages = digest(packages.join(" ").as_bytes());
    suite.kind(&format!("{what}-{packages}"))
}

/// The package under test: the one that `TFA_DEB` names, else the newest in `dist/`.
pub fn package() -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Some(named) = env::var_os("TFA_DEB") {
        return project.join(named);
    }
    let dist = project.join("dist");
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

fn make_base(suite: Suite, folder: &Path) {
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
    make.arg(suite.name())
        .arg(folder)
        .args(apt_sources(suite, folder));
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
        let output = fs::read_to_string(&log).unwrap_or_default();
        panic!("mmdebstrap could not make the base ({done}):\n{output}");
    }
    let _ = fs::remove_file(&log);
}

/// The settings with which this host's apt reaches its mirrors, such as proxies. The machine's apt
/// uses them too.
fn apt_settings() -> Vec<String> {
    let taken = [
        "Acquire::http",
        "Acquire::https",
        "Acquire::Check-",
        "Acquire::Retries",
    ];
    output_of(Command::new("apt-config").args(["dump", "--no-empty"]))
        .lines()
        .filter(|line| taken.iter().any(|prefix| line.starts_with(prefix)))
        .filter(|line| !line.ends_with(" \"\";"))
        .map(str::to_owned)
        .collect()
}

/// The host's mirrors, with this release in place of the host's, as a file for mmdebstrap. `None` on
/// a host with none of the releases, for which mmdebstrap uses its default.
fn apt_sources(suite: Suite, folder: &Path) -> Option<PathBuf> {
    let format = "deb $(SITE) $(RELEASE) $(COMPONENT)";
    let output = output_of(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ]));
    let mut lines: Vec<String> = output
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [deb, site, release, "main"] = words.as_slice() else {
                return None;
            };
            let mut suites = Suite::ALL.iter();
            let pocket = suites.find_map(|known| release.strip_prefix(known.name()))?;
            matches!(pocket, "" | "-updates" | "-security")
                .then(|| format!("{deb} {site} {}{pocket} main", suite.name()))
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

/// Adds packages to a root that is not running. This uses the network of the host, which a machine
/// does not have.
fn add_packages(base: &Path, folder: &Path, packages: &[&str]) {
    const ADD: &str = r#"
        set -e
        base=$1 folder=$2; shift 2
        cd "$folder"
        mount -t overlay overlay -o "lowerdir=$base,upperdir=upper,workdir=work" root
        for file in /etc/resolv.conf /etc/hosts; do
            [ ! -e "$file" ] || mount --bind "$(readlink -f "$file")" "root$file"
        done
        mount -t proc proc root/proc
        printf '#!/bin/sh\nexit 101\n' >root/usr/sbin/policy-rc.d
        chmod 755 root/usr/sbin/policy-rc.d
        export DEBIAN_FRONTEND=noninteractive
        chroot root apt-get update
        chroot root apt-get install --yes --no-install-recommends "$@"
        chroot root apt-get clean
        rm -r root/usr/sbin/policy-rc.d root/var/lib/apt/lists
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", ADD, "sh"])
        .args([base, folder])
        .args(packages)
        .stdin(Stdio::null())
        .output()
        .or_fail("run unshare");
    if !output.status.success() {
        panic!(
            "cannot install {}:\n{}{}",
            packages.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn output_of(command: &mut Command) -> String {
    let output = command
        .output()
        .or_fail("ask apt how it reaches its mirrors");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
