//! What mends the faults: pam-auth-update(8), or a change of lines. Each remedy is tried on the files. The
//! faults that one remedy mends have one cause, and are one finding.

use std::cell::OnceCell;
use std::collections::{BTreeSet, VecDeque};

use tfa_pam_host::Snapshot;

use super::trial::{Counts, Trial};
use super::{Context, changes};
use crate::auth_update;
use crate::edit::Edit;
use crate::facts::PamFacts;
use crate::finding::{Finding, ProfileUpdate, Severity};

/// How many changes of lines are tried for one fault.
const MAX_CHANGES: usize = 24;

/// A change of lines that was tried, and what it leaves.
pub(super) struct Change {
    pub(super) edits: Vec<Edit>,
    left: Counts,
}

/// A finding without a remedy, with what mends it by itself once that is known.
struct Open {
    finding: Finding,
    change: OnceCell<Option<Change>>,
}

/// The findings with their remedies, those with one cause as one.
pub(super) fn settle(
    pam: &PamFacts,
    context: &Context<'_>,
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    if findings.is_empty() {
        return findings;
    }
    findings.sort_by_key(Finding::severity);
    let trial = Trial::new(pam, context, &findings);
    let update = auth_update::simulate(&pam.files);
    let update = update.and_then(|(files, update)| {
        let left = trial.run(files, Severity::Advice)?;
        Some((update, left))
    });
    let gentle = update.as_ref().filter(|(update, _)| !update.needs_force);
    let mut settled = Vec::new();
    if let Some((update, left)) = gentle {
        settled.extend(merge_update(&trial, &mut findings, update, left));
    }
    let (by_lines, mut by_hand) = change_lines(&trial, pam, findings);
    settled.extend(by_lines);
    if let Some((update, left)) = update.as_ref().filter(|(update, _)| update.needs_force) {
        settled.extend(merge_update(&trial, &mut by_hand, update, left));
    }
    settled.extend(by_hand);
    settled
}

/// The findings that changes of lines mend, with the changes, and the others. Each change starts from the files as
/// they are, so two of them are never about the same line: such faults are mended together, or the later one has no
/// change.
fn change_lines(
    trial: &Trial<'_>,
    pam: &PamFacts,
    findings: Vec<Finding>,
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut settled, mut by_hand): (Vec<Finding>, Vec<Finding>) = (Vec::new(), Vec::new());
    let mut open: VecDeque<Open> = findings.into_iter().map(Open::from).collect();
    while let Some(next) = open.pop_front() {
        next.change(trial, pam);
        let Open {
            mut finding,
            change,
        } = next;
        let changed = || settled.iter().flat_map(|finding| &finding.subject.edits);
        let change = change.into_inner().flatten();
        let Some(mut change) = change.filter(|change| !overlap(&change.edits, changed())) else {
            by_hand.push(finding);
            continue;
        };
        for other in &open {
            let is_open = !trial.has_mended_all(&other.finding, &change.left);
            let is_near = is_open && other.is_near(&change, trial, pam);
            let both = is_near.then(|| together(trial, pam, &change, [&finding, &other.finding]));
            let both = both.flatten();
            change = both
                .filter(|both| !overlap(&both.edits, changed()))
                .unwrap_or(change);
        }
        open.retain(|Open { finding: other, .. }| {
            let is_mended = trial.has_mended_all(other, &change.left);
            if is_mended {
                let subject = &mut finding.subject;
                subject.add_also(other.kind.id, &other.subject.names);
            }
            !is_mended
        });
        finding.subject.edits = change.edits;
        settled.push(finding);
    }
    (settled, by_hand)
}

impl From<Finding> for Open {
    fn from(finding: Finding) -> Self {
        Self {
            finding,
            change: OnceCell::new(),
        }
    }
}

impl Open {
    /// Whether it is about a line of a change, or its own change is.
    fn is_near(&self, change: &Change, trial: &Trial<'_>, pam: &PamFacts) -> bool {
        let line = self.finding.subject.line();
        let is_there = |edit: &Edit| {
            let lines = edit.after + 1..edit.after + 1 + edit.removed.len();
            line.is_some_and(|(file, line)| file == edit.file && lines.contains(&line))
        };
        let own = || self.change(trial, pam);
        change.edits.iter().any(is_there)
            || own().is_some_and(|own| overlap(&own.edits, &change.edits))
    }

