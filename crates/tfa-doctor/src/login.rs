//! The time that login(1) gives.

use crate::facts::Facts;
use crate::finding::{Finding, Subject};
use crate::fleet;
use crate::messages;
use crate::sshd::ENROLLMENT_SECONDS;

const FILE: &str = "/etc/login.defs";
/// What login(1) gives if the file does not say.
const DEFAULT_SECONDS: u32 = 60;

/// Users may have to enroll in a login at the console, and login(1) ends it before.
pub(crate) fn timeout(facts: &Facts) -> Option<Finding> {
    let requires = facts.policy.as_ref().is_some_and(|policy| policy.requires);
    // The policy of a member does not tell whether users enroll there: its verifiers decide.
    let may_enroll = requires || fleet::is_member(facts);
    let login = facts.login.as_ref().filter(|_| may_enroll)?;
    let lines = login.defs.lines().zip(1..);
    // The last one counts.
    let found = lines.filter_map(|(line, number)| {
        let seconds = line.trim().strip_prefix("LOGIN_TIMEOUT")?;
        let seconds: u32 = seconds.trim().parse().ok()?;
        Some((seconds, format!("{FILE}:{number}")))
    });
    let (seconds, place) = found
        .last()
        .unwrap_or_else(|| (DEFAULT_SECONDS, FILE.to_owned()));
    (1..ENROLLMENT_SECONDS).contains(&seconds).then(|| Finding {
        kind: &messages::LOGIN_TIMEOUT,
        subject: Subject {
            place,
            detail: seconds.to_string(),
            ..Subject::default()
        },
        witness: Vec::new(),
    })
}
