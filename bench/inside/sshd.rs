//! Concurrent logins through sshd, with a password and a second factor.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::service;
use crate::layout;
use crate::phone::{self, Phones};
use crate::statistics::Times;
use crate::user::User;
use tfa_tests::OrFail;

/// The number of users in the stores.
const USERS: u32 = 1000;

/// The number of the first user who logs in.
const FIRST: u32 = 900;

/// The password of all users.
const PASSWORD: &str = "correct horse battery staple";

/// Answers the questions of ssh with the password and the code.
const ASKPASS: &str = "#!/bin/sh
case $1 in
*assword*) echo \"$BENCH_PASSWORD\" ;;
*) echo \"$BENCH_CODE\" ;;
esac
";

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The number of concurrent logins.
    pub(crate) at_once: u32,
    /// The number of rounds.
    pub(crate) rounds: u32,
}

/// The results for one stack.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) stack: Stack,
    /// From the start to the end of the last login.
    pub(crate) times: Times,
}

/// What sshd asks for after the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stack {
    /// Nothing.
    Password,
    /// The code of `pam_tfa`, in both phases, as in its PAM profile.
    Ours,
    /// The code of google-authenticator.
    Google,
}

impl Stack {
    const ALL: [Self; 3] = [Self::Password, Self::Ours, Self::Google];

    /// The PAM configuration. Only the second factor differs.
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
    add_users(task.at_once);
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

/// The remaining time of a step before a round starts. A round takes less time.
const CODE_LIFETIME: Duration = Duration::from_secs(20);

fn users(count: u32) -> impl Iterator<Item = User> {
    (FIRST..FIRST + count).map(User)
}

/// Adds the users to `/etc/passwd`, with a shell and a password.
fn add_users(count: u32) {
    let lines: String = users(count)
        .map(|user| {
            let (name, uid) = (user.name(), user.uid());
            format!("{name}:x:{uid}:{uid}::/:/bin/sh\n")
        })
        .collect();
    let passwords: String = users(count)
        .map(|user| format!("{}:{PASSWORD}\n", user.name()))
        .collect();
    append("/etc/passwd", &lines);
    feed(Command::new("pwconv"), "");
    feed(Command::new("chpasswd"), &passwords);
    fs::write(askpass(), ASKPASS).or_fail("write the askpass program");
    fs::set_permissions(askpass(), fs::Permissions::from_mode(0o755))
        .or_fail("make the askpass program executable");
}

fn askpass() -> std::path::PathBuf {
    layout::program("askpass")
}

fn log_all_in(stack: Stack, at_once: u32, phones: &mut Phones<(Stack, User)>) -> Duration {
    fs::write("/etc/pam.d/sshd", stack.lines()).or_fail("write sshd's PAM configuration");
    phone::wait_for_step_with(CODE_LIFETIME);
    let codes: Vec<(User, String)> = users(at_once)
        .map(|user| (user, phones.next((stack, user), user)))
        .collect();
    let start = Instant::now();
    let clients: Vec<(User, Child)> = codes
        .into_iter()
        .map(|(user, code)| (user, ssh(user, &code)))
        .collect();
    for (user, client) in clients {
        let output = client.wait_with_output().or_fail("wait for ssh");
        if !output.status.success() {
            panic!(
                "the ssh login of {} with {stack:?} failed: {}",
                user.name(),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    start.elapsed()
}

fn ssh(user: User, code: &str) -> Child {
    let options = [
        "PreferredAuthentications=keyboard-interactive",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
    ];
    let mut command = Command::new("ssh");
    command
        .args(options.iter().flat_map(|option| ["-o", option]))
        .arg(format!("{}@localhost", user.name()))
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
