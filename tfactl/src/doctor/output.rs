//! Programs of the host, and what they print.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::bounded;

/// How long a program may take. All that are asked answer from files and local sockets.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How long to wait before a program that has closed its output is looked at again.
const PAUSE: Duration = Duration::from_millis(1);

/// What a program prints, in English, up to a limit; `None` if it cannot be started or takes too long.
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<Output> {
    output_within(TIME_LIMIT, program, arguments)
}

/// Whether a program can be started and succeeds.
pub(super) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_some_and(|output| output.status.success())
}

fn output_within(limit: Duration, program: &str, arguments: &[&str]) -> Option<Output> {
    let end = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("LC_ALL", "C")
        .spawn()
        .ok()?;
    let output = finish(&mut child, end);
    if output.is_none() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    output
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
        let bytes = bounded::bytes(&mut source).unwrap_or_default();
        let _ = io::copy(&mut source, &mut io::sink());
        // The other end is gone if the time is over.
        let _ = sender.send(bytes);
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
        assert!(output_within(short, "sh", &["-c", "exec sleep 1000"]).is_none());
        assert!(output_within(short, "sh", &["-c", "exec >&- 2>&-; exec sleep 1000"]).is_none());
        assert!(output_within(short, "sh", &["-c", "yes"]).is_none());
    }

    #[test]
    fn output_is_cut_and_the_program_ends() {
        let output = output(
            "sh",
            &["-c", "head -c 3000000 /dev/zero; echo end >&2; exit 3"],
        );
        let output = output.unwrap();
        assert_eq!(output.stdout.len(), 1 << 20);
        assert_eq!(output.stderr, b"end\n");
        assert_eq!(output.status.code(), Some(3));
        assert!(super::output("/nonexistent", &[]).is_none());
    }
}
