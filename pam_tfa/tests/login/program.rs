//! A minimal login program, which takes the part of `sshd` or `login`.
//!
//! The test executable starts itself again for it ([`login_program`]). The process enters a mount
//! namespace, in which the sockets of the fixture replace those of the system, and writes a report.

#![expect(unsafe_code, reason = "libpam is a C library")]

use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_uint, c_void};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, Uid, fork, setresuid};
use pam_sys::{
    PamConversation, PamHandle, PamItemType, PamMessage, PamMessageStyle, PamResponse,
    PamReturnCode, raw,
};
use serde::{Deserialize, Serialize};

/// The environment variable with the path of the script.
pub(crate) const SCRIPT: &str = "PAM_TFA_TEST_SCRIPT";

/// What the program does.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Script {
    /// The folder of the fixture.
    pub(crate) fixture: PathBuf,
    /// `PAM_SERVICE`.
    pub(crate) service: String,
    /// `PAM_RUSER`, unless empty.
    pub(crate) ruser: String,
    /// The real uid; the effective one is root's, as in a setuid program.
    pub(crate) real_uid: u32,
    /// The module, for [`Step::Load`].
    pub(crate) module: PathBuf,
    /// `PAM_USER`.
    pub(crate) user: Option<String>,
    /// `PAM_RHOST`, unless empty.
    pub(crate) rhost: String,
    /// `PAM_TTY`, unless empty.
    pub(crate) tty: String,
    /// The PAM environment.
    pub(crate) variables: Vec<String>,
    /// The steps of one transaction, which the first step that needs it begins.
    pub(crate) steps: Vec<Step>,
    /// The answers of the user.
    pub(crate) answers: VecDeque<Answer>,
}

/// A step of the transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Step {
    /// `pam_authenticate`.
    Authenticate,
    /// `pam_authenticate` with `PAM_SILENT`.
    AuthenticateSilently,
    /// `pam_acct_mgmt`.
    Account,
    /// `pam_acct_mgmt` with `PAM_SILENT`.
    AccountSilently,
    /// `pam_open_session`.
    OpenSession,
    /// `pam_close_session`.
    CloseSession,
    /// Sets a variable of the PAM environment.
    SetVariable(String),
    /// `pam_authenticate` and `pam_acct_mgmt` in a forked child, as sshd does for
    /// `keyboard-interactive`: of the child, only the PAM environment reaches the program.
    AuthenticateAndAccountInAChild,
    /// `pam_setcred`.
    SetCred,
    /// Changes `PAM_USER`.
    Rename(String),
    /// `pam_authenticate` in a forked child.
    AuthenticateInAChild,
    /// `pam_authenticate` in a second transaction.
    SecondTransaction,
    /// Loads and unloads the module that many times.
    Load(u32),
    /// `pam_authenticate` in a thread, and again at its end, when thread-local storage, including that
    /// of the module, is already freed.
    AuthenticateInAnEndingThread,
    /// Records the state of the process.
    Inspect,
    /// The program itself panics, and catches the panic.
    OwnPanic,
}

/// How a question is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Types the text.
    Type(String),
    /// Types the text after that many milliseconds.
    TypeLate(u64, String),
    /// Kills the bus, which has that pid, then types the text.
    TypeAfterTheBus(i32, String),
    /// Types the text as soon as the socket of the daemon has no listener.
    TypeAfterTheDaemon(String),
    /// Types bytes.
    Bytes(Vec<u8>),
    /// The program returns success and a response without text.
    Null,
    /// The program returns success and no response.
    NoResponse,
    /// The program returns an error.
    Fail,
    /// Sets `PAM_USER` to the first text, then types the second.
    RenameAndType(String, String),
}

/// The user types that text.
pub(crate) fn types(text: &str) -> Answer {
    Answer::Type(text.to_owned())
}

