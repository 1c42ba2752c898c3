//! The same services through the evaluator, with the same report.

use std::fs;
use std::path::Path;

use tfa_pam_stack::{
    Call, Code, Files, Line, Phase, ReadError, Reader, Release, Run, Service, Unreadable,
};
use tfa_pam_stack::{run, run_after};

/// The modules of the host that the services use.
const INSTALLED: [&str; 6] = [
    "pam_debug.so",
    "pam_permit.so",
    "pam_deny.so",
    "pam_rootok.so",
    "pam_unix.so",
    "pam_exec.so",
];

/// The files of the host.
struct Host;

impl Files for Host {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match Path::new(path).is_dir() {
            true => Ok(Vec::new()),
            false => fs::read(path).map_err(|_| ReadError::Absent),
        }
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn has_module(&self, module: &str, _: Phase) -> bool {
        // A random line may name an included file as its module.
        let is_module = module.starts_with('/') && module.ends_with(".so");
        let is_file = || fs::metadata(module).is_ok_and(|file| file.len() > 0);
        INSTALLED.contains(&module) || (is_module && is_file())
    }
}

/// Reads the service `service` of a folder.
pub(crate) fn read(folder: &Path, release: Release) -> Result<Service, Unreadable> {
    read_named(folder, "service", release)
}

/// Reads a service of a folder.
pub(crate) fn read_named(
    folder: &Path,
    name: &str,
    release: Release,
) -> Result<Service, Unreadable> {
    let folders = [folder.to_str().unwrap()];
    let reader = Reader {
        files: &Host,
        release,
        folders: &folders,
    };
    reader.read(name)
}

/// The line that the driver prints for a service.
pub(crate) fn report(service: &Result<Service, Unreadable>) -> String {
    let Ok(service) = service else {
        return "26".to_owned();
    };
    let [auth, account, session] =
        [Phase::Auth, Phase::Account, Phase::Session].map(|phase| service.stack(phase));
    let authenticated = run(auth, code_of("auth"));
    let opened = run(session, code_of("open_session"));
    let runs = [
        ("auth", auth, authenticated.clone()),
        (
            "cred",
            auth,
            run_after(&authenticated, auth, code_of("cred")),
        ),
        ("acct", account, run(account, code_of("acct"))),
        ("open_session", session, opened.clone()),
        (
            "close_session",
            session,
            run_after(&opened, session, code_of("close_session")),
        ),
    ];
    let parts = runs.map(|(call, stack, run)| calls(call, &stack.lines, &run));
    format!("0{}", parts.concat())
}

fn calls(call: &str, lines: &[Line], run: &Run) -> String {
    let executed = run.lines.iter().map(|(index, _)| &lines[*index]);
    let called = executed.filter(|line| line.call == Call::Module);
    let messages = called.filter_map(|line| Some(format!(" {call}={}", argument(line, call)?)));
    let messages: String = messages.collect();
    format!(" |{messages} {}", run.result.number())
}

/// What `pam_debug` returns.
fn code_of(call: &str) -> impl FnMut(&Line) -> Code {
    move |line| argument(line, call).unwrap_or(Code::SUCCESS)
}

pub(crate) fn argument(line: &Line, call: &str) -> Option<Code> {
    let mut values = line.arguments.iter();
    let value = values.find_map(|argument| argument.strip_prefix(call)?.strip_prefix('='))?;
    Code::from_name(value)
}
