//! The goals for time and memory. Where possible, they are ratios within one run.

use serde::Serialize;

use crate::inside::logins::Subject;
use crate::results::Results;
use crate::statistics::Times;

/// A goal, with the measured figure.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Goal {
    pub(crate) name: String,
    pub(crate) figure: f64,
    /// The limit, with its comparison.
    pub(crate) goal: String,
    pub(crate) met: bool,
}

impl Goal {
    fn at_most(name: impl Into<String>, figure: f64, limit: f64) -> Self {
        Self {
            name: name.into(),
            figure,
            goal: format!("<= {limit}"),
            met: figure <= limit,
        }
    }

    fn below(name: impl Into<String>, figure: f64, limit: f64) -> Self {
        Self {
            name: name.into(),
            figure,
            goal: format!("< {limit}"),
            met: figure < limit,
        }
    }

    fn at_least(name: impl Into<String>, figure: f64, limit: f64) -> Self {
        Self {
            name: name.into(),
            figure,
            goal: format!(">= {limit}"),
            met: figure >= limit,
        }
    }
}

/// Compares a run with the goals. A goal whose figure was not measured is left out.
pub(crate) fn evaluate(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for at in &results.logins {
        let Some(ours) = at.added(Subject::Ours) else {
            continue;
        };
        let users = at.users;
        if let Some(google) = at.added(Subject::Google) {
            goals.push(Goal::at_most(
                format!("added time / google-authenticator's, {users} users"),
                ours / google,
                0.5,
            ));
        }
        if let Some(oath) = at.added(Subject::Oath) {
            goals.push(Goal::below(
                format!("added time / pam_oath's, {users} users"),
                ours / oath,
                1.0,
            ));
        }
        if let Some(floor) = at.floor() {
            goals.push(Goal::at_most(
                format!("added time / the floor, {users} users"),
                ours / floor,
                1.5,
            ));
        }
    }
    let added_at = |users: u32| {
        let at = results.logins.iter().find(|at| at.users == users)?;
        at.added(Subject::Ours)
    };
    if let (Some(few), Some(many)) = (added_at(10), added_at(1_000_000)) {
        goals.push(Goal::at_most(
            "added time, 1000000 / 10 users",
            many / few,
            1.1,
        ));
    }
    let disk = results.load.disk.per_second();
    for level in &results.load.levels {
        let clients = level.clients;
        if clients == 64 {
            goals.push(Goal::at_least(
                "logins/s / rate of the disk, clients: 64",
                level.daemon.per_second() / disk,
                3.0,
            ));
        }
        let times: &Times = &level.daemon.times;
        goals.push(Goal::at_most(
            format!("p99 / p50, clients: {clients}"),
            times.percentile(99.0) / times.median(),
            5.0,
        ));
    }
    for daemon in &results.daemon {
        let users = daemon.users;
        let limit = if users < 1_000_000 { 8.0 } else { 12.0 };
        goals.push(Goal::at_most(
            format!("idle memory in MiB, {users} users"),
            daemon.started.max(daemon.used) as f64 / 1024.0,
            limit,
        ));
        goals.push(Goal::at_most(
            format!("start to first answer in ms, {users} users"),
            daemon.start.median() / 1e6,
            30.0,
        ));
        goals.push(Goal::at_most(
            format!("wake-ups when idle, {users} users"),
            daemon.wake_ups as f64,
            0.0,
        ));
    }
    if let Some(module) = results.modules.first() {
        goals.push(Goal::at_most(
            "size of the module in MiB",
            module.bytes as f64 / 1024.0 / 1024.0,
            1.0,
        ));
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_up_to_its_limit() {
        assert!(Goal::at_most("", 1.5, 1.5).met);
        assert!(!Goal::at_most("", 1.51, 1.5).met);
        assert!(!Goal::below("", 1.0, 1.0).met);
        assert!(Goal::at_least("", 3.0, 3.0).met);
        assert!(!Goal::at_least("", 2.9, 3.0).met);
    }

    #[test]
    fn a_figure_that_is_not_a_number_is_not_met() {
        assert!(!Goal::at_most("", f64::NAN, 1.5).met);
        assert!(!Goal::below("", f64::NAN, 1.0).met);
        assert!(!Goal::at_least("", f64::NAN, 3.0).met);
    }
}
