//! The login program: what `sshd` or `login` are to libpam, as small as it can be.
//!
//! The test executable starts itself anew to be it ([`login_program`]). The process enters a mount
//! namespace in which the stage's sockets are where the system's would be, and writes a report.

#![expect(unsafe_code, reason = "an application of libpam, which is C")]

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

/// The variable that names the script.
pub(crate) const SCRIPT: &str = "PAM_TFA_TEST_SCRIPT";

/// What the program is to do.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Script {
    /// The folder of the stage.
    pub(crate) stage: PathBuf,
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
    /// What happens, in order, in one transaction, which the first step that needs it begins.
    pub(crate) steps: Vec<Step>,
    /// What the person answers.
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
    /// `pam_setcred`.
    SetCred,
    /// `PAM_USER` becomes another.
    Rename(String),
    /// A forked child does `pam_authenticate`.
    AuthenticateInAChild,
    /// `pam_authenticate` in a transaction of its own beside this one, begun and ended.
    Beside,
    /// The module is loaded and unloaded so often.
    Load(u32),
    /// A thread does `pam_authenticate`, and again at its very end, when the thread's storage,
    /// the module's included, is already gone.
    AuthenticateInAnEndingThread,
    /// The process is looked at.
    Look,
    /// The program itself panics, and catches it.
    OwnPanic,
}

/// What the person does at a question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Types that.
    Type(String),
    /// Types that after so many milliseconds.
    TypeLate(u64, String),
    /// Types that when the bus, the process of that number, is dead.
    TypeAfterTheBus(i32, String),
    /// Types that when nobody listens at the daemon's own socket any more.
    TypeAfterTheDaemon(String),
    /// Types bytes.
    Bytes(Vec<u8>),
    /// The program says "success" and gives no text.
    Null,
    /// The program says "success" and gives nothing at all.
    NoResponse,
    /// The program fails.
    Fail,
    /// `PAM_USER` becomes another, then the second is typed.
    RenameAndType(String, String),
}

/// What the person types.
pub(crate) fn types(text: &str) -> Answer {
    Answer::Type(text.to_owned())
}

/// What happened.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// libpam's code for each step that has one.
    pub(crate) codes: Vec<i32>,
    /// How long these steps took, in milliseconds.
    pub(crate) milliseconds: Vec<u128>,
    /// What the person saw, each with `info`, `error`, `hidden` or `visible` before it.
    pub(crate) said: Vec<String>,
    /// The delays that libpam was to make, in milliseconds.
    pub(crate) delays: Vec<u32>,
    /// What stood on standard output and error.
    pub(crate) printed: String,
    /// The process at the start, at each [`Step::Look`], and at the end.
    pub(crate) process: Vec<Process>,
    /// The process at each message and question.
    pub(crate) in_between: Vec<Process>,
    /// How often the program's own panic hook was called.
    pub(crate) own_panics: u32,
    /// What was logged. Filled in by the stage.
    #[serde(skip)]
    pub(crate) log: Vec<String>,
}

impl Report {
    /// The one code.
    pub(crate) fn code(&self) -> i32 {
        let [code] = self.codes[..] else {
            panic!("{:?}", self.codes)
        };
        code
    }

    /// Whether a line of the log holds that.
    pub(crate) fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }
}

/// What a process has that a module may leave behind in it.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its threads.
    pub(crate) threads: usize,
    /// Its open files.
    pub(crate) descriptors: Vec<String>,
    /// How many of them a program that it starts would inherit.
    pub(crate) inheritable: usize,
    /// Its signal dispositions.
    pub(crate) signals: Vec<String>,
    /// Its mappings of the module.
    pub(crate) mappings: usize,
    /// Its resident memory in kilobytes.
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

/// The program itself. Not a test: the stage starts it.
#[test]
#[ignore = "the login program that the other tests start"]
fn login_program() {
    let Some(path) = std::env::var_os(SCRIPT) else {
        return;
    };
    let script: Script = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let stage = script.stage.clone();
    enter(&stage);
    // As C programs have it; Rust's runtime ignores this signal.
    // SAFETY: no handler is set.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    // The log's connection is libc's own and stays: it is made now.
    // SAFETY: a format without arguments.
    unsafe { libc::syslog(libc::LOG_DEBUG, c"the login program starts".as_ptr()) };
    setresuid(script.real_uid.into(), Uid::from_raw(0), Uid::from_raw(0)).unwrap();
    let report = run(script);
    fs::write(stage.join("report"), serde_json::to_vec(&report).unwrap()).unwrap();
}

