//! A host on which a command runs: a mount namespace in which a private bus is the system bus.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tfa_proto::Status;

use crate::daemon::Daemon;
use crate::private_bus::PrivateBus;
use crate::privileges::NOBODY;
use crate::terminal::Terminal;

/// A host with a bus, the double of the daemon, and one command to test.
pub struct TestHost {
    program: &'static str,
    daemon: Option<Daemon>,
    bus: PrivateBus,
    folder: Folder,
}

/// How a command is run.
#[derive(Default)]
pub struct Run<'a> {
    /// The arguments of the command.
    pub arguments: &'a [&'a str],
    /// Further environment variables.
    pub environment: &'a [(&'a str, &'a str)],
    /// Shell commands that run first, in the mount namespace.
    pub before: &'a str,
    /// Whether the command runs as the user `nobody` instead of root.
    pub as_nobody: bool,
    /// Rows and columns of the terminal, if not 24 and 80.
    pub size: Option<(u16, u16)>,
}

impl TestHost {
    /// Starts a host whose daemon reports this status for the caller's account.
    ///
    /// `program` is the path of the command.
    pub fn new(program: &'static str, status: Status) -> Self {
        let mut host = Self::without_daemon(program);
        host.daemon = Some(Daemon::start(&host.bus, status));
        host
    }

    /// Starts a host without the daemon.
    pub fn without_daemon(program: &'static str) -> Self {
        let folder = Folder::create();
        Self {
            program,
            daemon: None,
            bus: PrivateBus::start(&folder.0, &folder.0.join("socket")),
            folder,
        }
    }

    /// Returns the double of the daemon.
    pub fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    /// Ends the double of the daemon.
    pub fn stop_daemon(&mut self) {
        self.daemon = None;
    }

    /// Returns the folder of the host, in which commands run. It is removed with the host.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes an executable script to the folder.
    pub fn script(&self, name: &str, text: &str) {
        write_program("printf %s \"$0\" > \"$1\"", text, &self.file(name));
    }

    fn command(&self, run: &Run<'_>) -> Command {
        let as_user = if run.as_nobody {
            format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups")
        } else {
            String::new()
        };
        let script = format!(
            "set -e; mount -t tmpfs -o mode=755 tmpfs /run; mkdir /run/dbus; \
             ln -s {socket} /run/dbus/system_bus_socket; \
             [ ! -d /etc/ssh ] || mount -t tmpfs tmpfs /etc/ssh; {before}\n\
             cd {folder}; exec {as_user} \"$@\"",
            socket = self.bus.socket().display(),
            folder = self.folder().display(),
            before = run.before,
        );
        // A copy, because other users may have no access to the build folder.
        let program = self.file("program");
        if !program.exists() {
            write_program("exec cat < \"$0\" > \"$1\"", self.program, &program);
        }
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c"])
            .args([&script, "sh"])
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

    /// Runs the command on a terminal.
    pub fn terminal(&self, run: &Run<'_>) -> Terminal {
        let (rows, columns) = run.size.unwrap_or((24, 80));
        Terminal::start(&self.command(run), rows, columns)
    }

    /// Runs the command with these arguments on a terminal of 80 columns and 24 rows.
    pub fn terminal_with(&self, arguments: &[&str]) -> Terminal {
        self.terminal(&Run {
            arguments,
            ..Run::default()
        })
    }

    /// Runs the command without a terminal and waits until it ends.
    pub fn output(&self, run: &Run<'_>) -> Output {
        self.command(run).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs the command with these arguments without a terminal and waits until it ends.
    pub fn output_with(&self, arguments: &[&str]) -> Output {
        self.output(&Run {
            arguments,
            ..Run::default()
        })
    }
}

/// Returns the exit code, the standard output and the error output.
pub fn finished(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-test-host-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        // A command that runs as another user writes here too.
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes an executable file from another process. A process that another test starts at the same
/// time would inherit a descriptor of this one, and a file that is open for writing cannot be run.
fn write_program(shell: &str, from: &str, to: &Path) {
    let all = format!("({shell}) && chmod 755 \"$1\"");
    let written = Command::new("sh").args(["-c", &all, from]).arg(to).status();
    assert!(written.unwrap().success());
}
