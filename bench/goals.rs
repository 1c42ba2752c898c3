//! The goals. Where possible, they are ratios within one run.

mod fleet;

use serde::Serialize;

use crate::figures::Figures;
use crate::inside::at_once::Stack;
use crate::inside::logins::{Measured, Subject};
use crate::results::{OneHost, Results};

/// The slowest disk on which goals of time are judged: the median of a durable write in nanoseconds.
/// The slower it is, the less a ratio says about the programs: README.md, "The disk".
const MAX_DISK: f64 = 300_000.0;

/// A goal, with the measured figure.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Goal {
    pub(crate) name: String,
    pub(crate) figure: f64,
    /// The limit, with its comparison.
    pub(crate) goal: String,
    /// For goals of time: the median of a durable write beside the figure, in nanoseconds.
    pub(crate) disk: Option<f64>,
    pub(crate) verdict: Verdict,
}

/// Whether a goal is met.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Met,
    NotMet,
    /// Why the figure is not compared.
    NotJudged(String),
}

/// A limit of a figure.
#[derive(Clone, Copy)]
enum Limit {
    AtMost(f64),
    Below(f64),
    AtLeast(f64),
}

impl Limit {
    /// A figure that is not a number is not within any limit.
    fn allows(self, figure: f64) -> bool {
        match self {
            Self::AtMost(limit) => figure <= limit,
            Self::Below(limit) => figure < limit,
            Self::AtLeast(limit) => figure >= limit,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(limit) => format!("<= {limit}"),
            Self::Below(limit) => format!("< {limit}"),
            Self::AtLeast(limit) => format!(">= {limit}"),
        }
    }
}

struct Goals {
    is_quiet: bool,
    goals: Vec<Goal>,
}

impl Goals {
    /// A goal that holds on every host.
    fn always(&mut self, name: impl Into<String>, figure: f64, limit: Limit) {
        let verdict = if limit.allows(figure) {
            Verdict::Met
        } else {
            Verdict::NotMet
        };
        self.goals.push(Goal {
            name: name.into(),
            figure,
            goal: limit.text(),
            disk: None,
            verdict,
        });
    }

    /// A goal of time, beside the time of the disk. A figure that was not measured is left out.
    fn time(&mut self, name: impl Into<String>, figure: Option<f64>, limit: Limit, disk: f64) {
        let Some(figure) = figure else {
            return;
        };
        self.always(name, figure, limit);
        if let Some(goal) = self.goals.last_mut() {
            goal.disk = Some(disk);
            if !self.is_quiet {
                goal.verdict = Verdict::NotJudged("noisy".to_owned());
            } else if disk > MAX_DISK {
                goal.verdict = Verdict::NotJudged(format!("disk {:.2} ms", disk / 1e6));
            }
        }
    }
}

/// Compares a run and the recorded counts with the goals. A goal without a figure is left out.
pub(crate) fn evaluate(results: &Results) -> Vec<Goal> {
    let mut goals = Goals {
        is_quiet: results.noise.is_quiet(),
        goals: Vec::new(),
    };
    if let Some(one_host) = &results.one_host {
        one_login(one_host, &mut goals);
        at_once(one_host, &mut goals);
        daemon(one_host, &mut goals);
        administration(one_host, &mut goals);
    }
    fleet::evaluate(&results.fleet, &mut goals);
    if let Some(counts) = &results.counts {
        recorded(counts, &mut goals);
    }
    goals.goals
}

fn one_login(results: &OneHost, goals: &mut Goals) {
    let ratio = |one: Option<f64>, other: Option<f64>| Some(one? / other?);
    for at in &results.logins {
        let (users, disk) = (at.users, at.disk().unwrap_or(f64::NAN));
        let ours = at.added(Subject::Ours);
        let name = |other| format!("added time / {other}, {users} users");
        let floor = ratio(ours, at.floor());
        goals.time(name("the floor"), floor, Limit::AtMost(2.0), disk);
        let google_limit = match users {
            10 => Some(0.9),
            1000 => Some(0.7),
            _ => None,
        };
        if let Some(limit) = google_limit {
            let google = ratio(ours, at.added(Subject::Google));
            goals.time(
                name("google-authenticator's"),
                google,
                Limit::AtMost(limit),
                disk,
            );
        }
        let oath = ratio(ours, at.added(Subject::Oath));
        goals.time(name("pam_oath's"), oath, Limit::Below(1.0), disk);
        let both = ratio(at.added(Subject::OursBothPhases), ours);
        let name = format!("both phases / the auth phase, {users} users");
        goals.time(name, both, Limit::AtMost(1.15), disk);
    }
    let at = |users: u32| results.logins.iter().find(|at| at.users == users);
    if let (Some(few), Some(many)) = (at(10), at(1_000_000)) {
        let figure = ratio(many.added(Subject::Ours), few.added(Subject::Ours));
        let disk = few
            .disk()
            .unwrap_or(f64::NAN)
            .max(many.disk().unwrap_or(f64::NAN));
        goals.time(
            "added time, 1000000 / 10 users",
            figure,
            Limit::AtMost(1.1),
            disk,
        );
    }
}