/// The result.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The PAM code of each step that has one.
    pub(crate) codes: Vec<i32>,
    /// The durations of these steps in milliseconds.
    pub(crate) milliseconds: Vec<u128>,
    /// Messages and questions, each after `info`, `error`, `hidden` or `visible`.
    pub(crate) shown: Vec<String>,
    /// The requested delays in milliseconds.
    pub(crate) delays: Vec<u32>,
    /// The PAM environment at the end.
    pub(crate) environment: Vec<String>,
    /// Standard output and standard error.
    pub(crate) printed: String,
    /// The process at the start, at each [`Step::Inspect`], and at the end.
    pub(crate) process: Vec<Process>,
    /// The process at each message and question.
    pub(crate) during_conversation: Vec<Process>,
    /// How often the panic hook of the program was called.
    pub(crate) own_panics: u32,
    /// The log lines, which the fixture adds.
    #[serde(skip)]
    pub(crate) log: Vec<String>,
}

impl Report {
    /// Returns the only code.
    pub(crate) fn code(&self) -> i32 {
        let [code] = self.codes[..] else {
            panic!("{:?}", self.codes)
        };
        code
    }

    /// Returns whether a log line contains the text.
    pub(crate) fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }
}

/// The state of a process that a module could change.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// The number of threads.
    pub(crate) threads: usize,
    /// The open files.
    pub(crate) descriptors: Vec<String>,
    /// How many of them are inherited by a started program.
    pub(crate) inheritable: usize,
    /// The signal dispositions.
    pub(crate) signals: Vec<String>,
    /// The number of mappings of the module.
    pub(crate) mappings: usize,
    /// The resident memory in kilobytes.
    pub(crate) resident: u64,
}

impl Process {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let lines = |names: &[&str]| {
            let of_interest = status
                .lines()
                .filter(|line| names.iter().any(|name| line.starts_with(name)));
            of_interest.map(str::to_owned).collect::<Vec<_>>()
        };
        let resident = lines(&["VmRSS"]).concat();
        let flags = |number: &OsStr| {
            let information = Path::new("/proc/self/fdinfo").join(number);
            let information = fs::read_to_string(information).ok()?;
            let flags = information
                .lines()
                .find_map(|line| line.strip_prefix("flags:"))?;
            c_int::from_str_radix(flags.trim(), 8).ok()
        };
        let inheritable = fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| flags(&entry.unwrap().file_name()))
            .filter(|flags| flags & libc::O_CLOEXEC == 0)
            .count();
        let folder = fs::read_dir("/proc/self/fd").unwrap();
        let targets = folder.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        let mut descriptors: Vec<String> = targets
            .map(|target| target.display().to_string())
            .filter(|target| !target.contains("/proc/"))
            .collect();
        descriptors.sort();
        Self {
            threads: fs::read_dir("/proc/self/task").unwrap().count(),
            descriptors,
            inheritable,
            mappings: fs::read_to_string("/proc/self/maps")
                .unwrap()
                .matches("pam_tfa.so")
                .count(),
            signals: lines(&["SigBlk", "SigIgn", "SigCgt"]),
            resident: resident.split_whitespace().nth(1).unwrap().parse().unwrap(),
        }
    }
}

/// The program. Not a test: the fixture starts it.
#[test]
#[ignore = "the login program that the other tests start"]
fn login_program() {
    let Some(path) = std::env::var_os(SCRIPT) else {
        return;
    };
    let script: Script = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let fixture = script.fixture.clone();
    enter_namespace(&fixture);
    // The default of C programs; the Rust runtime ignores this signal.
    // SAFETY: no handler is set.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    // libc keeps the connection to the log, so it is opened now.
    // SAFETY: a format without arguments.
    unsafe { libc::syslog(libc::LOG_DEBUG, c"the login program starts".as_ptr()) };
    setresuid(script.real_uid.into(), Uid::from_raw(0), Uid::from_raw(0)).unwrap();
    let report = run(script);
    fs::write(fixture.join("report"), serde_json::to_vec(&report).unwrap()).unwrap();
}

