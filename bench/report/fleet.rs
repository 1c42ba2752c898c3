//! The section of a fleet.

use super::grid::grid;
use super::units::{ms, thousands};
use crate::fleet::fill::Filled;
use crate::fleet::load::{Level, Logins};
use crate::fleet::logins::{self, Subject};
use crate::fleet::{Measured, crowd, lost};

pub(super) fn section(measured: &Measured) -> String {
    let Measured {
        filled,
        logins,
        load,
        crowd,
        lost,
    } = measured;
    let logins: Vec<String> = logins.iter().map(one_login).collect();
    [
        "## A fleet\n\nAll machines share the processors of this host.\n".to_owned(),
        store(filled),
        format!(
            "Milliseconds of a login at the socket of the daemon, without PAM.\n\n{}",
            logins.join("\n")
        ),
        at_once(load),
        processors(load),
        many_members(crowd),
        lost_verifier(lost),
    ]
    .join("\n")
}

fn store(filled: &[Filled]) -> String {
    let rows: Vec<Vec<String>> = filled
        .iter()
        .map(|filled| {
            vec![
                thousands(filled.accounts.into()),
                format!("{:.0}", f64::from(filled.added) / filled.took.as_secs_f64()),
                thousands(filled.bytes >> 20),
                thousands(filled.resident >> 10),
            ]
        })
        .collect();
    grid(
        &[
            "accounts in etcd",
            "added/s",
            "database MiB",
            "etcd's memory MiB",
        ],
        &rows,
    )
}

fn one_login(at: &logins::Measured) -> String {
    let floor = at.floor();
    let row = |name: &str, times: [f64; 2], count: String| {
        let ratio = format!("{:.2}", times[0] / floor);
        vec![name.to_owned(), ms(times[0]), ms(times[1]), ratio, count]
    };
    let mut rows: Vec<Vec<String>> = at
        .times
        .iter()
        .map(|(subject, times)| {
            let summary = times.summary();
            let count = summary.count.to_string();
            row(label(*subject), [summary.median, summary.p99], count)
        })
        .collect();
    rows.push(vec![
        "the floor: round trip and put".to_owned(),
        ms(floor),
        String::new(),
        "1.00".to_owned(),
        String::new(),
    ]);
    let accounts = format!("{} accounts in etcd", thousands(at.accounts.into()));
    grid(&[&accounts, "median", "p99", "/ floor", "samples"], &rows)
}

/// The name of a subject.
fn label(subject: Subject) -> &'static str {
    match subject {
        Subject::Etcd => "member, verifier, etcd",
        Subject::Database => "member, verifier, its database",
        Subject::Alone => "one host, its database",
        Subject::RoundTrip => "one round trip over TLS",
        Subject::Put => "one put of etcd",
        Subject::Disk => "disk: 4 KiB in place",
    }
}

fn at_once(levels: &[Level]) -> String {
    let mut rows = Vec::new();
    for level in levels {
        let puts = level.puts.per_second();
        let mut add = |name: &str, rate: &crate::statistics::Rate| {
            let times = rate.times.summary();
            rows.push(vec![
                format!("{} at once, {name}", level.clients),
                format!("{:.0}", rate.per_second()),
                format!("{:.2}", rate.per_second() / puts),
                ms(times.median),
                ms(times.p99),
                times.count.to_string(),
            ]);
        };
        add("1 verifier", &level.one.rate);
        add("3 verifiers", &level.three.rate);
        add("puts of etcd alone", &level.puts);
    }
    let head = ["", "per second", "/ puts", "p50 ms", "p99 ms", "samples"];
    format!("Logins at once, at two members.\n\n{}", grid(&head, &rows))
}

fn processors(levels: &[Level]) -> String {
    let Some(most) = levels.last() else {
        return String::new();
    };
    let each = |logins: &Logins| {
        let count = logins.rate.times.count().max(1) as f64;
        let parts = logins.time.parts();
        parts.map(|(_, time)| time.as_secs_f64() * 1e6 / count)
    };
    let (one, three) = (each(&most.one), each(&most.three));
    let names = most.one.time.parts().map(|(name, _)| name);
    let mut rows: Vec<Vec<String>> = names
        .iter()
        .zip(one.iter().zip(three))
        .map(|(name, (one, three))| {
            vec![
                (*name).to_owned(),
                format!("{one:.0}"),
                format!("{three:.0}"),
            ]
        })
        .collect();
    rows.push(vec![
        "sum".to_owned(),
        format!("{:.0}", one.iter().sum::<f64>()),
        format!("{:.0}", three.iter().sum::<f64>()),
    ]);
    format!(
        "Processor time of one login in microseconds, {} at once.\n\n{}",
        most.clients,
        grid(&["", "1 verifier", "3 verifiers"], &rows)
    )
}

fn many_members(measured: &crowd::Measured) -> String {
    let [before, with] = measured.resident;
    let members = f64::from(measured.members.max(1));
    let [login_before, login_with] = [0, 1].map(|at| measured.logins[at].summary());
    let seconds = measured.took.as_secs_f64();
    let rows = [
        [
            "connected and greeted, per second".to_owned(),
            format!("{:.0}", members / seconds),
        ],
        ["KiB of tfa-fleet before".to_owned(), thousands(before)],
        ["KiB of tfa-fleet with them".to_owned(), thousands(with)],
        [
            "KiB for one member".to_owned(),
            format!("{:.1}", with.saturating_sub(before) as f64 / members),
        ],
        [
            "KiB that its unit allows".to_owned(),
            thousands(measured.allowed),
        ],
        [
            "processors while they are silent".to_owned(),
            format!("{:.3}", measured.silent),
        ],
        [
            "open files that the unit allows".to_owned(),
            thousands(measured.files),
        ],
        [
            "login before, median ms".to_owned(),
            ms(login_before.median),
        ],
        [
            "login with them, median ms".to_owned(),
            ms(login_with.median),
        ],
        ["login with them, p99 ms".to_owned(), ms(login_with.p99)],
    ];
    let head = format!(
        "{} members on one verifier",
        thousands(measured.members.into())
    );
    grid(&[&head, ""], &rows.map(Vec::from))
}

fn lost_verifier(measured: &lost::Measured) -> String {
    let rows = [
        ("killed", &measured.killed),
        ("stopped, without an error", &measured.stopped),
    ]
    .map(|(name, times)| {
        vec![
            name.to_owned(),
            ms(times.median()),
            ms(times.percentile(100.0)),
            times.count().to_string(),
        ]
    });
    let head = [
        "one of three verifiers is",
        "median ms",
        "longest ms",
        "answers",
    ];
    format!(
        "Answers to questions of logins that have begun before the loss of a verifier.\n\n{}",
        grid(&head, &rows)
    )
}
