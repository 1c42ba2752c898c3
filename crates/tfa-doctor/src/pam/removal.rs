//! What would be wrong without the lines of another module, before they are removed.

use std::collections::BTreeSet;

use tfa_pam_host::Snapshot;
use tfa_pam_stack::{Call, Line, Phase};

use super::remedies::{change_for, with};
use super::trial::{Counts, Trial};
use super::{Context, faults};
use crate::edit::Edit;
use crate::facts::{Facts, PamFacts};
use crate::finding::{Finding, Severity, Subject, When};
use crate::messages;

/// A line of the module is a comment in the trial, so that the others keep their numbers. The comment has an end, or
/// the backslash of a line that continues would be its last character, and take the next line.
const REMOVED: &str = "# removed in a trial of tfactl doctor: ";
const REMOVED_END: &str = " #";
/// How many faults are mended one after the other.
const MAX_FAULTS: usize = 8;

/// The faults that would be there without the lines of a module. The first has the changes of lines that keep all of
/// them away: those to make before the lines are removed, or together with them. `others` are the findings whose
/// remedies come first.
pub(crate) fn breaks(facts: &Facts, module: &str, others: &[Finding]) -> Vec<Finding> {
    let Some(pam) = &facts.pam else {
        return Vec::new();
    };
    let context = Context::of(facts);
    let Some(without) = without_lines(pam, module) else {
        return Vec::new();
    };
    let found = faults(pam, &context);
    let trial = Trial::new(pam, &context, &found);
    let new = new_faults(&trial, &trial.host_with(without.clone()), &context);
    let mut findings: Vec<Finding> = new.iter().map(|fault| finding(fault, module)).collect();
    if let (Some(first), Some(files)) = (findings.first_mut(), mended(&trial, &context, without)) {
        let restored = restored(&pam.files, &files);
        first.subject.edits = between(&pam.files, &restored);
        first.subject.when = When::Before;
        if trial.run(restored, Severity::LockOut).is_none() {
            first.subject.edits = between(&pam.files, &cleared(&pam.files, &files));
            first.subject.when = When::AtOnce;
        }
        // Its changes mend the others too.
        findings.truncate(1);
    }
    for finding in &mut findings {
        let is_first = |other: &Finding| {
            let (edits, subject) = (&finding.subject.edits, &other.subject);
            let overlaps = |edit: &Edit| subject.edits.iter().any(|other| edit.overlaps(other));
            let is_grave = other.severity() <= Severity::LockOut || edits.is_empty();
            let is_of_file = subject.file() == finding.subject.file();
            is_grave && is_of_file || edits.iter().any(overlaps)
        };
        if others.iter().any(is_first) {
            finding.subject.edits.clear();
            finding.subject.when = When::AfterAnother;
        }
    }
    findings
}

/// The fault as one that is not there yet.
fn finding(fault: &Finding, module: &str) -> Finding {
    Finding {
        kind: &messages::MOVING_BREAKS,
        subject: Subject {
            place: fault.subject.place.clone(),
            names: vec![module.trim_end_matches(".so").to_owned()],
            detail: messages::consequence(fault),
            ..Subject::default()
        },
        witness: fault.witness.clone(),
    }
}

/// The files without the lines that call the module. None if there are no such lines.
fn without_lines(pam: &PamFacts, module: &str) -> Option<Snapshot> {
    let calls = |line: &&Line| {
        let is_call = matches!(line.call, Call::Module | Call::MissingModule);
        is_call && line.module.rsplit('/').next() == Some(module)
    };
    let services = pam.services.values().flat_map(|reading| reading.results());
    let lines = services.filter_map(Result::ok).flat_map(|service| {
        let phases = Phase::ALL.into_iter();
        phases.flat_map(|phase| &service.stack(phase).lines)
    });
    let places: BTreeSet<_> = lines.filter(calls).map(|line| &line.position).collect();
    let mut files = pam.files.clone();
    for place in &places {
        let text = files.text(&place.file)?;
        let removed = continued_lines(&text, place.line);
        let edit = Edit {
            file: place.file.to_string(),
            after: place.line.saturating_sub(1),
            added: removed.iter().map(|line| as_comment(line)).collect(),
            removed,
        };
        files = with(&files, &[edit]);
    }
    (!places.is_empty()).then_some(files)
}

/// A line, and those on which it goes on behind a backslash.
fn continued_lines(text: &str, first: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for line in text.lines().skip(first.saturating_sub(1)) {
        taken.push(line.to_owned());
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    taken
}

fn as_comment(line: &str) -> String {
    format!("{REMOVED}{line}{REMOVED_END}")
}

/// The line of a comment that [`as_comment`] made.
fn of_comment(line: &str) -> Option<&str> {
    line.strip_prefix(REMOVED)?.strip_suffix(REMOVED_END)
}

/// The faults of a changed host that let in or lock out, and that the host does not have.
fn new_faults(trial: &Trial<'_>, changed: &PamFacts, context: &Context<'_>) -> Vec<Finding> {
    let mut found = faults(changed, context);
    let counts = Counts::of(&found);
    found.retain(|fault| fault.severity() <= Severity::LockOut && trial.has_more(fault, &counts));
    found.sort_by_key(|fault| fault.severity());
    found
}

/// The files with changes that mend each new fault.
fn mended(trial: &Trial<'_>, context: &Context<'_>, mut files: Snapshot) -> Option<Snapshot> {
    for _ in 0..MAX_FAULTS {
        let changed = trial.host_with(files);
        let new = new_faults(trial, &changed, context);
        if new.is_empty() {
            // No login that passes now is lost either.
            trial.run(changed.files.clone(), Severity::LockOut)?;
            return Some(changed.files);
        }
        let (later, _) = trial.again(&changed);
        let mut changes = new
            .iter()
            .filter_map(|fault| change_for(&later, &changed, fault));
        let change = changes.next()?;
        files = with(&changed.files, &change.edits);
    }
    None
}

/// The files with the lines of the module as they were.
fn restored(old: &Snapshot, files: &Snapshot) -> Snapshot {
    map_lines(old, files, |line| Some(of_comment(line).unwrap_or(line)))
}

/// The files without the comments in place of these lines.
fn cleared(old: &Snapshot, files: &Snapshot) -> Snapshot {
    map_lines(old, files, |line| {
        of_comment(line).is_none().then_some(line)
    })
}

fn map_lines(old: &Snapshot, files: &Snapshot, change: impl Fn(&str) -> Option<&str>) -> Snapshot {
    let mut changed = files.clone();
    for path in changed_paths(old, files) {
        let text = files.text(&path).unwrap_or_default();
        let lines = text.lines().filter_map(&change);
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        changed = changed.with(&path, &text);
    }
    changed
}

fn between(old: &Snapshot, new: &Snapshot) -> Vec<Edit> {
    let paths = changed_paths(old, new).into_iter();
    let edits = paths.flat_map(|path| {
        let [old, new] = [old, new].map(|files| files.text(&path).unwrap_or_default());
        Edit::between(&path, &old, &new)
    });
    edits.collect()
}

fn changed_paths(old: &Snapshot, new: &Snapshot) -> BTreeSet<String> {
    let paths = new.paths().filter(|path| old.text(path) != new.text(path));
    paths.map(str::to_owned).collect()
}
