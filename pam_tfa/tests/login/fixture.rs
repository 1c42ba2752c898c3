//! The fixture of one test: the module, a bus, a log and a PAM service.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tfa_testkit::PrivateBus;

use crate::daemon::{Action, Daemon};
use crate::program::{Answer, Report, Script, Step};

/// The code of a stack in which the module returns `PAM_IGNORE`: see [`Login::service`].
pub(crate) const IGNORED: i32 = pam_sys::PamReturnCode::CRED_UNAVAIL as i32;

/// Where the daemon is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint {
    /// At its own socket.
    Daemon,
    /// Over the bus.
    Bus,
}

/// Both endpoints.
pub(crate) const ENDPOINTS: [Endpoint; 2] = [Endpoint::Daemon, Endpoint::Bus];

/// A folder, a bus and a log.
pub(crate) struct Fixture {
    folder: PathBuf,
    bus: Option<PrivateBus>,
    log: Log,
}

impl Fixture {
    /// A fixture with a bus.
    pub(crate) fn new() -> Self {
        let mut fixture = Self::without_bus();
        fixture.bus = Some(PrivateBus::start(&fixture.folder, &fixture.socket()));
        fixture
    }

    /// A fixture without a bus.
    pub(crate) fn without_bus() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("pam_tfa-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("bus")).unwrap();
        fs::create_dir_all(folder.join("tfa")).unwrap();
        fs::create_dir_all(folder.join("pam.d")).unwrap();
        let log = Log::new(folder.join("log"));
        Self {
            folder,
            bus: None,
            log,
        }
    }