/// Mounts the sockets of the fixture over those of the system, for this process alone: the bus, the
/// daemon, the log.
fn enter_namespace(fixture: &Path) {
    let bind = |from: &Path, to: &Path| {
        mount(
            Some(from),
            to,
            None::<&str>,
            MsFlags::MS_BIND | MsFlags::MS_REC,
            None::<&str>,
        )
        .unwrap();
    };
    let tmpfs = |at: &Path| {
        mount(
            None::<&str>,
            at,
            Some("tmpfs"),
            MsFlags::empty(),
            None::<&str>,
        )
        .unwrap();
    };
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace needs root: tests/runner");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();

    let dev = fixture.join("dev");
    fs::create_dir_all(&dev).unwrap();
    tmpfs(&dev);
    for name in ["null", "zero", "urandom", "random"] {
        File::create(dev.join(name)).unwrap();
        bind(&Path::new("/dev").join(name), &dev.join(name));
    }
    File::create(dev.join("log")).unwrap();
    bind(&fixture.join("log"), &dev.join("log"));

    let run = fixture.join("run");
    fs::create_dir_all(&run).unwrap();
    tmpfs(&run);
    for (folder, place) in [("bus", "dbus"), ("tfa", "tfa")] {
        fs::create_dir(run.join(place)).unwrap();
        bind(&fixture.join(folder), &run.join(place));
    }
    bind(&run, Path::new("/run"));
    bind(&dev, Path::new("/dev"));
}

static OWN_PANICS: AtomicU32 = AtomicU32::new(0);

fn run(script: Script) -> Report {
    panic::set_hook(Box::new(|_| {
        OWN_PANICS.fetch_add(1, Ordering::Relaxed);
    }));
    let printed = Printed::redirect(&script.fixture);
    let mut report = Report::default();
    report.process.push(Process::now());
    let transaction = OnceCell::new();
    for step in &script.steps {
        let started = Instant::now();
        if let Step::Inspect = step {
            report.process.push(Process::now());
        }
        let begun = || transaction.get_or_init(|| Transaction::begin(&script));
        let Some(code) = run_step(begun, step, &script) else {
            continue;
        };
        report.codes.push(code);
        report.milliseconds.push(started.elapsed().as_millis());
    }
    if let Some(transaction) = transaction.into_inner() {
        report.environment = transaction.environment();
        let screen = transaction.end();
        report.shown = screen.shown;
        report.delays = screen.delays;
        report.during_conversation = screen.during_conversation;
    }
    report.process.push(Process::now());
    report.own_panics = OWN_PANICS.load(Ordering::Relaxed);
    report.printed = printed.restore();
    report
}

fn run_step<'a>(
    transaction: impl Fn() -> &'a Transaction,
    step: &Step,
    script: &Script,
) -> Option<c_int> {
    match step {
        Step::Authenticate => Some(transaction().authenticate(0)),
        Step::AuthenticateSilently => {
            Some(transaction().authenticate(pam_sys::PamFlag::SILENT as c_int))
        }
        Step::Account => Some(transaction().account(0)),
        Step::AccountSilently => Some(transaction().account(pam_sys::PamFlag::SILENT as c_int)),
        Step::SetCred => {
            let establish = pam_sys::PamFlag::ESTABLISH_CRED as c_int;
            // SAFETY: the transaction is live.
            Some(unsafe { raw::pam_setcred(transaction().raw, establish) })
        }
        Step::Rename(user) => {
            set_item(transaction().raw, PamItemType::USER, user);
            None
        }
        Step::OpenSession => Some(transaction().open_session()),
        Step::CloseSession => Some(transaction().close_session()),
        Step::SetVariable(assignment) => {
            transaction().set_variable(assignment);
            None
        }
        Step::AuthenticateAndAccountInAChild => {
            let file = script.fixture.join("environment");
            let transaction = transaction();
            let code = in_a_child(|| {
                let code = transaction.authenticate(0);
                let code = if code == PamReturnCode::SUCCESS as c_int {
                    transaction.account(0)
                } else {
                    code
                };
                fs::write(&file, transaction.environment().join("\n")).unwrap();
                code
            });
            for assignment in fs::read_to_string(file).unwrap().lines() {
                transaction.set_variable(assignment);
            }
            Some(code)
        }
        Step::AuthenticateInAChild => Some(in_a_child(|| transaction().authenticate(0))),
        Step::AuthenticateInAnEndingThread => Some(in_an_ending_thread(transaction().raw)),
        Step::SecondTransaction => {
            let second = Transaction::begin(script);
            let code = second.authenticate(0);
            second.end();
            Some(code)
        }
        Step::Load(times) => {
            let module = CString::new(script.module.to_str().unwrap()).unwrap();
            for _ in 0..*times {
                load(&module);
            }
            None
        }
        Step::Inspect => None,
        Step::OwnPanic => {
            panic::catch_unwind(|| panic!("the program's own")).unwrap_err();
            None
        }
    }
}

