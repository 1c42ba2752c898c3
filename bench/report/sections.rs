//! The sections of the report, one for each task.

use std::time::Duration;

use super::grid::grid;
use super::units::{ms, ratio, thousands};
use crate::goals::{Goal, Verdict};
use crate::inside::fill::Filled;
use crate::inside::logins::Subject;
use crate::inside::{administration, at_once, daemon, load, logins, module, sshd};

/// The filled stores.
pub(crate) fn filled(sizes: &[(u32, Filled)]) -> String {
    let rows: Vec<Vec<String>> = sizes
        .iter()
        .map(|(users, filled)| {
            let mut row = vec![
                thousands((*users).into()),
                seconds(filled.took),
                thousands(filled.bytes / 1024),
            ];
            row.extend(filled.upkeep.iter().flat_map(|upkeep| {
                [
                    seconds(upkeep.backup),
                    thousands(upkeep.bytes / 1024),
                    seconds(upkeep.restoration),
                    seconds(upkeep.rotation),
                ]
            }));
            row
        })
        .collect();
    format!(
        "## The store\n\nFilled through the code of the daemon, with one commit for each user. \
         Seconds to fill it, to back it up, to restore the backup, and to rotate the key.\n\n{}",
        grid(
            &["users", "fill", "KiB", "backup", "KiB", "restore", "rotate"],
            &rows
        )
    )
}

fn seconds(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64())
}

/// Logins one after the other.
pub(crate) fn logins(measured: &[logins::Measured]) -> String {
    let mut text = "## One login\n\n\
         Milliseconds of a whole PAM transaction in a new process. \"Added\" is the\n\
         median minus the median of the stack without a question.\n"
        .to_owned();
    for at in measured {
        let rows: Vec<Vec<String>> = at
            .times
            .iter()
            .map(|(subject, times)| {
                let added = match subject {
                    Subject::Ours | Subject::OursBothPhases | Subject::Google | Subject::Oath => {
                        at.added(*subject).map_or(String::new(), ms)
                    }
                    _ => String::new(),
                };
                let summary = times.summary();
                vec![
                    label(*subject).to_owned(),
                    ms(summary.median),
                    ms(summary.p99),
                    added,
                    summary.count.to_string(),
                ]
            })
            .collect();
        let users = format!("{} users", thousands(at.users.into()));
        text += &format!(
            "\n{}\n{}",
            grid(&[&users, "median", "p99", "added", "samples"], &rows),
            ratios(at)
        );
    }
    text
}

/// The time that pam_tfa adds, divided by other times. The ratios depend on the time of the disk.
fn ratios(at: &logins::Measured) -> String {
    let ours = at.added(Subject::Ours);
    let disk = at.disk().map_or(String::new(), ms);
    let rows: Vec<Vec<String>> = [
        ("the floor: two calls and the disk", at.floor()),
        ("two calls over the bus and the disk", at.bus_floor()),
        ("what google-authenticator adds", at.added(Subject::Google)),
        ("what pam_oath adds", at.added(Subject::Oath)),
    ]
    .into_iter()
    .filter_map(|(name, other)| {
        let other = other?;
        let ratio = ratio(ours, Some(other));
        Some(vec![name.to_owned(), ms(other), ratio, disk.clone()])
    })
    .collect();
    grid(
        &["what pam_tfa adds, divided by", "ms", "ratio", "disk ms"],
        &rows,
    )
}

/// The name of a subject.
pub(crate) fn label(subject: Subject) -> &'static str {
    match subject {
        Subject::Empty => "no question",
        Subject::Ours => "pam_tfa",
        Subject::OursBothPhases => "pam_tfa, both phases",
        Subject::OursWithoutPam => "tfad without PAM, from C",
        Subject::Google => "google-authenticator",
        Subject::Oath => "pam_oath",
        Subject::Peer => "two calls, peer to peer",
        Subject::Bus => "two calls over the bus",
        Subject::Disk => "disk: 4 KiB in place",
    }
}

