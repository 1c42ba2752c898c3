//! Faults of the daemon, and of its policy as a whole.

use crate::facts::{DaemonProblem, Facts};
use crate::finding::{Finding, Subject};
use crate::messages;

pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(problem) = &facts.daemon else {
        let audits = facts.policy.as_ref().is_some_and(|policy| policy.audits);
        return audits.then(audit_mode).into_iter().collect();
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

fn audit_mode() -> Finding {
    Finding {
        kind: &messages::AUDIT_MODE,
        subject: Subject::default(),
        witness: Vec::new(),
    }
}