fn load(module: &CStr) {
    // SAFETY: the module's initialisers have no conditions.
    unsafe {
        let library = libc::dlopen(module.as_ptr(), libc::RTLD_NOW);
        assert!(!library.is_null());
        assert!(!libc::dlsym(library, c"pam_sm_authenticate".as_ptr()).is_null());
        assert_eq!(libc::dlclose(library), 0);
    }
}

/// Authenticates when it is dropped.
struct AuthenticateOnDrop(Cell<*mut PamHandle>);

static LAST_CODE: AtomicI32 = AtomicI32::new(-1);

impl Drop for AuthenticateOnDrop {
    fn drop(&mut self) {
        // SAFETY: the transaction outlives the thread.
        let code = unsafe { raw::pam_authenticate(self.0.get(), 0) };
        LAST_CODE.store(code, Ordering::Relaxed);
    }
}

fn in_an_ending_thread(transaction: *mut PamHandle) -> c_int {
    thread_local! {
        static ON_DROP: AuthenticateOnDrop = const { AuthenticateOnDrop(Cell::new(ptr::null_mut())) };
    }
    let address = transaction.expose_provenance();
    let thread = std::thread::spawn(move || {
        let transaction = ptr::with_exposed_provenance_mut(address);
        // The first value is dropped last, after the storage of the module.
        ON_DROP.with(|on_drop| on_drop.0.set(transaction));
        // SAFETY: the transaction is live, and the other thread waits.
        unsafe { raw::pam_authenticate(transaction, 0) };
    });
    thread.join().unwrap();
    LAST_CODE.load(Ordering::Relaxed)
}

fn in_a_child(work: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: the child authenticates, as a login program does, and exits.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let code = work();
            // SAFETY: no condition.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => match waitpid(child, None).unwrap() {
            WaitStatus::Exited(_, code) => code,
            status => panic!("{status:?}"),
        },
    }
}

unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const PamConversation,
        folder: *const c_char,
        transaction: *mut *mut PamHandle,
    ) -> c_int;
}

/// A transaction of libpam, with its screen.
struct Transaction {
    raw: *mut PamHandle,
    screen: *mut Screen,
}

