//! Programs of the host, and what they print.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::bounded;
use super::missed::TIME_LIMIT;
use crate::messages;

/// How many bytes a program may print: the users of a large host.
const MAX_OUTPUT: u64 = 64 << 20;
/// How long to wait before a program that has closed its output is looked at again.
const PAUSE: Duration = Duration::from_millis(1);
/// Where programs are. Root's own path may name other folders.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What a program prints, in English; or why that is not known: it cannot be started, takes too long or prints
/// too much.
pub(super) fn output(program: &str, arguments: &[&str]) -> Result<Output, String> {
    output_within(TIME_LIMIT, program, arguments)
}

/// What a program prints that succeeds; or why that is not known.
pub(super) fn printed(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = output(program, arguments)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(failure(program, &output)),
    }
}

/// Why a program failed: the first line of its errors, else its exit status.
pub(super) fn failure(program: &str, output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let mut lines = errors.lines().map(str::trim);
    match lines.find(|line| !line.is_empty()) {
        Some(line) => messages::program_failed(program, line),
        None => messages::program_failed(program, &output.status.to_string()),
    }
}

/// What a program prints as another user, with these groups as setpriv(1) takes them. It has nothing of root: not the
/// environment, nor the terminal, nor a privilege that it could get back.
pub(super) fn output_as(
    user: &str,
    groups: &str,
    program: &str,
    arguments: &[&str],
) -> Result<Output, String> {
    // A session of its own has no controlling terminal.
    const SETSID: &str = "setsid";
    let setpriv = path_of("setpriv");
    let [uid, gid] = ["reuid", "regid"].map(|option| format!("--{option}={user}"));
    let mut command = Command::new(path_of(SETSID));
    command
        .arg("--wait")
        .arg(setpriv)
        .args([&uid, &gid, groups, "--no-new-privs", "--inh-caps=-all"])
        .args(["--ambient-caps=-all", "--bounding-set=-all", "--", program])
        .args(arguments)
        .env_clear()
        .current_dir("/");
    run(TIME_LIMIT, SETSID, &mut command)
}

fn output_within(limit: Duration, program: &str, arguments: &[&str]) -> Result<Output, String> {
    let mut command = Command::new(path_of(program));
    run(limit, program, command.args(arguments))
}

fn run(limit: Duration, program: &str, command: &mut Command) -> Result<Output, String> {
    let end = Instant::now() + limit;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("LC_ALL", "C")
        .env("PATH", FOLDERS.join(":"))
        .spawn()
        .map_err(|_| messages::not_started(program))?;
    let output = finish(&mut child, end);
    if output.is_none() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let output = output.ok_or_else(|| messages::no_answer(program, limit.as_secs()))?;
    let length = u64::try_from(output.stdout.len()).unwrap_or(u64::MAX);
    match length < MAX_OUTPUT {
        true => Ok(output),
        false => Err(messages::too_much_output(program)),
    }
}

/// The path of a program, from its file name.
fn path_of(program: &str) -> PathBuf {
    let mut paths = FOLDERS.iter().map(|folder| Path::new(folder).join(program));
    paths
        .find(|path| path.exists())
        .unwrap_or_else(|| Path::new("/usr/bin").join(program))
}

fn finish(child: &mut Child, end: Instant) -> Option<Output> {
    let stdout = read(child.stdout.take()?)?;
    let stderr = read(child.stderr.take()?)?;
    let left = || end.saturating_duration_since(Instant::now());
    let stdout = stdout.recv_timeout(left()).ok()?;
    let stderr = stderr.recv_timeout(left()).ok()?;
    let status = wait(child, end)?;
    Some(Output {
        status,
        stdout,
        stderr,
    })
}

/// Reads on a thread of its own. What is beyond the limit is discarded.
fn read(mut source: impl Read + Send + 'static) -> Option<Receiver<Vec<u8>>> {
    let (sender, receiver) = sync_channel(1);
    let read = move || {
        // Without the bytes, the receiver learns that the sender is gone.
        if let Ok(bytes) = bounded::bytes(&mut source, MAX_OUTPUT) {
            let _ = io::copy(&mut source, &mut io::sink());
            // The other end is gone if the time is over.
            let _ = sender.send(bytes);
        }
    };
    thread::Builder::new().spawn(read).ok()?;
    Some(receiver)
}

fn wait(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let short = Duration::from_millis(50);
        let of = |script| output_within(short, "sh", &["-c", script]).unwrap_err();
        let expected = messages::no_answer("sh", 0);
        assert_eq!(of("exec sleep 1000"), expected);
        assert_eq!(of("exec >&- 2>&-; exec sleep 1000"), expected);
        assert_eq!(of("yes"), expected);
    }

    #[test]
    fn what_a_program_prints_is_read_to_the_end() {
        let script = "head -c 3000000 /dev/zero; echo end >&2; exit 3";
        let output = output("sh", &["-c", script]).unwrap();
        assert_eq!(output.stdout.len(), 3_000_000);
        assert_eq!(output.stderr, b"end\n");
        assert_eq!(output.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_fails_has_a_reason() {
        let of = |script| printed("sh", &["-c", script]);
        assert_eq!(of("echo text"), Ok("text\n".to_owned()));
        let why = of("echo text; echo >&2; echo ' no bus' >&2; exit 1");
        assert_eq!(why, Err(messages::program_failed("sh", "no bus")));
        let why = of("exit 3").unwrap_err();
        assert!(why.ends_with("exit status: 3"), "{why}");
    }

    #[test]
    fn output_beyond_the_limit_is_an_error() {
        let script = "head -c 70000000 /dev/zero";
        let why = output("sh", &["-c", script]).unwrap_err();
        assert_eq!(why, messages::too_much_output("sh"));
    }

    #[test]
    fn programs_are_those_of_the_system() {
        assert!(
            ["/usr/bin/sh", "/bin/sh"]
                .iter()
                .any(|sh| path_of("sh") == Path::new(sh))
        );
        assert_eq!(path_of("/usr/sbin/sshd"), Path::new("/usr/sbin/sshd"));
        let why = output("nonexistent", &[]).unwrap_err();
        assert_eq!(why, messages::not_started("nonexistent"));
    }
}
