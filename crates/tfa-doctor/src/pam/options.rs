//! The options of the lines of pam_tfa.

use tfa_pam_stack::{Line, Phase};

use super::{Fault, Login};
use crate::messages;

/// The options without a value.
const WORDS: [&str; 8] = [
    "debug",
    "echo",
    "try_first_pass",
    "use_first_pass",
    "forward_pass",
    "after_publickey",
    "enroll=account",
    "session=gate",
];
/// The options with a value.
const WITH_VALUE: [&str; 3] = ["timeout=", "not_required=", "unreachable="];

/// An option that the module does not know.
pub(super) fn unknown(login: &Login<'_>) -> Vec<Fault> {
    let phases = [Phase::Auth, Phase::Account, Phase::Session].into_iter();
    let lines = phases.flat_map(|phase| login.lines(phase));
    let unknown = lines.filter(|line| line.is_tfa()).flat_map(|line| {
        let unknown = line.arguments.iter().filter(|word| !is_known(word));
        unknown.map(move |word| (line, word))
    });
    let fault = |(line, word): (&Line, &String)| Fault {
        detail: word.clone(),
        ..Fault::at(&messages::PAM_UNKNOWN_OPTION, &line.position)
    };
    unknown.map(fault).collect()
}

fn is_known(word: &str) -> bool {
    WORDS.contains(&word) || WITH_VALUE.iter().any(|option| word.starts_with(option))
}