/// Concurrent logins through PAM.
pub(crate) fn at_once(measured: &at_once::Measured) -> String {
    let disk = ms(measured.disk.times.median());
    let ours_at = |clients: u32| {
        let mut levels = measured.levels.iter();
        levels.find(|level| level.clients == clients && level.stack == at_once::Stack::Ours)
    };
    let rows: Vec<Vec<String>> = measured
        .levels
        .iter()
        .map(|level| {
            let times = level.logins.times.summary();
            let ours = ours_at(level.clients).map(|ours| ours.logins.per_second());
            vec![
                format!("{} at once, {}", level.clients, stack(level.stack)),
                format!("{:.0}", level.logins.per_second()),
                ms(times.median),
                ms(times.p99),
                format!("{:.1}", times.p99 / times.median),
                ratio(ours, Some(level.logins.per_second())),
                disk.clone(),
                times.count.to_string(),
            ]
        })
        .collect();
    let head = [
        "",
        "logins/s",
        "p50 ms",
        "p99 ms",
        "p99/p50",
        "pam_tfa's rate / this",
        "disk ms",
        "logins",
    ];
    format!(
        "## Concurrent logins\n\n\
         Each client is a process that makes whole PAM transactions without a pause,\n\
         with {} users in each store. pam_oath has a file for each user.\n\n{}",
        thousands(at_once::USERS.into()),
        grid(&head, &rows)
    )
}

/// The name of a stack.
pub(crate) fn stack(stack: at_once::Stack) -> &'static str {
    match stack {
        at_once::Stack::Ours => label(Subject::Ours),
        at_once::Stack::Google => label(Subject::Google),
        at_once::Stack::Oath => label(Subject::Oath),
    }
}

/// Concurrent logins without PAM.
pub(crate) fn load(measured: &load::Measured) -> String {
    let disk = measured.disk.per_second();
    let rows: Vec<Vec<String>> = measured
        .levels
        .iter()
        .map(|level| {
            let times = level.daemon.times.summary();
            let each = |time: std::time::Duration| {
                format!("{:.0}", time.as_secs_f64() * 1e6 / times.count as f64)
            };
            vec![
                level.clients.to_string(),
                format!("{:.0}", level.daemon.per_second()),
                format!("{:.2}", level.daemon.per_second() / disk),
                ms(times.median),
                ms(times.p99),
                each(level.daemon_time),
                each(level.clients_time),
                format!("{:.0}", level.store.per_second()),
                format!("{:.2}", level.store.per_second() / disk),
                ms(measured.disk.times.median()),
            ]
        })
        .collect();
    let head = [
        "clients",
        "logins/s",
        "x disk",
        "p50 ms",
        "p99 ms",
        "tfad us",
        "client us",
        "store alone /s",
        "x disk",
        "disk ms",
    ];
    let after = [
        vec!["KiB resident".to_owned(), thousands(measured.resident)],
        vec!["threads".to_owned(), measured.threads.to_string()],
    ];
    format!(
        "## Concurrent logins without PAM\n\n\
         Each login is a connection, a code and a durable commit. \"x disk\" is the\n\
         rate divided by that of one thread which writes and synchronizes without a\n\
         pause. The columns in us are the processor time of a login.\n\n\
         {}\n{}",
        grid(&head, &rows),
        grid(&["the daemon after it", ""], &after),
    )
}

/// Logins through sshd.
pub(crate) fn sshd(measured: &[sshd::Measured], at_once: u32) -> String {
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|stack| {
            let name = match stack.stack {
                sshd::Stack::Password => "password alone",
                sshd::Stack::Ours => "password and pam_tfa",
                sshd::Stack::Google => "password and google-authenticator",
            };
            let median = stack.times.median() / 1e9;
            vec![
                name.to_owned(),
                format!("{median:.2}"),
                format!("{:.1}", median * 1e3 / f64::from(at_once)),
                stack.times.count().to_string(),
            ]
        })
        .collect();
    format!(
        "## {at_once} concurrent logins through sshd\n\nThe time to the end of the last login.\n\n{}",
        grid(&["", "seconds", "ms per login", "rounds"], &rows)
    )
}

