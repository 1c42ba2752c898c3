//! Faults of the daemon.

use crate::facts::{DaemonProblem, Facts};
use crate::finding::{Finding, Subject};
use crate::messages;

pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(problem) = &facts.daemon else {
        return Vec::new();
    };
    let (kind, detail) = match problem {
        DaemonProblem::Down => (&messages::DAEMON_DOWN, String::new()),
        DaemonProblem::Silent => (&messages::DAEMON_SILENT, String::new()),
        DaemonProblem::OtherVersion => (&messages::DAEMON_VERSION, messages::OTHER_VERSION.into()),
        DaemonProblem::Refuses(why) => (&messages::DAEMON_REFUSES, why.clone()),
    };
    let subject = Subject {
        detail,
        ..Subject::default()
    };
    let witness = Vec::new();
    vec![Finding {
        kind,
        subject,
        witness,
    }]
}