fn at_once(results: &OneHost, goals: &mut Goals) {
    let measured = &results.at_once;
    let disk = measured.disk.times.median();
    let of = |stack: Stack| {
        let mut levels = measured.levels.iter();
        levels.find(|level| level.clients == 64 && level.stack == stack)
    };
    let Some(ours) = of(Stack::Ours) else {
        return;
    };
    for (stack, name) in [
        (Stack::Google, "google-authenticator's"),
        (Stack::Oath, "pam_oath's"),
    ] {
        let figure = of(stack).map(|peer| ours.logins.per_second() / peer.logins.per_second());
        let name = format!("logins per second / {name}, 64 at once");
        goals.time(name, figure, Limit::AtLeast(2.0), disk);
    }
    let times = &ours.logins.times;
    let spread = times.percentile(99.0) / times.median();
    goals.time(
        "p99 / p50, 64 at once",
        Some(spread),
        Limit::AtMost(4.0),
        disk,
    );
}

fn daemon(results: &OneHost, goals: &mut Goals) {
    let disks = results.logins.iter().filter_map(Measured::disk);
    let disk = disks.fold(f64::NAN, f64::max);
    for at in &results.daemon {
        let users = at.users;
        let memory = at.started.max(at.used) as f64 / 1024.0;
        goals.always(
            format!("idle memory in MiB, {users} users"),
            memory,
            Limit::AtMost(7.5),
        );
        let wake_ups = at.wake_ups as f64;
        goals.always(
            format!("wake-ups when idle, {users} users"),
            wake_ups,
            Limit::AtMost(0.0),
        );
        let answer = Some(at.start.median() / 1e6);
        let name = format!("start to first answer in ms, {users} users");
        goals.time(name, answer, Limit::AtMost(10.0), disk);
    }
}

fn administration(results: &OneHost, goals: &mut Goals) {
    let disk = results.at_once.disk.times.median();
    for measured in &results.administration {
        let (users, command) = (measured.users, &measured.command);
        let name = |what: &str| format!("tfactl {command}, {what}, {users} users");
        let memory = measured.peak as f64 / 1024.0;
        // Argon2id needs 19 MiB for each code that it hashes.
        if !command.starts_with("import") {
            goals.always(name("daemon's MiB"), memory, Limit::AtMost(32.0));
        }
        if command == "list" {
            let first = Some(measured.first.as_secs_f64() * 1e3);
            goals.time(name("first line in ms"), first, Limit::AtMost(100.0), disk);
        }
        if command == "list" && users == 100_000 {
            let whole = Some(measured.whole.as_secs_f64());
            goals.time(name("seconds"), whole, Limit::AtMost(3.0), disk);
        }
    }
}

fn recorded(counts: &Figures, goals: &mut Goals) {
    let mut add = |name: String, count: Option<&u64>, limit| {
        if let Some(count) = count {
            goals.always(name, *count as f64, limit);
        }
    };
    let login = |who: &str| format!("{who}: one login");
    let (daemon, module) = (login("daemon"), login("module"));
    let calls = counts.system_calls.get(&daemon);
    add(
        format!("system calls, {daemon}"),
        calls,
        Limit::AtMost(22.0),
    );
    for (name, limit) in [(daemon, 220_000.0), (module, 200_000.0)] {
        let instructions = counts.instructions.get(&name);
        add(
            format!("instructions, {name}"),
            instructions,
            Limit::Below(limit),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goals(is_quiet: bool) -> Goals {
        Goals {
            is_quiet,
            goals: Vec::new(),
        }
    }

    /// The verdict on a figure of time.
    fn verdict(is_quiet: bool, figure: f64, disk: f64) -> Verdict {
        let mut goals = goals(is_quiet);
        goals.time("", Some(figure), Limit::AtMost(2.0), disk);
        goals.goals.remove(0).verdict
    }

    #[test]
    fn a_limit_allows_figures_up_to_it() {
        assert!(Limit::AtMost(1.5).allows(1.5));
        assert!(!Limit::AtMost(1.5).allows(1.51));
        assert!(!Limit::Below(1.0).allows(1.0));
        assert!(Limit::AtLeast(3.0).allows(3.0));
        assert!(!Limit::AtLeast(3.0).allows(2.9));
    }

    #[test]
    fn a_figure_that_is_not_a_number_is_within_no_limit() {
        for limit in [Limit::AtMost(1.5), Limit::Below(1.0), Limit::AtLeast(3.0)] {
            assert!(!limit.allows(f64::NAN));
        }
    }

    #[test]
    fn time_is_judged_only_on_a_quiet_host_with_a_fast_disk() {
        assert_eq!(verdict(true, 1.9, 300_000.0), Verdict::Met);
        assert_eq!(verdict(true, 2.1, 300_000.0), Verdict::NotMet);
        let slow = Verdict::NotJudged("disk 0.80 ms".to_owned());
        assert_eq!(verdict(true, 1.9, 800_000.0), slow);
        let noisy = Verdict::NotJudged("noisy".to_owned());
        assert_eq!(verdict(false, 1.9, 300_000.0), noisy);
    }

    #[test]
    fn counts_are_judged_on_every_host() {
        let mut goals = goals(false);
        let counts = Figures {
            system_calls: [("daemon: one login".to_owned(), 23)].into(),
            ..Figures::default()
        };
        recorded(&counts, &mut goals);
        assert_eq!(goals.goals[0].verdict, Verdict::NotMet);
        assert_eq!(goals.goals.len(), 1);
    }
}
