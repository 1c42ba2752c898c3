//! The machine on which everything is measured, with the package of the project, its peers from
//! Debian, the programs of the bench, and a PAM service for each stack.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tfa_tests::Machine;

use crate::inside::Task;
use crate::inside::logins::Size;
use crate::layout;
use crate::programs;
use crate::user::{LOCAL_USERS, User};
use tfa_tests::OrFail;

/// The peers, from Debian.
const PEERS: &[&str] = &["libpam-google-authenticator", "libpam-oath"];

/// The time limit of a task.
const TASK_TIMEOUT: Duration = Duration::from_secs(3600);

/// Allows root to own the name of the service with fixed answers, and all users to call it.
const BUS_POLICY: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root"><allow own="NAME"/></policy>
  <policy context="default"><allow send_destination="NAME"/></policy>
</busconfig>
"#;

/// A drop-in that starts the daemon on the store that a file names.
const DROP_IN: &str = "[Service]
EnvironmentFile=-SERVED
ExecStart=
ExecStart=/usr/sbin/tfad --state ${STORE}
";

/// The booted machine.
pub(crate) struct BenchMachine {
    machine: Machine,
}

impl BenchMachine {
    /// Boots the machine and configures it. The peers have a service for each number of users.
    pub(crate) fn boot(folder: &Path, sizes: &[Size]) -> Self {
        let programs = programs::compile(&folder.join("programs"));
        let machine = Self {
            machine: Machine::boot_with(PEERS),
        };
        for (name, path) in programs {
            install(&machine.machine, name, &path);
        }
        install(
            &machine.machine,
            "tfa-bench",
            &env::current_exe().or_fail("find this program"),
        );
        machine.allow_stub();
        machine.add_users();
        add_name_service(
            &machine.machine,
            &folder.join("programs").join(programs::NAME_SERVICE),
        );
        machine.add_services(sizes);
        machine.add_drop_in();
        machine.configure_sshd();
        machine
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Runs a task in the machine.
    pub(crate) fn run<Result: DeserializeOwned>(&self, task: &Task) -> Result {
        let task = serde_json::to_string(task).or_fail("write a task");
        let output = self
            .machine
            .command([layout::program("tfa-bench").display().to_string()])
            .env("TFA_BENCH_TASK", &task)
            .within(TASK_TIMEOUT)
            .succeed();
        serde_json::from_str(&output).or_fail("read the results")
    }

    fn allow_stub(&self) {
        let policy = BUS_POLICY.replace("NAME", layout::STUB);
        let path = format!("/etc/dbus-1/system.d/{}.conf", layout::STUB);
        self.machine.write_file(&path, policy);
        self.machine
            .succeed(["systemctl", "reload", "dbus.service"]);
    }

    fn add_users(&self) {
        let lines: String = User::first(LOCAL_USERS).map(User::passwd_line).collect();
        self.machine
            .command(["sh", "-c", "cat >>/etc/passwd"])
            .stdin(lines)
            .succeed();
    }

    /// Enables keyboard-interactive, and raises the number of concurrent logins.
    fn configure_sshd(&self) {
        self.machine.configure_sshd(
            "00-bench",
            "KbdInteractiveAuthentication yes\nMaxStartups 500\nUseDNS no",
        );
    }

    fn add_services(&self, sizes: &[Size]) {
        let service = |name: &str, lines: &str| {
            self.machine
                .write_file(&format!("/etc/pam.d/{name}"), format!("{lines}\n"));
        };
        // libpam loads the modules of `other` in every transaction. The file of Debian includes the
        // module of the project.
        service(
            "other",
            "auth required pam_deny.so\naccount required pam_deny.so",
        );
        service("bench-empty", "auth required pam_permit.so");
        service("bench-tfa", "auth required pam_tfa.so");
        service(
            "bench-tfa-both",
            "auth required pam_tfa.so\naccount required pam_tfa.so",
        );
        for Size { users, .. } in sizes.iter().filter(|size| size.peers) {
            let google = layout::google(*users);
            service(
                &layout::service("google", *users),
                &format!(
                    "auth required pam_google_authenticator.so user=root secret={}/${{USER}}",
                    google.display()
                ),
            );
            let oath = |name, file: String| {
                service(
                    &layout::service(name, *users),
                    &format!("auth required pam_oath.so usersfile={file} window=3 digits=6"),
                );
            };
            oath("oath", format!("{}/users", layout::oath(*users).display()));
            let each = layout::oath_each(*users);
            oath(layout::OATH_EACH, format!("{}/${{USER}}", each.display()));
        }
    }

    fn add_drop_in(&self) {
        self.machine.write_file(
            "/etc/systemd/system/tfad.service.d/bench.conf",
            DROP_IN.replace("SERVED", layout::SERVED),
        );
        self.machine.succeed(["systemctl", "daemon-reload"]);
    }
}

/// Installs a program on a machine.
fn install(machine: &Machine, name: &str, path: &Path) {
    let content = fs::read(path).or_fail(&format!("read {}", path.display()));
    let there = layout::program(name).display().to_string();
    machine.write_file(&there, content);
    machine.succeed(["chmod", "755", &there]);
}

/// Installs the compiled name service, for users who are not in `/etc/passwd`. `programs/nss.c` and `user.rs`
/// compute the same users.
pub(crate) fn add_name_service(machine: &Machine, compiled: &Path) {
    const ADD: &str = r#"
        set -e
        cp "$1" "$(dirname "$(dirname /usr/lib/*/security/pam_tfa.so)")/"
        sed -i 's/^passwd:.*/passwd: files bench/' /etc/nsswitch.conf"#;
    install(machine, programs::NAME_SERVICE, compiled);
    let library = layout::program(programs::NAME_SERVICE);
    let library = library.display().to_string();
    machine.succeed(["sh", "-c", ADD, "sh", &library]);
    let user = User(987_654);
    for key in [user.name(), user.uid().to_string()] {
        let line = machine.succeed(["getent", "passwd", &key]);
        if line != user.passwd_line() {
            panic!("the name service returns {line:?} for {key}");
        }
    }
}

/// The package of the network part of a fleet, beside the package under test.
pub(crate) fn fleet_package() -> Vec<u8> {
    let package = tfa_tests::package();
    let folder = package.parent().or_fail("find the packages").join("fleet");
    let found = fs::read_dir(&folder).or_fail(&format!("read {}", folder.display()));
    let mut packages = found.flatten().map(|entry| entry.path());
    let package = packages.find(|path| path.extension().is_some_and(|it| it == "deb"));
    fs::read(package.or_fail("find the package of the fleet")).or_fail("read a package")
}
