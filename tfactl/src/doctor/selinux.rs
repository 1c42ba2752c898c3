//! What SELinux has denied since the boot.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::bounded::{bytes, text};
use super::output::output;

const ENFORCE: &str = "/sys/fs/selinux/enforce";
const AUDIT_LOG: &str = "/var/log/audit/audit.log";
/// How much of the log's end is read, in bytes.
const MAX_LOG: u64 = 1 << 20;

/// The denials in the log since the boot; `None` unless SELinux is enforcing.
pub(super) fn collect() -> Option<String> {
    text(ENFORCE).filter(|text| text.trim() == "1")?;
    let log = if Path::new(AUDIT_LOG).is_file() {
        since(boot_time()?, &end_of(AUDIT_LOG)?)
    } else {
        let arguments = [
            "-b",
            "-r",
            "-q",
            "-o",
            "cat",
            "--no-pager",
            "-g",
            "avc: +denied",
        ];
        String::from_utf8_lossy(&output("journalctl", &arguments).ok()?.stdout).into_owned()
    };
    Some(log)
}

/// The end of a file that others do not write.
fn end_of(path: &str) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let start = file.metadata().ok()?.len().saturating_sub(MAX_LOG);
    file.seek(SeekFrom::Start(start)).ok()?;
    let bytes = bytes(file, MAX_LOG)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// When the host was booted, in seconds since the epoch.
fn boot_time() -> Option<u64> {
    let text = text("/proc/stat")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("btime "));
    lines.next()?.trim().parse().ok()
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