impl Transaction {
    fn begin(script: &Script) -> Self {
        let screen = Box::into_raw(Box::new(Screen {
            transaction: ptr::null_mut(),
            answers: script.answers.clone(),
            shown: Vec::new(),
            delays: Vec::new(),
            during_conversation: Vec::new(),
        }));
        let conversation = PamConversation {
            conv: Some(converse),
            data_ptr: screen.cast(),
        };
        let folder = script.fixture.join("pam.d");
        let folder = CString::new(folder.to_str().unwrap()).unwrap();
        // U+FFFD stands for a byte that is not UTF-8.
        let user = script.user.as_ref().map(|user| {
            let bytes = user.chars().flat_map(|c| match c {
                '\u{fffd}' => vec![0xff],
                c => c.to_string().into_bytes(),
            });
            CString::new(bytes.collect::<Vec<u8>>()).unwrap()
        });
        let user = user.as_ref().map_or(ptr::null(), |user| user.as_ptr());
        let service = CString::new(script.service.as_str()).unwrap();
        let mut raw = ptr::null_mut();
        // SAFETY: C strings, and a conversation that libpam copies.
        let code = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user,
                &raw const conversation,
                folder.as_ptr(),
                &raw mut raw,
            )
        };
        assert_eq!(code, PamReturnCode::SUCCESS as c_int);
        // SAFETY: the screen has no other user yet.
        unsafe { (*screen).transaction = raw };
        for (item, text) in [
            (PamItemType::RHOST, &script.rhost),
            (PamItemType::TTY, &script.tty),
            (PamItemType::RUSER, &script.ruser),
        ] {
            if !text.is_empty() {
                set_item(raw, item, text);
            }
        }
        let item = PamItemType::FAIL_DELAY as c_int;
        // SAFETY: the transaction is live, and the item a function of the kind that is due here.
        let code = unsafe { raw::pam_set_item(raw, item, delay as *const c_void) };
        assert_eq!(code, PamReturnCode::SUCCESS as c_int);
        let begun = Self { raw, screen };
        for variable in &script.variables {
            begun.set_variable(variable);
        }
        begun
    }

    fn authenticate(&self, flags: c_int) -> c_int {
        // SAFETY: the transaction is live.
        unsafe { raw::pam_authenticate(self.raw, flags) }
    }

    fn account(&self, flags: c_int) -> c_int {
        // SAFETY: the transaction is live.
        unsafe { raw::pam_acct_mgmt(self.raw, flags) }
    }

    fn open_session(&self) -> c_int {
        // SAFETY: the transaction is live.
        unsafe { raw::pam_open_session(self.raw, 0) }
    }

    fn close_session(&self) -> c_int {
        // SAFETY: the transaction is live.
        unsafe { raw::pam_close_session(self.raw, 0) }
    }

    fn set_variable(&self, assignment: &str) {
        let assignment = CString::new(assignment).unwrap();
        // SAFETY: the transaction is live; libpam copies the string.
        unsafe { raw::pam_putenv(self.raw, assignment.as_ptr()) };
    }

    /// The PAM environment. The list of libpam is not freed.
    fn environment(&self) -> Vec<String> {
        let mut all = Vec::new();
        // SAFETY: the transaction is live; the list ends with a null pointer.
        unsafe {
            let mut next = raw::pam_getenvlist(self.raw);
            while !(*next).is_null() {
                all.push(CStr::from_ptr(*next).to_str().unwrap().to_owned());
                next = next.add(1);
            }
        }
        all
    }

    fn end(self) -> Screen {
        // SAFETY: the transaction is live, and not used after.
        let code = unsafe { raw::pam_end(self.raw, PamReturnCode::SUCCESS as c_int) };
        assert_eq!(code, PamReturnCode::SUCCESS as c_int);
        // SAFETY: the transaction that used the screen is over.
        *unsafe { Box::from_raw(self.screen) }
    }
}

fn set_item(transaction: *mut PamHandle, item: PamItemType, text: &str) {
    let text = CString::new(text).unwrap();
    // SAFETY: the transaction is live; libpam copies the string.
    let code = unsafe { raw::pam_set_item(transaction, item as c_int, text.as_ptr().cast()) };
    assert_eq!(code, PamReturnCode::SUCCESS as c_int);
}

/// What the conversation function shows, and the answers that it returns.
struct Screen {
    transaction: *mut PamHandle,
    answers: VecDeque<Answer>,
    shown: Vec<String>,
    delays: Vec<u32>,
    during_conversation: Vec<Process>,
}

