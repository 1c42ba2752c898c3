//! What must hold in a history, whatever went wrong in it.
//!
//! A call takes effect at one moment between its begin and its end; one whose outcome is unknown, at one moment after
//! its begin, or never.

use std::collections::BTreeMap;

use crate::calls::{Call, calls};
use crate::locks::locks_hold;
use crate::{Code, Event, Op, Outcome};
use crate::{codes, keys, quorum};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// The calls.
    pub calls: Vec<Call>,
}

impl Violation {
    pub(crate) fn of(rule: &'static str, calls: &[&Call]) -> Self {
        Self {
            rule,
            calls: calls.iter().copied().cloned().collect(),
        }
    }
}

/// All that must not be in a history.
#[must_use]
pub fn check(events: &[Event]) -> Vec<Violation> {
    let calls = calls(events);
    let mut of_users: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &calls {
        of_users.entry(call.op.user()).or_default().push(call);
    }
    let mut found = Vec::new();
    for calls in of_users.values() {
        let logins = calls.iter().copied();
        let logins: Vec<_> = logins
            .filter(|it| matches!(it.op, Op::Login { .. }))
            .collect();
        codes::check(events, calls, &mut found);
        keys::check(calls, &logins, &mut found);
        locks_hold(events, calls, &logins, &mut found);
    }
    quorum::check(events, &calls, &mut found);
    found
}

/// The logins that a code has let in.
pub(crate) fn let_in<'c>(logins: &[&'c Call]) -> impl Iterator<Item = (&'c Call, Code)> {
    let let_in = logins
        .iter()
        .filter(|it| it.outcome() == Some(&Outcome::Let));
    let let_in = let_in.filter_map(|it| Some((*it, it.op.code()?)));
    let let_in: Vec<_> = let_in.collect();
    let_in.into_iter()
}
