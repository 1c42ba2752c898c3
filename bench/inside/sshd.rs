//! Logins through a real sshd, many at once: a password, then the second factor.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::service;
use crate::layout;
use crate::person::Person;
use crate::phone::{self, Phones};
use crate::statistics::Times;
use tfa_tests::OrFail;

/// The stores that have the users: those of so many.
const USERS: u32 = 1000;

/// The first of the users who log in.
const FIRST: u32 = 900;

/// Everybody's password.
const PASSWORD: &str = "correct horse battery staple";

/// Types the password or the code, whichever ssh asks for.
const ASKPASS: &str = "#!/bin/sh
case $1 in
*assword*) echo \"$BENCH_PASSWORD\" ;;
*) echo \"$BENCH_CODE\" ;;
esac
";

/// What is to be measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// How many log in at once.
    pub(crate) at_once: u32,
    /// How often.
    pub(crate) rounds: u32,
}

/// What came out with one stack.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Whose second factor.
    pub(crate) stack: Stack,
    /// Until the last one was in.
    pub(crate) times: Times,
}

/// What sshd asks for behind the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stack {
    /// Nothing.
    Password,
    /// Ours, in both phases, as its profile has it.
    Ours,
    /// google-authenticator's code.
    Google,
}

impl Stack {
    const ALL: [Self; 3] = [Self::Password, Self::Ours, Self::Google];

    /// The PAM configuration: what differs is the second factor alone.
    fn lines(self) -> String {
        let (auth, account) = match self {
            Self::Password => (String::new(), ""),
            Self::Ours => (
                "auth required pam_tfa.so\n".to_owned(),
                "account required pam_tfa.so\n",
            ),
            Self::Google => (
                format!(
                    "auth required pam_google_authenticator.so user=root secret={}/${{USER}}\n",
                    layout::google(USERS).display()
                ),
                "",
            ),
        };
        format!(
            "auth required pam_unix.so\n{auth}\
             {account}account required pam_unix.so\n\
             session required pam_permit.so\n"
        )
    }
}

pub(super) fn run(task: &Task) -> Vec<Measured> {
    add_people(task.at_once);
    service::serve_after(USERS, || {});
    let mut phones = Phones::new();
    let mut all = Stack::ALL.map(|stack| Measured {
        stack,
        times: Times::default(),
    });
    for _ in 0..task.rounds {
        for measured in &mut all {
            let time = log_all_in(measured.stack, task.at_once, &mut phones);
            measured.times.push(time);
        }
    }
    all.into()
}

/// How long a code must stay good: so long all of them together take at most.
const TIME: Duration = Duration::from_secs(20);

fn people(count: u32) -> impl Iterator<Item = Person> {
    (FIRST..FIRST + count).map(Person)
}

/// Gives the users a line in `/etc/passwd`, a shell and a password.
fn add_people(count: u32) {
    let lines: String = people(count)
        .map(|person| {
            let (name, uid) = (person.name(), person.uid());
            format!("{name}:x:{uid}:{uid}::/:/bin/sh\n")
        })
        .collect();
    let passwords: String = people(count)
        .map(|person| format!("{}:{PASSWORD}\n", person.name()))
        .collect();
    append("/etc/passwd", &lines);
    feed(Command::new("pwconv"), "");
    feed(Command::new("chpasswd"), &passwords);
    fs::write(askpass(), ASKPASS).or_fail("write the program that types");
    fs::set_permissions(askpass(), fs::Permissions::from_mode(0o755))
        .or_fail("mark the program that types");
}

fn askpass() -> std::path::PathBuf {
    layout::program("askpass")
}

fn log_all_in(stack: Stack, at_once: u32, phones: &mut Phones<(Stack, Person)>) -> Duration {
    fs::write("/etc/pam.d/sshd", stack.lines()).or_fail("write sshd's PAM configuration");
    phone::wait_for_a_step_with(TIME);
    let codes: Vec<(Person, String)> = people(at_once)
        .map(|person| (person, phones.next((stack, person), person)))
        .collect();
    let start = Instant::now();
    let clients: Vec<(Person, Child)> = codes
        .into_iter()
        .map(|(person, code)| (person, ssh(person, &code)))
        .collect();
    for (person, client) in clients {
        let output = client.wait_with_output().or_fail("wait for ssh");
        if !output.status.success() {
            panic!(
                "ssh has not let {} in with {stack:?}: {}",
                person.name(),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    start.elapsed()
}

fn ssh(person: Person, code: &str) -> Child {
    let options = [
        "PreferredAuthentications=keyboard-interactive",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
    ];
    let mut command = Command::new("ssh");
    command
        .args(options.iter().flat_map(|option| ["-o", option]))
        .arg(format!("{}@localhost", person.name()))
        .arg("true")
        .env("SSH_ASKPASS", askpass())
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("BENCH_PASSWORD", PASSWORD)
        .env("BENCH_CODE", code)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().or_fail("start ssh")
}

fn append(path: &str, lines: &str) {
    use std::io::Write as _;
    fs::OpenOptions::new()
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(lines.as_bytes()))
        .or_fail(&format!("write {path}"));
}

fn feed(mut command: Command, input: &str) {
    use std::io::Write as _;
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .or_fail(&format!("run {command:?}"));
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(input.as_bytes())
            .or_fail(&format!("feed {command:?}"));
    }
    let status = child.wait().or_fail(&format!("wait for {command:?}"));
    if !status.success() {
        panic!("{command:?} failed: {status}");
    }
}
