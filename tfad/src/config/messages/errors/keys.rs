//! TOML that cannot be parsed, and keys where they do not belong.

use tfa_core::Source;

use super::did_you_mean;
use crate::config::messages::quoted;
use crate::config::problem::Problem;

/// What the TOML parser says.
pub(in crate::config) fn syntax(message: &str) -> Problem {
    Problem::new(message)
}

pub(in crate::config) fn duplicate(key: &str) -> Problem {
    Problem::new(format!("{} is defined twice", quoted(key))).help("remove one of the two")
}

pub(in crate::config) fn empty_file() -> Problem {
    Problem::new("the file sets no key, and may have been truncated")
        .help("restore it, or remove it if it is a drop-in")
}

fn unknown_key(key: &str, header: &str) -> Problem {
    Problem::new(format!("unknown key {} in {header}", quoted(key)))
}

pub(in crate::config) fn unknown_key_among(key: &str, header: &str, known: &[&str]) -> Problem {
    unknown_key(key, header).help(format!("known keys are {}", known.join(", ")))
}

pub(in crate::config) fn misspelled_key(key: &str, header: &str, near: &str) -> Problem {
    unknown_key(key, header).help(did_you_mean(near))
}

pub(in crate::config) fn key_of_another_section(key: &str, header: &str, other: &str) -> Problem {
    unknown_key(key, header).help(format!("it belongs to {other}"))
}

/// Every key after the header of a rule belongs to the rule.
pub(in crate::config) fn policy_key_in_rule(key: &str, header: &str) -> Problem {
    unknown_key(key, header).help("it belongs to [policy], above the first [[policy.rule]]")
}

pub(in crate::config) fn rule_header(key: &str, header: &str) -> Problem {
    unknown_key(key, header).help("write [[policy.rule]]")
}

pub(in crate::config) fn no_mode_in_policy() -> Problem {
    Problem::new("[policy] has no mode").help(MODES)
}

pub(in crate::config) fn no_mode_in_rule() -> Problem {
    Problem::new("the rule has no mode").help(MODES)
}

const MODES: &str = "write mode = \"off\", \"optional\" or \"required\"";

pub(in crate::config) fn not_set(key: &str) -> Problem {
    Problem::new(format!("{key} is not set and has no default"))
}

pub(in crate::config) fn needs_required(key: &str) -> Problem {
    Problem::new(format!(
        "{key} has no effect unless the mode is \"required\""
    ))
    .help("remove it, or change the mode")
}

/// A section in a published policy.
pub(in crate::config) fn section_of_host(header: &str) -> Problem {
    Problem::new(format!(
        "{header} belongs to each host, and is not published"
    ))
    .help("put it into /etc/tfa/tfad.toml of the hosts")
}

/// A store in the configuration of a member.
pub(in crate::config) fn member_without_store() -> Problem {
    Problem::new("a member of a fleet keeps no accounts")
        .help("remove kind, or role = \"member\" in [fleet]")
}

/// A key of an exemption in a rule that requires a second factor.
pub(in crate::config) fn needs_exemption(key: &str) -> Problem {
    Problem::new(format!(
        "{key} is for exemptions, and has no effect with the mode \"required\""
    ))
    .help("remove it, or change the mode; to give users time to enroll, set since and grace")
}

pub(in crate::config) fn unreachable_rule(earlier: &Source) -> Problem {
    Problem::new(format!(
        "the rule never takes effect: the rule at {earlier} comes first and matches every login \
         that this rule matches"
    ))
    .help("put the more specific rule first")
}