/// Replaces the delay of libpam after a failure: it only records it.
extern "C" fn delay(_code: c_int, microseconds: c_uint, screen: *mut c_void) {
    // SAFETY: libpam passes on what `begin` gave it.
    let screen = unsafe { &mut *screen.cast::<Screen>() };
    if microseconds > 0 {
        screen.delays.push(microseconds / 1000);
    }
}

/// The conversation function.
extern "C" fn converse(
    count: c_int,
    messages: *mut *mut PamMessage,
    responses: *mut *mut PamResponse,
    screen: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: libpam passes on what `begin` gave it, one message, and a place for the response.
    let (screen, style, text) = unsafe {
        let message = &**messages;
        let text = CStr::from_ptr(message.msg).to_str().unwrap().to_owned();
        (&mut *screen.cast::<Screen>(), message.msg_style, text)
    };
    let asks = style == PamMessageStyle::PROMPT_ECHO_OFF as c_int
        || style == PamMessageStyle::PROMPT_ECHO_ON as c_int;
    let kind = ["", "hidden", "visible", "error", "info"][usize::try_from(style).unwrap()];
    screen.shown.push(format!("{kind}: {text}"));
    screen.during_conversation.push(Process::now());

    let mut bytes = None;
    if asks {
        match screen.answers.pop_front() {
            None | Some(Answer::Fail) => return PamReturnCode::CONV_ERR as c_int,
            Some(Answer::NoResponse) => return PamReturnCode::SUCCESS as c_int,
            Some(Answer::Null) => {}
            Some(Answer::Type(text)) => bytes = Some(text.into_bytes()),
            Some(Answer::TypeLate(milliseconds, text)) => {
                std::thread::sleep(Duration::from_millis(milliseconds));
                bytes = Some(text.into_bytes());
            }
            Some(Answer::TypeAfterTheBus(bus, text)) => {
                kill(Pid::from_raw(bus), Signal::SIGKILL).unwrap();
                wait_until_unreachable(tfa_proto::SYSTEM_BUS_SOCKET);
                bytes = Some(text.into_bytes());
            }
            Some(Answer::TypeAfterTheDaemon(text)) => {
                wait_until_unreachable(tfa_proto::LOGIN_SOCKET);
                bytes = Some(text.into_bytes());
            }
            Some(Answer::Bytes(typed)) => bytes = Some(typed),
            Some(Answer::RenameAndType(user, text)) => {
                set_item(screen.transaction, PamItemType::USER, &user);
                bytes = Some(text.into_bytes());
            }
        }
    }
    let bytes = bytes.map(|bytes| CString::new(bytes).unwrap());
    // SAFETY: newly allocated; the caller of a conversation function frees both.
    unsafe {
        let response: *mut PamResponse = libc::calloc(1, size_of::<PamResponse>()).cast();
        (*response).resp = bytes.map_or(ptr::null_mut(), |bytes| libc::strdup(bytes.as_ptr()));
        *responses = response;
    }
    PamReturnCode::SUCCESS as c_int
}

fn wait_until_unreachable(socket: &str) {
    while UnixStream::connect(socket).is_ok() {
        std::thread::yield_now();
    }
}

/// Redirects standard output and standard error to a file while the module runs.
struct Printed {
    file: PathBuf,
    saved: [c_int; 2],
}

impl Printed {
    fn redirect(fixture: &Path) -> Self {
        let path = fixture.join("printed");
        let file = File::create(&path).unwrap();
        // SAFETY: descriptors of this process.
        let saved = [1, 2].map(|standard| unsafe {
            let saved = libc::dup(standard);
            libc::dup2(file.as_raw_fd(), standard);
            saved
        });
        Self { file: path, saved }
    }

    fn restore(self) -> String {
        for (standard, saved) in [1, 2].into_iter().zip(self.saved) {
            // SAFETY: descriptors of this process.
            unsafe { libc::dup2(saved, standard) };
        }
        fs::read_to_string(self.file).unwrap()
    }
}
