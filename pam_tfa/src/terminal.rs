//! The terminal that a program was started at.
//!
//! `su` names the terminal of its descriptors, and a user chooses these: whoever may write to a
//! console (its owner, a member of dialout) could be taken for somebody at it.

use std::fs;
use std::os::unix::fs::MetadataExt;

/// Whether a terminal is the controlling one of this process. What cannot be found out is no.
pub(crate) fn is_controlling(tty: &str) -> bool {
    let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
    let device = fs::metadata(format!("/dev/{tty}")).map(|found| found.rdev());
    let stat = fs::read_to_string("/proc/self/stat");
    match (device, stat) {
        (Ok(device), Ok(stat)) => device != 0 && controlling(&stat) == Some(device),
        _ => false,
    }
}

/// The device of the controlling terminal, as `/proc/PID/stat` has it in its seventh field. The
/// second is the program's name, in parentheses, and may hold anything.
fn controlling(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let number: i32 = rest.split_ascii_whitespace().nth(4)?.parse().ok()?;
    Some(u64::from(number.cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seventh_field_is_found_whatever_the_program_is_called() {
        let of = |name: &str| controlling(&format!("42 ({name}) S 1 42 42 1025 42 4194304 1"));
        assert_eq!(of("su"), Some(1025));
        assert_eq!(of("a) S 1 2 3 4 ("), Some(1025));
        assert_eq!(controlling("42 (su) S 1 42 42 0 -1"), Some(0));
        assert_eq!(controlling("42"), None);
    }

    #[test]
    fn what_is_no_terminal_controls_nothing() {
        assert!(!is_controlling("") && !is_controlling("null"));
        assert!(!is_controlling("no-such-terminal") && !is_controlling("/dev/full"));
    }
}
