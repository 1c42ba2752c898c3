//! The machine that everything is measured on: the project's package and its peers from Debian,
//! the bench's own programs, and a PAM service for each stack.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tfa_tests::Machine;

use crate::inside::Task;
use crate::inside::logins::Size;
use crate::layout;
use crate::person::{Person, SEATED};
use crate::programs;
use tfa_tests::OrFail;

/// The peers, from Debian.
const PEERS: &[&str] = &["libpam-google-authenticator", "libpam-oath"];

/// How long a task may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Lets the bench's service own its name, and everybody talk to it. The bus takes 256 connections
/// of one user unless told otherwise, fewer than the load has clients, all of them root's.
const BUS_POLICY: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <limit name="max_connections_per_user">1024</limit>
  <policy user="root"><allow own="NAME"/></policy>
  <policy context="default"><allow send_destination="NAME"/></policy>
</busconfig>
"#;

/// The daemon serves the store that a file names, in its own state directory.
const DROP_IN: &str = "[Service]
EnvironmentFile=-SERVED
ExecStart=
ExecStart=/usr/sbin/tfad --state ${STORE}
";

/// The booted machine.
pub(crate) struct Stage {
    machine: Machine,
}

impl Stage {
    /// Boots it and puts everything in place, with the peers' services for these numbers of users.
    pub(crate) fn set(folder: &Path, sizes: &[Size]) -> Self {
        let programs = programs::compile(&folder.join("programs"));
        let stage = Self {
            machine: Machine::boot_with(PEERS),
        };
        for (name, path) in programs {
            stage.bring(name, &path);
        }
        stage.bring(
            "tfa-bench",
            &env::current_exe().or_fail("find this program"),
        );
        stage.allow_echo();
        stage.add_people();
        stage.add_name_service();
        stage.add_services(sizes);
        stage.choose_stores();
        stage.open_sshd();
        stage
    }

    /// The machine itself.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Has a task done in the machine.
    pub(crate) fn run<Result: DeserializeOwned>(&self, task: &Task) -> Result {
        let task = serde_json::to_string(task).or_fail("write a task");
        let said = self
            .machine
            .command([layout::program("tfa-bench").display().to_string()])
            .env("TFA_BENCH_TASK", &task)
            .within(PATIENCE)
            .succeed();
        serde_json::from_str(&said).or_fail("read the results")
    }

    fn bring(&self, name: &str, path: &Path) {
        let content = fs::read(path).or_fail(&format!("read {}", path.display()));
        let there = layout::program(name).display().to_string();
        self.machine.write_file(&there, content);
        self.machine.succeed(["chmod", "755", &there]);
    }

    fn allow_echo(&self) {
        let policy = BUS_POLICY.replace("NAME", layout::ECHO);
        let path = format!("/etc/dbus-1/system.d/{}.conf", layout::ECHO);
        self.machine.write_file(&path, policy);
        self.machine
            .succeed(["systemctl", "reload", "dbus.service"]);
    }

    fn add_people(&self) {
        let lines: String = Person::first(SEATED).map(Person::passwd_line).collect();
        self.machine
            .command(["sh", "-c", "cat >>/etc/passwd"])
            .stdin(lines)
            .succeed();
    }

    /// Whoever is not in `/etc/passwd` is known by arithmetic, to `programs/nss.c` as to
    /// `person.rs`.
    fn add_name_service(&self) {
        const ADD: &str = r#"
            set -e
            cp "$1" "$(dirname "$(dirname /usr/lib/*/security/pam_tfa.so)")/"
            sed -i 's/^passwd:.*/passwd: files bench/' /etc/nsswitch.conf"#;
        let library = layout::program(programs::NAME_SERVICE);
        let library = library.display().to_string();
        self.machine.succeed(["sh", "-c", ADD, "sh", &library]);
        let person = Person(987_654);
        for asked in [person.name(), person.uid().to_string()] {
            let line = self.machine.succeed(["getent", "passwd", &asked]);
            if line != person.passwd_line() {
                panic!("the name service says {line:?} for {asked}");
            }
        }
    }

    /// Lets sshd ask questions, and of as many people at once as come.
    fn open_sshd(&self) {
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
        // libpam loads the modules of `other` into every transaction, and Debian's has them all,
        // the project's too.
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
            let oath = layout::oath(*users);
            service(
                &layout::service("oath", *users),
                &format!(
                    "auth required pam_oath.so usersfile={}/users window=3 digits=6",
                    oath.display()
                ),
            );
        }
    }

    fn choose_stores(&self) {
        self.machine.write_file(
            "/etc/systemd/system/tfad.service.d/bench.conf",
            DROP_IN.replace("SERVED", layout::SERVED),
        );
        self.machine.succeed(["systemctl", "daemon-reload"]);
    }
}