    fn change(&self, trial: &Trial<'_>, pam: &PamFacts) -> Option<&Change> {
        let change = self
            .change
            .get_or_init(|| change_for(trial, pam, &self.finding));
        change.as_ref()
    }
}

fn overlap<'a>(edits: &[Edit], others: impl IntoIterator<Item = &'a Edit>) -> bool {
    let mut others = others.into_iter();
    others.any(|other| edits.iter().any(|edit| edit.overlaps(other)))
}

/// A change of lines that mends a second fault too: first as before, and then what mends that one there.
fn together(
    trial: &Trial<'_>,
    pam: &PamFacts,
    first: &Change,
    faults: [&Finding; 2],
) -> Option<Change> {
    let changed = trial.host_with(with(&pam.files, &first.edits));
    let (later, found) = trial.again(&changed);
    let [_, other] = faults;
    let is_other = |found: &&Finding| {
        let mut names = found.subject.names.iter();
        found.kind.id == other.kind.id && names.all(|name| other.subject.names.contains(name))
    };
    let second = change_for(&later, &changed, found.iter().find(is_other)?)?;
    let files = with(&changed.files, &second.edits);
    let edits = first.edits.iter().chain(&second.edits);
    let paths: BTreeSet<&str> = edits.map(|edit| edit.file.as_str()).collect();
    let edits = paths.into_iter().flat_map(|path| {
        let [old, new] = [&pam.files, &files].map(|files| files.text(path).unwrap_or_default());
        Edit::between(path, &old, &new)
    });
    let edits = edits.collect();
    // A hole is not mended by a lock-out.
    let severities = faults.map(|fault| fault.severity()).into_iter();
    let gravest = severities.fold(Severity::LockOut, Severity::max);
    let left = trial.run(files, gravest)?;
    let has_mended = faults.iter().all(|fault| trial.has_mended(fault, &left));
    has_mended.then_some(Change { edits, left })
}

/// The first change of lines that mends a fault, and what it leaves: no new fault, or at least none as bad.
pub(super) fn change_for(trial: &Trial<'_>, pam: &PamFacts, finding: &Finding) -> Option<Change> {
    let mut changes = changes::of(finding, pam);
    changes.truncate(MAX_CHANGES);
    // A hole is not mended by a lock-out.
    let gravest = finding.severity().max(Severity::LockOut);
    let severities = [Severity::Advice, gravest].into_iter();
    let mut tried = severities.flat_map(|severity| {
        changes.iter().filter_map(move |edits| {
            let left = trial.run(with(&pam.files, edits), severity)?;
            let edits = Edit::join(edits.clone());
            let change = Change { edits, left };
            trial.has_mended(finding, &change.left).then_some(change)
        })
    });
    tried.next()
}

/// The files with changes of lines.
pub(super) fn with(files: &Snapshot, edits: &[Edit]) -> Snapshot {
    let mut changed = files.clone();
    let mut paths: Vec<&str> = edits.iter().map(|edit| edit.file.as_str()).collect();
    paths.dedup();
    for path in paths {
        let text = files.text(path).unwrap_or_default();
        changed = changed.with(path, &Edit::apply(edits, path, &text));
    }
    changed
}

/// Takes the findings that pam-auth-update(8) mends, and makes one of them.
fn merge_update(
    trial: &Trial<'_>,
    findings: &mut Vec<Finding>,
    update: &ProfileUpdate,
    left: &Counts,
) -> Option<Finding> {
    let first = findings
        .iter()
        .position(|finding| trial.has_mended_all(finding, left))?;
    let mut finding = findings.remove(first);
    finding.subject.update = Some(update.clone());
    merge(trial, &mut finding, findings, left);
    Some(finding)
}

/// Moves the findings that the remedy of another mends as well into it.
fn merge(trial: &Trial<'_>, into: &mut Finding, findings: &mut Vec<Finding>, left: &Counts) {
    findings.retain(|finding| {
        let is_mended = trial.has_mended_all(finding, left);
        if is_mended {
            into.subject
                .add_also(finding.kind.id, &finding.subject.names);
        }
        !is_mended
    });
}
