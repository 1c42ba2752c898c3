//! Processes of this machine, as the kernel describes them in `/proc`.

use std::fs;

/// The audit session id of a process that is in no login session.
const NO_SESSION: u32 = u32::MAX;

/// A process. A later one with the same pid has another start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pid: u32,
    /// When it was started, in clock ticks since the boot.
    start: u64,
}

impl Process {
    /// The process of a pid, and the pid of its parent; `None` if there is none, or `/proc` does not
    /// show it.
    #[must_use]
    pub fn find(pid: u32) -> Option<(Self, u32)> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (parent, start) = parse_stat(&stat)?;
        Some((Self { pid, start }, parent))
    }

    /// Its pid.
    #[must_use]
    pub fn pid(self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_alive(self) -> bool {
        Self::find(self.pid).is_some_and(|(now, _)| now == self)
    }
}

/// The audit session of a process, which its children share. `pam_loginuid` begins one. `None` for a
/// process in no session, or in a kernel without audit.
#[must_use]
pub fn audit_session(pid: u32) -> Option<u32> {
    let id = fs::read_to_string(format!("/proc/{pid}/sessionid")).ok()?;
    id.trim_end().parse().ok().filter(|id| *id != NO_SESSION)
}

/// The uid that opened the audit session of a process, and that no later program of it changes.
#[must_use]
pub fn login_uid(pid: u32) -> Option<u32> {
    let uid = fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?;
    uid.trim_end().parse().ok().filter(|uid| *uid != u32::MAX)
}

/// The parent and the start in a line of `/proc/PID/stat`: proc_pid_stat(5), fields 4 and 22. The second
/// field is a name in parentheses, and may contain blanks and parentheses itself. `None` for a process that
/// has ended, and that its parent was not told of yet.
fn parse_stat(stat: &str) -> Option<(u32, u64)> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let parent = fields.next()?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some((parent, start))
}

#[cfg(test)]
mod tests {
    use std::process::{self, Command};

    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let rest = "S 7 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 8899 23 24\n";
        for name in ["sshd", "a b", "x) S 1", ")", "(("] {
            let stat = format!("1234 ({name}) {rest}");
            assert_eq!(parse_stat(&stat), Some((7, 8899)), "{name}");
        }
        for stat in [
            "",
            "1 (x)",
            "1 (x) S",
            "1 (x) S x 3",
            "1 (x) S 7 3 4",
            "1 (x) Z 7 3",
        ] {
            assert_eq!(parse_stat(stat), None, "{stat}");
        }
    }

    #[test]
    fn a_process_is_told_from_itself_after_its_end() {
        let own = process::id();
        let mut child = Command::new("cat")
            .stdin(process::Stdio::piped())
            .spawn()
            .unwrap();
        let (found, parent) = Process::find(child.id()).unwrap();
        assert_eq!((found.pid(), parent), (child.id(), own));
        assert!(found.is_alive());
        assert_eq!(audit_session(child.id()), audit_session(own));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!found.is_alive());
        let later = Process {
            start: found.start,
            pid: own,
        };
        assert!(!later.is_alive(), "the pid of another process");
        assert_eq!(Process::find(u32::MAX), None);
        assert_eq!(audit_session(u32::MAX), None);
    }
}
