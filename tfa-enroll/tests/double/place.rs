//! Where a command runs: a mount namespace in which the private bus is the system bus.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tfa_proto::Status;

use super::daemon::Daemon;
use super::{Bus, Terminal};

/// A bus with the daemon's double on it.
pub(crate) struct Place {
    program: &'static str,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) bus: Bus,
}

/// How a command is run.
#[derive(Default)]
pub(crate) struct Run<'a> {
    pub(crate) arguments: &'a [&'a str],
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// Shell commands inside the namespace, before.
    pub(crate) before: &'a str,
    /// Run by somebody who is not root.
    pub(crate) as_nobody: bool,
    /// Rows and columns, if not 24 and 80.
    pub(crate) size: Option<(u16, u16)>,
}

impl Place {
    /// A host whose daemon says that of the account.
    pub(crate) fn with(program: &'static str, status: Status) -> Self {
        let bus = Bus::start();
        let daemon = Some(Daemon::start(&bus, status));
        Self {
            program,
            daemon,
            bus,
        }
    }

    /// A host without the daemon.
    pub(crate) fn without_daemon(program: &'static str) -> Self {
        Self {
            program,
            daemon: None,
            bus: Bus::start(),
        }
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    /// A file in a folder that goes with the place.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.bus.folder().join(name)
    }

    /// A script that can be run.
    pub(crate) fn script(&self, name: &str, text: &str) {
        write_by("printf %s \"$0\" > \"$1\"", text, &self.file(name));
    }

    fn command(&self, run: &Run<'_>) -> Command {
        let mount = format!(
            "set -e; mount -t tmpfs -o mode=755 tmpfs /run; mkdir /run/dbus; \
             ln -s {socket} /run/dbus/system_bus_socket; \
             [ ! -d /etc/ssh ] || mount -t tmpfs tmpfs /etc/ssh; {before}\ncd {folder}; exec {who} \"$@\"",
            socket = self.bus.socket().display(),
            folder = self.bus.folder().display(),
            before = run.before,
            who = if run.as_nobody {
                "setpriv --reuid 65534 --regid 65534 --clear-groups" // tfa_testkit::NOBODY
            } else {
                ""
            },
        );
        // Also where the build folder is closed to others.
        let program = self.file("program");
        if !program.exists() {
            write_by("exec cat < \"$0\" > \"$1\"", self.program, &program);
        }
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                &mount,
                "sh",
            ])
            .arg(program)
            .args(run.arguments)
            .env_remove("LC_ALL")
            .env_remove("LC_CTYPE")
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env("TZ", "UTC")
            .envs(run.environment.iter().copied());
        command
    }

    /// On a terminal.
    pub(crate) fn terminal(&self, run: &Run<'_>) -> Terminal {
        let (rows, columns) = run.size.unwrap_or((24, 80));
        Terminal::with(&self.command(run), rows, columns)
    }

    /// On a terminal of 80 columns and 24 rows, with these arguments alone.
    pub(crate) fn types(&self, arguments: &[&str]) -> Terminal {
        self.terminal(&Run {
            arguments,
            ..Run::default()
        })
    }

    /// Without a terminal, to its end.
    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.output_of(&Run {
            arguments,
            ..Run::default()
        })
    }

    /// The same with more to say.
    pub(crate) fn output_of(&self, run: &Run<'_>) -> Output {
        self.command(run).stdin(Stdio::null()).output().unwrap()
    }
}

/// Exit code, standard output, error output.
pub(crate) fn finished(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Writes a program, by another process: a descriptor of ours that is open for writing would get
/// into whatever another test starts at that moment, and the program could not be run.
fn write_by(shell: &str, from: &str, to: &Path) {
    let all = format!("({shell}) && chmod 755 \"$1\"");
    let written = Command::new("sh").args(["-c", &all, from]).arg(to).status();
    assert!(written.unwrap().success());
}