    /// Returns the folder of the fixture.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of the bus socket, as seen from outside.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("bus/system_bus_socket")
    }

    /// The path of the daemon's own socket, as seen from outside.
    pub(crate) fn login_socket(&self) -> PathBuf {
        self.folder.join("tfa/login")
    }

    /// Starts a daemon at its own socket, with one action for each call.
    pub(crate) fn daemon(&self, actions: impl IntoIterator<Item = Action>) -> Daemon {
        Daemon::at(&self.login_socket(), actions.into_iter().collect())
    }

    /// Starts a daemon on the bus.
    pub(crate) fn daemon_on_bus(&self, actions: impl IntoIterator<Item = Action>) -> Daemon {
        Daemon::on_bus(&self.socket(), actions.into_iter().collect())
    }

    /// Starts a daemon at that endpoint.
    pub(crate) fn daemon_on(
        &self,
        endpoint: Endpoint,
        actions: impl IntoIterator<Item = Action>,
    ) -> Daemon {
        match endpoint {
            Endpoint::Daemon => self.daemon(actions),
            Endpoint::Bus => self.daemon_on_bus(actions),
        }
    }

    /// Prepares a login of `alice`.
    pub(crate) fn login(&self, options: &str) -> Login<'_> {
        Login {
            fixture: self,
            options: options.to_owned(),
            account_options: None,
            session_options: String::new(),
            before: String::new(),
            after: String::new(),
            environment: Vec::new(),
            script: Script {
                fixture: self.folder.clone(),
                module: module().to_owned(),
                service: "tfa".to_owned(),
                user: Some("alice".to_owned()),
                rhost: "192.0.2.7".to_owned(),
                tty: "ssh".to_owned(),
                ..Script::default()
            },
        }
    }

    /// Builds a library that, preloaded, breaks the clock for the module, so that the standard library
    /// panics.
    pub(crate) fn broken_clock(&self) -> PathBuf {
        let library = self.folder.join("clock.so");
        let mut compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-x", "c", "-", "-o"])
            .arg(&library)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut source = compiler.stdin.take().unwrap();
        source.write_all(include_bytes!("clock.c")).unwrap();
        drop(source);
        assert!(compiler.wait().unwrap().success());
        library
    }

    /// Stops the process of the bus with `SIGSTOP`.
    pub(crate) fn freeze_bus(&self) {
        kill(Pid::from_raw(self.bus()), Signal::SIGSTOP).unwrap();
    }

    /// Returns the pid of the bus.
    pub(crate) fn bus(&self) -> i32 {
        self.bus.as_ref().unwrap().pid().try_into().unwrap()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        drop(self.bus.take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A login that is not started yet.
pub(crate) struct Login<'a> {
    fixture: &'a Fixture,
    options: String,
    account_options: Option<String>,
    session_options: String,
    before: String,
    after: String,
    environment: Vec<(String, String)>,
    /// The steps of the login program.
    pub(crate) script: Script,
}

impl Login<'_> {
    /// Puts a line before the module's.
    pub(crate) fn before(mut self, line: &str) -> Self {
        self.before = format!("{line}\n");
        self
    }

    /// Puts a line after the module's.
    pub(crate) fn after(mut self, line: &str) -> Self {
        self.after = format!("{line}\n");
        self
    }

    /// Sets other options for the account line.
    pub(crate) fn account_options(mut self, options: &str) -> Self {
        self.account_options = Some(options.to_owned());
        self
    }

    /// Sets the options of the session line, which has none otherwise.
    pub(crate) fn session_options(mut self, options: &str) -> Self {
        options.clone_into(&mut self.session_options);
        self
    }

    /// Sets the user.
    pub(crate) fn user(mut self, user: Option<&str>) -> Self {
        self.script.user = user.map(str::to_owned);
        self
    }

    /// Sets terminal and remote host.
    pub(crate) fn at(mut self, tty: &str, rhost: &str) -> Self {
        self.script.tty = tty.to_owned();
        self.script.rhost = rhost.to_owned();
        self
    }

    /// Sets service, `PAM_RUSER` and real uid.
    pub(crate) fn in_program(mut self, service: &str, ruser: &str, real_uid: u32) -> Self {
        self.script.service = service.to_owned();
        self.script.ruser = ruser.to_owned();
        self.script.real_uid = real_uid;
        self
    }

    /// Sets a variable of the PAM environment.
    pub(crate) fn variable(mut self, assignment: &str) -> Self {
        self.script.variables.push(assignment.to_owned());
        self
    }

    /// Sets a variable of the process environment.
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the answers of the user. After the last one the conversation fails.
    pub(crate) fn answers(mut self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.script.answers = answers.into_iter().collect();
        self
    }

    /// Runs the auth phase alone.
    pub(crate) fn authenticate(self) -> Report {
        self.run([Step::Authenticate])
    }

    /// Runs the account phase alone.
    pub(crate) fn account(self) -> Report {
        self.run([Step::Account])
    }

    /// Runs the steps in one transaction.
    pub(crate) fn run(mut self, steps: impl IntoIterator<Item = Step>) -> Report {
        self.script.steps = steps.into_iter().collect();
        let file = self.fixture.folder.join("pam.d").join(&self.script.service);
        fs::write(file, self.service()).unwrap();
        let script = self.fixture.folder.join("script");
        fs::write(&script, serde_json::to_vec(&self.script).unwrap()).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "program::login_program",
                "--ignored",
                "--nocapture",
            ])
            .arg("--test-threads=1")
            .envs(self.environment)
            .env(crate::program::SCRIPT, &script)
            .output()
            .unwrap();
        let report = fs::read(self.fixture.folder.join("report")).unwrap_or_else(|_| {
            panic!(
                "the login program failed: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        let mut report: Report = serde_json::from_slice(&report).unwrap();
        report.log = self.fixture.log.take();
        report
    }

    /// Returns the service file. libpam does not return `PAM_IGNORE` to the program, so a last line,
    /// which runs only after it, returns a code of its own.
    fn service(&self) -> String {
        let Self {
            options,
            session_options,
            before,
            after,
            ..
        } = self;
        let account_options = self.account_options.as_ref().unwrap_or(options);
        let module = self.script.module.display();
        let on_success = if after.is_empty() { "done" } else { "ok" };
        let control = format!("[success={on_success} ignore=ignore default=die]");
        format!(
            "{before}auth {control} {module} {options}\n{after}\
             auth required pam_debug.so auth=cred_unavail cred=success\n\
             account {control} {module} {account_options}\n\
             account required pam_debug.so acct=cred_unavail\n\
             session required {module} {session_options}\n"
        )
    }
}

/// The log: a socket that libc writes to.
struct Log {
    path: PathBuf,
    lines: mpsc::Receiver<String>,
}

impl Log {
    const END: &str = "the program is over";

    fn new(path: PathBuf) -> Self {
        let socket = UnixDatagram::bind(&path).unwrap();
        let (sender, lines) = mpsc::channel();
        // In a thread, because the socket blocks the writer after ten lines.
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { path, lines }
    }

    /// Returns all lines since the last call.
    fn take(&self) -> Vec<String> {
        let socket = UnixDatagram::unbound().unwrap();
        socket.send_to(Self::END.as_bytes(), &self.path).unwrap();
        self.lines
            .iter()
            .take_while(|line| line != Self::END)
            .collect()
    }
}

/// Builds the module alone, as the package does, except for the optimization: a build together with
/// the tests would add features to its dependencies.
pub(crate) fn module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pam_tfa");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "pam_tfa", "--target-dir"])
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(status.success(), "the module does not build");
        // Under its installed name, and in a new file: a program may still map the old one.
        let module = target.join("pam_tfa.so");
        let fresh = target.join("pam_tfa.so.new");
        fs::copy(target.join("debug/libpam_tfa.so"), &fresh).unwrap();
        fs::rename(&fresh, &module).unwrap();
        module
    })
}
