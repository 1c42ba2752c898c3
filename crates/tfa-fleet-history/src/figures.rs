//! The figures of a run, as a table in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::calls::{Call, calls};
use crate::{CodeKind, Event, Op, What};

/// What was called during one kind of fault.
#[derive(Default)]
struct Row {
    faults: usize,
    calls: usize,
    answered: usize,
    times: Vec<u64>,
}

impl Row {
    fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.answered += usize::from(!call.is_unknown());
        if let Some((at, _)) = call.returned {
            self.times.push(at.saturating_sub(call.invoked));
        }
    }

    fn line(&mut self, name: &str) -> String {
        self.times.sort_unstable();
        let at = |percent: usize| {
            let place = self.times.len().saturating_sub(1) * percent / 100;
            self.times.get(place).copied().unwrap_or_default()
        };
        let share = 1000 * self.answered / self.calls.max(1);
        let (whole, tenth) = (share / 10, share % 10);
        let Self {
            faults,
            calls,
            answered,
            ..
        } = self;
        let (half, most, all) = (at(50), at(99), at(100));
        format!(
            "| {name} | {faults} | {calls} | {answered} | {whole}.{tenth} % | {half} | {most} | {all} |\n"
        )
    }
}

/// For each kind of fault, how many calls were made while it lasted, and how many had an answer that says what became
/// of them; then the outcomes.
#[must_use]
pub fn figures(events: &[Event]) -> String {
    let calls = calls(events);
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for (kind, from, to) in faults(events) {
        let row = rows.entry(kind).or_default();
        row.faults += 1;
        let during = |call: &&Call| call.invoked <= to && call.end() >= from;
        calls.iter().filter(during).for_each(|call| row.add(call));
    }
    let mut all = Row::default();
    calls.iter().for_each(|call| all.add(call));
    all.faults = rows.values().map(|row| row.faults).sum();
    let mut text =
        "| during | faults | calls | answered | share | median ms | 99 % ms | most ms |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for (kind, row) in &mut rows {
        text += &row.line(kind);
    }
    text += &all.line("the whole run");
    text += "\n| call | outcome | number |\n| --- | --- | --- |\n";
    let mut outcomes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in &calls {
        *outcomes
            .entry((name(&call.op), call.outcome_name()))
            .or_default() += 1;
    }
    for ((op, outcome), number) in outcomes {
        let _ = writeln!(text, "| {op} | {outcome} | {number} |");
    }
    text
}

/// The faults: kind, begin, end. The kind is the first word.
fn faults(events: &[Event]) -> Vec<(&str, u64, u64)> {
    let mut faults = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let What::Fault(fault) = &event.what else {
            continue;
        };
        let after = events.iter().skip(place);
        let mut ends =
            after.filter(|it| matches!(&it.what, What::Healed(healed) if healed == fault));
        let end = ends.next().map_or(u64::MAX, |end| end.at);
        let kind = fault.split(' ').next().unwrap_or_default();
        faults.push((kind, event.at, end));
    }
    faults
}

fn name(op: &Op) -> &'static str {
    match op {
        Op::Login { code: None, .. } => "login with a wrong code",
        Op::Login {
            code: Some(code), ..
        } => match code.kind {
            CodeKind::Counter => "login with a code of a counter",
            CodeKind::Time(..) => "login with a code by time",
            CodeKind::Backup => "login with a backup code",
        },
        Op::Enroll { .. } => "enrollment by an administrator",
        Op::Setup { .. } => "enrollment in a login",
        Op::Proof { .. } => "code for a move",
        Op::Move { .. } => "move",
        Op::Reset { .. } => "reset",
        Op::Unlock { .. } => "unlock",
    }
}
