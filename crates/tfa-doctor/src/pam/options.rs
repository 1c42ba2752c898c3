//! The options of the lines of pam_tfa.

use std::ops::RangeInclusive;

use tfa_pam_stack::{Line, Phase};

use super::{Fault, Login, services};
use crate::messages;

/// The options that the module accepts, `timeout=` aside.
const OPTIONS: [&str; 12] = [
    "debug",
    "echo",
    "try_first_pass",
    "use_first_pass",
    "forward_pass",
    "after_publickey",
    ENROLL,
    "session=gate",
    "not_required=ignore",
    NOT_REQUIRED,
    "unreachable=deny",
    "unreachable=allow-root-console",
];
/// With it, the module says yes where no second factor is required.
pub(super) const NOT_REQUIRED: &str = "not_required=success";
pub(super) const ENROLL: &str = "enroll=account";
/// In how many letters a wrong option may differ from the one that was meant.
const MAX_DISTANCE: usize = 2;
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

/// A line that does not tell the daemon that the account phase can enroll a user, where some must enroll.
pub(super) fn cannot_enroll(login: &Login<'_>) -> Vec<Fault> {
    let must_enroll = login.policy().is_none_or(|policy| policy.requires);
    let is_asked = login.asks(Phase::Auth) && login.asks(Phase::Account);
    if !must_enroll || !is_asked || services::cannot_ask(login.name) {
        return Vec::new();
    }
    let phases = [Phase::Auth, Phase::Account].into_iter();
    let lines = phases.flat_map(|phase| login.lines(phase));
    let has = |line: &Line, option: &str| line.arguments.iter().any(|word| word == option);
    let never_asks = |line: &Line| has(line, "use_first_pass");
    let cannot = lines.filter(|line| line.is_tfa() && !has(line, ENROLL) && !never_asks(line));
    let fault = |line: &Line| Fault::at(&messages::PAM_CANNOT_ENROLL, &line.position);
    cannot.map(fault).collect()
}

/// The option that a rejected one is meant to be.
pub(super) fn meant(option: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(option, known);
    OPTIONS
        .into_iter()
        .filter(|known| distance(known) <= MAX_DISTANCE)
        .min_by_key(distance)
}

/// The options of a line that the module rejects.
pub(super) fn rejected(arguments: &[String]) -> Vec<&str> {
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