/// Puts the stage's sockets where the system's are, for this process alone: the bus', the daemon's own,
/// the log's.
fn enter(stage: &Path) {
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

    let dev = stage.join("dev");
    fs::create_dir_all(&dev).unwrap();
    tmpfs(&dev);
    for name in ["null", "zero", "urandom", "random"] {
        File::create(dev.join(name)).unwrap();
        bind(&Path::new("/dev").join(name), &dev.join(name));
    }
    File::create(dev.join("log")).unwrap();
    bind(&stage.join("log"), &dev.join("log"));

    let run = stage.join("run");
    fs::create_dir_all(&run).unwrap();
    tmpfs(&run);
    for (folder, place) in [("bus", "dbus"), ("tfa", "tfa")] {
        fs::create_dir(run.join(place)).unwrap();
        bind(&stage.join(folder), &run.join(place));
    }
    bind(&run, Path::new("/run"));
    bind(&dev, Path::new("/dev"));
}

static OWN_PANICS: AtomicU32 = AtomicU32::new(0);

fn run(script: Script) -> Report {
    panic::set_hook(Box::new(|_| {
        OWN_PANICS.fetch_add(1, Ordering::Relaxed);
    }));
    let printed = Printed::redirect(&script.stage);
    let mut report = Report::default();
    report.process.push(Process::now());
    let transaction = OnceCell::new();
    for step in &script.steps {
        let started = Instant::now();
        if let Step::Look = step {
            report.process.push(Process::now());
        }
        let begun = || transaction.get_or_init(|| Transaction::begin(&script));
        let Some(code) = do_step(begun, step, &script) else {
            continue;
        };
        report.codes.push(code);
        report.milliseconds.push(started.elapsed().as_millis());
    }
    if let Some(transaction) = transaction.into_inner() {
        let person = transaction.end();
        report.said = person.said;
        report.delays = person.delays;
        report.in_between = person.in_between;
    }
    report.process.push(Process::now());
    report.own_panics = OWN_PANICS.load(Ordering::Relaxed);
    report.printed = printed.back();
    report
}

fn do_step<'a>(
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
        Step::AuthenticateInAChild => Some(in_a_child(|| transaction().authenticate(0))),
        Step::AuthenticateInAnEndingThread => Some(in_an_ending_thread(transaction().raw)),
        Step::Beside => {
            let beside = Transaction::begin(script);
            let code = beside.authenticate(0);
            beside.end();
            Some(code)
        }
        Step::Load(times) => {
            let module = CString::new(script.module.to_str().unwrap()).unwrap();
            for _ in 0..*times {
                load(&module);
            }
            None
        }
        Step::Look => None,
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
struct LastWish(Cell<*mut PamHandle>);

static LAST_CODE: AtomicI32 = AtomicI32::new(-1);

impl Drop for LastWish {
    fn drop(&mut self) {
        // SAFETY: the transaction outlives the thread.
        let code = unsafe { raw::pam_authenticate(self.0.get(), 0) };
        LAST_CODE.store(code, Ordering::Relaxed);
    }
}

fn in_an_ending_thread(transaction: *mut PamHandle) -> c_int {
    thread_local! {
        static LAST_WISH: LastWish = const { LastWish(Cell::new(ptr::null_mut())) };
    }
    let address = transaction.expose_provenance();
    let thread = std::thread::spawn(move || {
        let transaction = ptr::with_exposed_provenance_mut(address);
        // What a thread stores first goes last: the module's storage is made after this.
        LAST_WISH.with(|wish| wish.0.set(transaction));
        // SAFETY: the transaction is live, and the other thread waits.
        unsafe { raw::pam_authenticate(transaction, 0) };
    });
    thread.join().unwrap();
    LAST_CODE.load(Ordering::Relaxed)
}

