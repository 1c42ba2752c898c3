//! The options of the lines of pam_tfa.

use std::ops::RangeInclusive;

use tfa_pam_stack::{Line, Phase};

use super::{Fault, Login};
use crate::messages;

/// The options that the module accepts, `timeout=` aside.
const OPTIONS: [&str; 12] = [
    "debug",
    "echo",
    "try_first_pass",
    "use_first_pass",
    "forward_pass",
    "after_publickey",
    "enroll=account",
    "session=gate",
    "not_required=ignore",
    "not_required=success",
    "unreachable=deny",
    "unreachable=allow-root-console",
];
/// Options of which a line has one.
const EXCLUSIVE: [&str; 2] = ["try_first_pass", "use_first_pass"];
/// The values of `timeout=`, in seconds.
const TIMEOUTS: RangeInclusive<u32> = 1..=3600;

/// An option that the module rejects.
pub(super) fn unknown(login: &Login<'_>) -> Vec<Fault> {
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    let lines = phases.flat_map(|phase| login.lines(phase));
    let unknown = lines.filter(|line| line.is_tfa()).flat_map(|line| {
        let rejected = rejected(&line.arguments).into_iter();
        rejected.map(move |word| (line, word))
    });
    let fault = |(line, word): (&Line, &str)| Fault {
        detail: word.to_owned(),
        ..Fault::at(&messages::PAM_UNKNOWN_OPTION, &line.position)
    };
    unknown.map(fault).collect()
}

/// The options of a line that the module rejects.
fn rejected(arguments: &[String]) -> Vec<&str> {
    let words = arguments.iter().map(String::as_str);
    let first = words.clone().find(|word| EXCLUSIVE.contains(word));
    let excluded = |word: &str| EXCLUSIVE.contains(&word) && first != Some(word);
    words
        .filter(|word| !is_accepted(word) || excluded(word))
        .collect()
}

fn is_accepted(word: &str) -> bool {
    let is_timeout = |value: &str| {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        is_number && value.parse().is_ok_and(|value| TIMEOUTS.contains(&value))
    };
    OPTIONS.contains(&word) || word.strip_prefix("timeout=").is_some_and(is_timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file is that of the test of the module.
    #[test]
    fn the_options_are_those_that_the_module_rejects() {
        let file = include_str!("../../../../tests/pam-options");
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let (options, expected) = line.split_once("->").unwrap();
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
            let (options, expected): (Vec<String>, Vec<String>) = (words(options), words(expected));
            assert_eq!(rejected(&options), expected, "{line}");
        }
    }
}
