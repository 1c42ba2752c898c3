//! What SELinux has denied since the boot.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use super::bounded::{bytes, text};
use super::missed::Missed;
use super::output::{failure, output};
use crate::messages;

const ENFORCE: &str = "/sys/fs/selinux/enforce";
const AUDIT_LOG: &str = "/var/log/audit/audit.log";
/// How much of the log's end is read, in bytes.
const MAX_LOG: u64 = 1 << 20;

/// The denials in the log since the boot; `None` unless SELinux is enforcing, or if the log cannot be read.
pub(super) fn collect(missed: &Missed) -> Option<String> {
    missed.text(ENFORCE).filter(|text| text.trim() == "1")?;
    let log = match Path::new(AUDIT_LOG).is_file() {
        true => audit_log(),
        false => journal(),
    };
    missed.known(log)
}

fn journal() -> Result<String, String> {
    const PROGRAM: &str = "journalctl";
    const FILTER: &str = "avc: +denied";
    let arguments = ["-b", "-r", "-q", "-o", "cat", "--no-pager", "-g", FILTER];
    let output = output(PROGRAM, &arguments)?;
    // It fails, too, if there is no such line, and says nothing then.
    match output.status.success() || output.stderr.trim_ascii().is_empty() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(failure(PROGRAM, &output)),
    }
}

fn audit_log() -> Result<String, String> {
    let end = end_of(AUDIT_LOG).map_err(|error| messages::file_not_read(AUDIT_LOG, &error))?;
    Ok(since(boot_time()?, &end))
}

/// The end of a file that others do not write.
fn end_of(path: &str) -> io::Result<String> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(MAX_LOG);
    file.seek(SeekFrom::Start(start))?;
    let bytes = bytes(file, MAX_LOG)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// When the host was booted, in seconds since the epoch.
fn boot_time() -> Result<u64, String> {
    const STATISTICS: &str = "/proc/stat";
    let text = text(STATISTICS)?.unwrap_or_default();
    let time = text.lines().find_map(|line| line.strip_prefix("btime "));
    let time = time.and_then(|time| time.trim().parse().ok());
    time.ok_or_else(|| messages::unexpected(STATISTICS, "no btime"))
}

/// The lines of the audit log from this time on.
fn since(seconds: u64, log: &str) -> String {
    let is_since = |line: &&str| {
        let time = line
            .split_once("msg=audit(")
            .and_then(|(_, rest)| rest.split_once('.'));
        time.is_some_and(|(time, _)| time.parse::<u64>().is_ok_and(|time| time >= seconds))
    };
    let lines = log
        .lines()
        .filter(|line| line.contains("denied"))
        .filter(is_since);
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_denials_since_the_boot_count() {
        let line = |time| format!("type=AVC msg=audit({time}.5:1): avc:  denied  {{ read }}");
        let granted = "type=AVC msg=audit(101.5:1): avc:  granted".to_owned();
        let log = [line(99), line(100), granted, "cut off".to_owned()].join("\n");
        assert_eq!(since(100, &log), line(100));
    }
}