fn in_a_child(work: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: the child does what a login program does in its child, and leaves at once.
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

/// A transaction of libpam, and the one in front of the screen.
struct Transaction {
    raw: *mut PamHandle,
    person: *mut Person,
}

impl Transaction {
    fn begin(script: &Script) -> Self {
        let person = Box::into_raw(Box::new(Person {
            transaction: ptr::null_mut(),
            answers: script.answers.clone(),
            said: Vec::new(),
            delays: Vec::new(),
            in_between: Vec::new(),
        }));
        let conversation = PamConversation {
            conv: Some(converse),
            data_ptr: person.cast(),
        };
        let folder = script.stage.join("pam.d");
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
        // SAFETY: nobody else uses the person now.
        unsafe { (*person).transaction = raw };
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
        for variable in &script.variables {
            let variable = CString::new(variable.as_str()).unwrap();
            // SAFETY: the transaction is live; libpam copies the string.
            unsafe { raw::pam_putenv(raw, variable.as_ptr()) };
        }
        Self { raw, person }
    }

    fn authenticate(&self, flags: c_int) -> c_int {
        // SAFETY: the transaction is live.
        unsafe { raw::pam_authenticate(self.raw, flags) }
    }

    fn account(&self, flags: c_int) -> c_int {
        // SAFETY: the transaction is live.
        unsafe { raw::pam_acct_mgmt(self.raw, flags) }
    }

    fn end(self) -> Person {
        // SAFETY: the transaction is live, and not used after.
        let code = unsafe { raw::pam_end(self.raw, PamReturnCode::SUCCESS as c_int) };
        assert_eq!(code, PamReturnCode::SUCCESS as c_int);
        // SAFETY: the transaction that knew the person is over.
        *unsafe { Box::from_raw(self.person) }
    }
}

fn set_item(transaction: *mut PamHandle, item: PamItemType, text: &str) {
    let text = CString::new(text).unwrap();
    // SAFETY: the transaction is live; libpam copies the string.
    let code = unsafe { raw::pam_set_item(transaction, item as c_int, text.as_ptr().cast()) };
    assert_eq!(code, PamReturnCode::SUCCESS as c_int);
}

/// The one in front of the screen.
struct Person {
    transaction: *mut PamHandle,
    answers: VecDeque<Answer>,
    said: Vec<String>,
    delays: Vec<u32>,
    in_between: Vec<Process>,
}

/// Takes libpam's place in waiting after a failure: the tests have no time.
extern "C" fn delay(_code: c_int, microseconds: c_uint, person: *mut c_void) {
    // SAFETY: libpam passes on what `begin` gave it.
    let person = unsafe { &mut *person.cast::<Person>() };
    if microseconds > 0 {
        person.delays.push(microseconds / 1000);
    }
}

/// The conversation function.
extern "C" fn converse(
    count: c_int,
    messages: *mut *mut PamMessage,
    responses: *mut *mut PamResponse,
    person: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: libpam passes on what `begin` gave it, one message, and a place for the response.
    let (person, style, text) = unsafe {
        let message = &**messages;
        let text = CStr::from_ptr(message.msg).to_str().unwrap().to_owned();
        (&mut *person.cast::<Person>(), message.msg_style, text)
    };
    let asks = style == PamMessageStyle::PROMPT_ECHO_OFF as c_int
        || style == PamMessageStyle::PROMPT_ECHO_ON as c_int;
    let kind = ["", "hidden", "visible", "error", "info"][usize::try_from(style).unwrap()];
    person.said.push(format!("{kind}: {text}"));
    person.in_between.push(Process::now());

    let mut bytes = None;
    if asks {
        match person.answers.pop_front() {
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
                wait_for_nobody_at(tfa_proto::SYSTEM_BUS_SOCKET);
                bytes = Some(text.into_bytes());
            }
            Some(Answer::TypeAfterTheDaemon(text)) => {
                wait_for_nobody_at(tfa_proto::LOGIN_SOCKET);
                bytes = Some(text.into_bytes());
            }
            Some(Answer::Bytes(typed)) => bytes = Some(typed),
            Some(Answer::RenameAndType(user, text)) => {
                set_item(person.transaction, PamItemType::USER, &user);
                bytes = Some(text.into_bytes());
            }
        }
    }
    let bytes = bytes.map(|bytes| CString::new(bytes).unwrap());
    // SAFETY: freshly allocated, and handed over as the contract of conversations has it.
    unsafe {
        let response: *mut PamResponse = libc::calloc(1, size_of::<PamResponse>()).cast();
        (*response).resp = bytes.map_or(ptr::null_mut(), |bytes| libc::strdup(bytes.as_ptr()));
        *responses = response;
    }
    PamReturnCode::SUCCESS as c_int
}

fn wait_for_nobody_at(socket: &str) {
    while UnixStream::connect(socket).is_ok() {
        std::thread::yield_now();
    }
}

/// Standard output and error, kept in a file while the module runs.
struct Printed {
    file: PathBuf,
    saved: [c_int; 2],
}

impl Printed {
    fn redirect(stage: &Path) -> Self {
        let path = stage.join("printed");
        let file = File::create(&path).unwrap();
        // SAFETY: descriptors of this process.
        let saved = [1, 2].map(|standard| unsafe {
            let saved = libc::dup(standard);
            libc::dup2(file.as_raw_fd(), standard);
            saved
        });
        Self { file: path, saved }
    }

    fn back(self) -> String {
        for (standard, saved) in [1, 2].into_iter().zip(self.saved) {
            // SAFETY: descriptors of this process.
            unsafe { libc::dup2(saved, standard) };
        }
        fs::read_to_string(self.file).unwrap()
    }
}
