//! The controlling terminal of this process.
//!
//! `su` sets `PAM_TTY` to the terminal of its file descriptors, which the user chooses. A user who may
//! write to a console, for example a member of dialout, could otherwise pretend to sit at it.

use std::fs;
use std::os::unix::fs::MetadataExt;

/// Returns whether that is the controlling terminal of this process; `false` if this cannot be
/// determined.
pub(crate) fn is_controlling(tty: &str) -> bool {
    let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
    let device = fs::metadata(format!("/dev/{tty}")).map(|metadata| metadata.rdev());
    let stat = fs::read_to_string("/proc/self/stat");
    match (device, stat) {
        (Ok(device), Ok(stat)) => device != 0 && controlling(&stat) == Some(device),
        _ => false,
    }
}

/// Parses the device of the controlling terminal: the seventh field of `/proc/PID/stat`. The second
/// field is the name of the program in parentheses, which may contain any character.
fn controlling(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let number: i32 = rest.split_ascii_whitespace().nth(4)?.parse().ok()?;
    Some(u64::from(number.cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_does_not_shift_the_fields() {
        let of = |name: &str| controlling(&format!("42 ({name}) S 1 42 42 1025 42 4194304 1"));
        assert_eq!(of("su"), Some(1025));
        assert_eq!(of("a) S 1 2 3 4 ("), Some(1025));
        assert_eq!(controlling("42 (su) S 1 42 42 0 -1"), Some(0));
        assert_eq!(controlling("42"), None);
    }

    #[test]
    fn other_files_are_not_the_controlling_terminal() {
        assert!(!is_controlling("") && !is_controlling("null"));
        assert!(!is_controlling("no-such-terminal") && !is_controlling("/dev/full"));
    }
}
