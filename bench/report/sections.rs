//! The sections of the report, one for each task.

use super::grid::grid;
use super::units::{ms, ratio, thousands};
use crate::goals::Goal;
use crate::inside::fill::Filled;
use crate::inside::logins::{Size, Subject};
use crate::inside::{daemon, load, logins, module, sshd};

/// The filled stores.
pub(crate) fn filled(sizes: &[(Size, Filled)]) -> String {
    let rows: Vec<Vec<String>> = sizes
        .iter()
        .map(|(size, filled)| {
            vec![
                thousands(size.users.into()),
                format!("{:.1}", filled.took.as_secs_f64()),
                thousands(filled.bytes / 1024),
            ]
        })
        .collect();
    format!(
        "## The store\n\nFilled through the code of the daemon, with one commit for each user.\n\n{}",
        grid(&["users", "seconds to fill", "KiB"], &rows)
    )
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
        let ours = at.added(Subject::Ours);
        text += &format!(
            "\n{}\npam_tfa adds {} times the floor (bus and disk in place, {} ms),\n\
             {} times what google-authenticator adds, {} times what pam_oath adds.\n",
            grid(&[&users, "median", "p99", "added", "samples"], &rows),
            ratio(ours, at.floor()),
            at.floor().map_or(String::new(), ms),
            ratio(ours, at.added(Subject::Google)),
            ratio(ours, at.added(Subject::Oath)),
        );
    }
    text
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
        Subject::Bus => "bus: two calls",
        Subject::Peer => "two calls without the bus",
        Subject::Disk => "disk: 4 KiB in place",
        Subject::DiskAppend => "disk: 4 KiB appended",
    }
}

/// Concurrent logins.
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
                format!("{:.1}", times.p99 / times.median),
                each(level.daemon_time),
                each(level.bus_time),
                each(level.clients_time),
            ]
        })
        .collect();
    let head = [
        "clients",
        "logins/s",
        "x disk",
        "p50 ms",
        "p99 ms",
        "p99/p50",
        "tfad us",
        "bus us",
        "client us",
    ];
    let alone: Vec<Vec<String>> = measured
        .levels
        .iter()
        .map(|level| {
            let store = level.store.times.summary();
            let stub = level.stub.times.summary();
            vec![
                level.clients.to_string(),
                format!("{:.0}", level.stub.per_second()),
                ms(stub.median),
                ms(stub.p99),
                format!("{:.0}", level.store.per_second()),
                format!("{:.2}", level.store.per_second() / disk),
                ms(store.median),
                ms(store.p99),
            ]
        })
        .collect();
    let head_alone = [
        "clients", "bus /s", "p50 ms", "p99 ms", "store /s", "x disk", "p50 ms", "p99 ms",
    ];
    format!(
        "## Concurrent logins\n\n\
         Each login is a connection, a code and a durable commit. One thread alone\n\
         writes and synchronizes {disk:.0} times per second (\"disk\"). The last columns are\n\
         the processor time of a login in microseconds: daemon, bus, clients.\n\n\
         {}\n\
         The bus alone (a service with fixed answers) and the store alone:\n\n{}\n\
         After the load the daemon had {} KiB resident and {} threads.\n",
        grid(&head, &rows),
        grid(&head_alone, &alone),
        thousands(measured.resident),
        measured.threads
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

/// The goals.
pub(crate) fn goals(goals: &[Goal]) -> String {
    let rows: Vec<Vec<String>> = goals
        .iter()
        .map(|goal| {
            vec![
                goal.name.clone(),
                format!("{:.2}", goal.figure),
                goal.goal.clone(),
                if goal.met { "met" } else { "NOT MET" }.to_owned(),
            ]
        })
        .collect();
    let missed = goals.iter().filter(|goal| !goal.met).count();
    format!(
        "## Goals\n\n{}\n{}\n",
        grid(&["", "figure", "goal", ""], &rows),
        match missed {
            0 => format!("All {} goals are met.", goals.len()),
            _ => format!("{missed} of {} goals are not met.", goals.len()),
        }
    )
}