/// The daemon.
pub(crate) fn daemon(measured: &[daemon::Measured]) -> String {
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|at| {
            vec![
                thousands(at.users.into()),
                ms(at.start.median()),
                ms(at.activation.median()),
                thousands(at.started),
                thousands(at.used),
                at.loaded.map_or("-".to_owned(), thousands),
                at.threads.to_string(),
                at.wake_ups.to_string(),
            ]
        })
        .collect();
    let quiet = measured.first().map_or(0, |at| at.quiet.as_secs());
    let head = [
        "users",
        "answer",
        "activated",
        "started",
        "used",
        "loaded",
        "threads",
        "wake-ups",
    ];
    format!(
        "## The daemon\n\n\
         Milliseconds from the start to the first answer, and of a login that starts\n\
         the daemon. KiB of resident memory after the start, ten logins, and a load.\n\
         Threads, and wake-ups in {quiet} s without logins.\n\n{}",
        grid(&head, &rows)
    )
}

/// The modules.
pub(crate) fn modules(measured: &[module::Measured], cycles: u32) -> String {
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|module| {
            let (before, after) = (module.before, module.after);
            let more =
                |before: u64, after: u64| format!("{:+}", i128::from(after) - i128::from(before));
            vec![
                module.name.clone(),
                thousands(module.bytes / 1024),
                format!("{:.0}", module.load.median() / 1e3),
                more(before.resident, after.resident),
                more(before.mappings, after.mappings),
            ]
        })
        .collect();
    format!(
        "## The module\n\n\
         KiB of the file, microseconds to load it into a new process, and the memory\n\
         left in a program that has loaded and unloaded it {} times.\n\n{}",
        thousands(cycles.into()),
        grid(&["", "KiB", "load", "KiB left", "mappings left"], &rows)
    )
}

/// Commands on many accounts.
pub(crate) fn administration(measured: &[administration::Measured]) -> String {
    let seconds = |time: Duration| format!("{:.3}", time.as_secs_f64());
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|command| {
            vec![
                format!(
                    "tfactl {}, {}",
                    command.command,
                    thousands(command.users.into())
                ),
                seconds(command.first),
                seconds(command.whole),
                thousands(command.lines),
                thousands(command.peak),
            ]
        })
        .collect();
    format!(
        "## Many accounts\n\n\
         Seconds to the first line of a command and to its end, and the largest\n\
         resident memory of the daemon meanwhile in KiB.\n\n{}",
        grid(&["command, users", "first", "whole", "lines", "KiB"], &rows)
    )
}

/// The goals.
pub(crate) fn goals(goals: &[Goal]) -> String {
    let rows: Vec<Vec<String>> = goals
        .iter()
        .map(|goal| {
            vec![
                goal.name.clone(),
                figure(goal.figure),
                goal.disk.map_or(String::new(), ms),
                goal.goal.clone(),
                verdict(&goal.verdict),
            ]
        })
        .collect();
    let count = |verdict: fn(&Verdict) -> bool| {
        let goals = goals.iter().filter(|goal| verdict(&goal.verdict));
        goals.count()
    };
    format!(
        "## Goals\n\n{}\n{} met, {} not met, {} not judged.\n",
        grid(&["", "figure", "disk ms", "goal", ""], &rows),
        count(|verdict| *verdict == Verdict::Met),
        count(|verdict| *verdict == Verdict::NotMet),
        count(|verdict| matches!(verdict, Verdict::NotJudged(_))),
    )
}

/// A large figure is a count, without decimals.
fn figure(figure: f64) -> String {
    if figure >= 1000.0 {
        thousands(figure.round() as u64)
    } else {
        format!("{figure:.2}")
    }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Met => "met".to_owned(),
        Verdict::NotMet => "NOT MET".to_owned(),
        Verdict::NotJudged(why) => format!("not judged: {why}"),
    }
}
